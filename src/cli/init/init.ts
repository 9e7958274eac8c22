import { GatehouseError } from '../../core/errors.ts';
import { text, type Command } from '../command.ts';
import { EXIT } from '../terminal.ts';
import { INIT_OPTIONS, INIT_SYSTEMS, readInitFlags } from './init-flags.ts';
import { INIT_SERVICES } from './init-services.ts';

export const initCommand: Command = {
  summary: 'write a first configuration and its policy tests',
  help: `
Writes gatehouse.yaml and gatehouse.test.yaml into a new directory. Both have comments, and pass "check" and "test". On a
terminal it asks for the systems that issue tokens, the services and the directory that no flag names; otherwise it never asks, and
examples take the place of missing values.
Exit code: 0 written; 1 cancelled; 2 an invalid value, or a directory that contains a file: nothing is written.

  gatehouse init
  gatehouse init --output gatehouse --gitlab https://gitlab.example.com --registry http://127.0.0.1:5000
  gatehouse init --output gatehouse --github acme --npm http://127.0.0.1:4873
  gatehouse init --output gatehouse --buildkite acme --registry http://127.0.0.1:5000`,
  options: INIT_OPTIONS,
  async run(values, terminal) {
    const flags = readInitFlags(values);
    const output = text(values, 'output');
    const { writeInitialFiles } = await import('./initial-files.ts');
    const complete =
      output !== undefined &&
      INIT_SYSTEMS.some((name) => flags[name] !== undefined) &&
      INIT_SERVICES.some(({ name }) => flags[name] !== undefined);
    if (complete || terminal.dialogStreams === undefined) {
      if (output === undefined) throw new GatehouseError('usage', '--output is required');
      return writeInitialFiles(output, flags, terminal);
    }
    const [{ createDialog }, { askForInit }] = await Promise.all([
      import('../dialog.ts'),
      import('./init-questions.ts'),
    ]);
    const dialog = createDialog(terminal.dialogStreams);
    const outcome = await askForInit(flags, output, terminal, dialog).finally(() => dialog.close());
    if (outcome.kind === 'answered') return writeInitialFiles(outcome.output, outcome.answers, terminal);
    terminal.err('\ncancelled: no file is written\n');
    return EXIT.failed;
  },
};
