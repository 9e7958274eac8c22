import { randomUUID } from 'node:crypto';
import { chmodSync, constants, copyFileSync, existsSync, renameSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { GatehouseError } from '../../core/errors.ts';
import { CONFIG_OPTION, readConfiguration } from '../configuration.ts';
import { text, type Command } from '../command.ts';
import { EXIT } from '../terminal.ts';
import { requestBackup } from './running-gateway.ts';
import { fileOperand, stateFileOf } from './state-file.ts';

export const stateBackupCommand: Command = {
  summary: 'back up the state file (SQLite), also while the gateway runs',
  help: `
Writes a consistent copy of state.sqlite.file, with all changes that were acknowledged before. A running gateway has
locked the file and makes the copy itself, on request of the admin listener; run the command on its machine or in its
container, as its user. FILE must not exist. It contains the generated signing key: whoever reads it can issue tokens.
Exit code: 0 written, 1 failed, 2 invalid usage or configuration.

  gatehouse state backup /backup/gatehouse-2027-01-31.db --config /etc/gatehouse`,
  options: {
    ...CONFIG_OPTION,
    url: {
      type: 'string',
      value: 'URL',
      help: 'URL of the admin listener. Default: server.admin.listen.',
    },
  },
  operands: 'FILE',
  async run(values, terminal, operands) {
    const target = resolve(fileOperand(operands));
    const url = text(values, 'url');
    if (url !== undefined && !URL.canParse(url)) {
      throw new GatehouseError('usage', `--url ${url} is not a URL`);
    }
    const config = await readConfiguration(values, terminal);
    const file = stateFileOf(config);
    if (existsSync(target)) throw new GatehouseError('usage', `${target} exists; choose another name`);
    const { backUpStateFile } = await import('../../app/tools.ts');
    const result = await backUpStateFile(file, target);
    switch (result.kind) {
      case 'backup':
        break;
      case 'in-use':
        take(await requestBackup(config, url), target);
        break;
      case 'missing':
        throw new GatehouseError('startup_failed', `${file} does not exist; there is no state to back up`);
      case 'unusable':
        throw new GatehouseError('startup_failed', `${file} ${result.detail}`);
      default:
        result satisfies never;
    }
    terminal.out(`${target} is a backup of ${file}. It contains the signing key.\n`);
    return EXIT.done;
  },
};

/** Moves the copy of the gateway, which may be on another file system. */
function take(made: string, target: string): void {
  const draft = `${target}.${randomUUID().slice(0, 8)}.new`;
  try {
    // Exclusive, because another user of the directory could own a file or a link with the name of the draft.
    copyFileSync(made, draft, constants.COPYFILE_EXCL);
    chmodSync(draft, 0o600);
    renameSync(draft, target);
    rmSync(made);
  } catch (cause) {
    const code = (cause as { code?: string }).code ?? 'unknown';
    const problem = `the gateway has written ${made}, which cannot be moved to ${target} (${code})`;
    throw new GatehouseError('startup_failed', `${problem}; move it as the user of the gateway`, { cause });
  } finally {
    rmSync(draft, { force: true });
  }
}
