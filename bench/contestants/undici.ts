import { resolve } from 'node:path';
import { freePort } from '../../test/support/free-port.ts';
import { startServer } from '../machine/server-process.ts';
import { TARGET, bearer, listenerUrl } from './contestant.ts';
import type { Contestant } from './contestant.ts';

const PROXY = resolve(import.meta.dirname, 'undici-proxy.ts');

/** node:http and undici alone: the floor of a gateway on Node with undici. */
export const undici: Contestant = {
  label: 'node:http + undici, plain proxy',
  verifies: false,
  missing: () => undefined,
  version: () => Promise.resolve(`node ${process.version}`),
  start: async ({ folder, cores, upstream, credentials }, tls) => {
    const port = await freePort();
    const files = tls === undefined ? [] : [tls.certFile, tls.keyFile];
    const origin = listenerUrl(port, tls);
    return startServer({
      name: 'undici',
      file: process.execPath,
      args: [PROXY, String(port), upstream, ...files],
      core: cores.server,
      cwd: folder,
      origin,
      ready: { url: origin + TARGET, ...bearer(credentials.token) },
    });
  },
};
