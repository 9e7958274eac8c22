import type { Revocation } from '../../core/credentials/revocation.ts';
import { GatehouseError } from '../../core/errors.ts';
import { counted } from '../../util/text/counted.ts';
import { CONFIG_OPTION, readConfiguration } from '../configuration.ts';
import type { Command } from '../command.ts';
import { EXIT, type Terminal } from '../terminal.ts';
import { fileOperand, stateFileOf } from './state-file.ts';

export const stateRestoreCommand: Command = {
  summary: 'replace the state file (SQLite) by a backup',
  help: `
Replaces state.sqlite.file by FILE, a backup of "gatehouse state backup". Stop the gateway first: the command refuses a
file that a gateway has locked. The previous state file is kept beside it, as *.previous.
A backup is as old as its time. The command lists the revocations in force that it does not contain, and refuses to lose
them: the revoked credentials would be accepted again. Claims of "replay: once" are as old as the backup, too.
Exit code: 0 restored, 1 refused or failed, 2 invalid usage or configuration.

  gatehouse state restore /backup/gatehouse-2027-01-31.db --config /etc/gatehouse`,
  options: {
    ...CONFIG_OPTION,
    'accept-loss': {
      type: 'boolean',
      help: 'Restore although revocations are lost, or the current state cannot be read.',
    },
  },
  operands: 'FILE',
  async run(values, terminal, operands) {
    const backup = fileOperand(operands);
    const file = stateFileOf(await readConfiguration(values, terminal));
    const { restoreState } = await import('../../app/tools.ts');
    const acceptLoss = values['accept-loss'] === true;
    const result = restoreState(file, backup, { acceptLoss, now: Date.now() });
    switch (result.kind) {
      case 'restored':
        printRestored(terminal, file, result);
        return EXIT.done;
      case 'in-use':
        throw refused(`${file} is in use by a running gateway; stop it first`);
      case 'loses':
        terminal.err(result.lost.map(revocationLine).join(''));
        throw refused(
          `${backup} does not contain ${counted(result.lost.length, 'revocation')} in force (listed above): ` +
            'the revoked credentials would be accepted again. Use a newer backup, or restore with --accept-loss ' +
            'and add the revocations again before clients can connect',
        );
      case 'not-comparable':
        throw refused(
          `${file} ${result.detail}. Its revocations cannot be compared with the backup, and later ones would be lost; ` +
            'restore with --accept-loss and add them again from other records',
        );
      case 'unusable':
        throw refused(`${backup} ${result.detail}`);
      default:
        return result satisfies never;
    }
  },
};

function refused(problem: string): GatehouseError {
  return new GatehouseError('startup_failed', problem);
}

function printRestored(
  terminal: Terminal,
  file: string,
  {
    revocations,
    backupTime,
    lost,
    previous,
  }: {
    readonly revocations: number;
    readonly backupTime: string | undefined;
    readonly lost: readonly Revocation[];
    readonly previous: string | undefined;
  },
): void {
  const made = backupTime === undefined ? '' : `, made ${backupTime}`;
  terminal.out(`${file} is restored from the backup${made}, with ${counted(revocations, 'revocation')}.\n`);
  if (previous !== undefined) terminal.out(`The previous state file is ${previous}.\n`);
  if (lost.length > 0) {
    terminal.err(lost.map(revocationLine).join(''));
    terminal.err('warning: these revocations are lost; add them again with POST /revocations\n');
  }
}

function revocationLine({ target, value, issuer, reason, created }: Revocation): string {
  const of = issuer === undefined ? '' : ` of ${issuer}`;
  return `revocation of ${target} ${JSON.stringify(value)}${of}, created ${created}: ${JSON.stringify(reason)}\n`;
}
