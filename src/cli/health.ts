import { GatehouseError } from '../core/errors.ts';
import { text, type Command } from './command.ts';
import { EXIT } from './terminal.ts';

/** Milliseconds. */
const DEADLINE = 2_000;

export const healthCommand: Command = {
  summary: 'check whether a running gateway is alive or ready',
  help: `
Sends a request to the admin listener of a running gateway, for example as a container HEALTHCHECK.
Exit code: 0 healthy, 1 unhealthy or unreachable.

  gatehouse health
  gatehouse health --ready --url http://127.0.0.1:9090`,
  options: {
    url: { type: 'string', value: 'URL', help: 'URL of the admin listener. Default: http://127.0.0.1:9090.' },
    ready: { type: 'boolean', help: 'Check readiness (/readyz) instead of liveness (/livez).' },
  },
  async run(values, terminal) {
    const base = text(values, 'url') ?? 'http://127.0.0.1:9090';
    if (!URL.canParse(base)) throw new GatehouseError('usage', `--url ${base} is not a URL`);
    const url = new URL(values['ready'] === true ? '/readyz' : '/livez', base);
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(DEADLINE), redirect: 'error' });
      terminal.out((await response.text()).trimEnd() + '\n');
      return response.ok ? EXIT.done : EXIT.failed;
    } catch {
      terminal.err(`gatehouse health: no response from ${url.href}\n`);
      return EXIT.failed;
    }
  },
};
