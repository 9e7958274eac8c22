import manifest from '../../package.json' with { type: 'json' };
import type { Command } from './command.ts';
import { EXIT } from './terminal.ts';

export const VERSION: string = manifest.version;

export const versionCommand: Command = {
  summary: 'print the version',
  help: 'Prints the version of Gatehouse and of Node.',
  options: { json: { type: 'boolean', help: 'Print JSON.' } },
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
