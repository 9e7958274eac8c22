import manifest from '../../package.json' with { type: 'json' };
import type { Command } from './command.ts';
import { EXIT } from './terminal.ts';

export const VERSION: string = manifest.version;

export const version: Command = {
  summary: 'print the version',
  help: 'Prints the version of Gatehouse and of the Node that runs it.',
  options: { json: { type: 'boolean', help: 'As JSON.' } },
  async run(values, terminal) {
    const { nodeVersion } = terminal;
    terminal.out(
      values['json'] === true
        ? `${JSON.stringify({ gatehouse: VERSION, node: nodeVersion })}\n`
        : `gatehouse ${VERSION} (node ${nodeVersion})\n`,
    );
    return EXIT.done;
  },
};
