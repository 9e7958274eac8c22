import { GatehouseError } from '../core/errors.ts';
import { text, type Command } from './command.ts';
import { EXIT } from './terminal.ts';

const DEADLINE = 2_000;

export const health: Command = {
  summary: 'ask a running gateway whether it is alive, or ready',
  help: `
Asks the admin listener of a gateway on this machine; for HEALTHCHECK and for people.
Exit code: 0 yes, 1 no.

  gatehouse health
  gatehouse health --ready --url http://127.0.0.1:9090`,
  options: {
    url: { type: 'string', value: 'URL', help: 'The admin listener. Default: http://127.0.0.1:9090.' },
    ready: { type: 'boolean', help: 'Ask whether it is ready for traffic, not only alive.' },
  },
  async run(values, terminal) {
    const base = text(values, 'url') ?? 'http://127.0.0.1:9090';
    if (!URL.canParse(base)) throw new GatehouseError('usage', `--url ${base} is no URL`);
    const url = new URL(values['ready'] === true ? '/readyz' : '/livez', base);
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(DEADLINE), redirect: 'error' });
      terminal.out((await response.text()).trimEnd() + '\n');
      return response.ok ? EXIT.done : EXIT.failed;
    } catch {
      terminal.err(`gatehouse health: ${url.href} does not answer\n`);
      return EXIT.failed;
    }
  },
};
