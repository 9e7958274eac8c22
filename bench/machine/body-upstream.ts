import { resolve } from 'node:path';
import { freePort } from '../../test/support/free-port.ts';
import { startServer } from './server-process.ts';
import type { ServerProcess } from './server-process.ts';

const PROGRAM = resolve(import.meta.dirname, 'body-server.ts');

/** Starts the upstream of large bodies on the core of the load. */
export async function startBodyUpstream(folder: string, core: number): Promise<ServerProcess> {
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  return startServer({
    name: 'body upstream',
    file: process.execPath,
    args: [PROGRAM, String(port)],
    core,
    cwd: folder,
    origin,
    ready: { url: `${origin}/0` },
  });
}
