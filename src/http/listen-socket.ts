import { chmod, lstat, unlink } from 'node:fs/promises';
import type { Server } from 'node:http';
import { connect } from 'node:net';
import { GatehouseError } from '../core/errors.ts';
import type { SocketPath } from '../util/http/listen-address.ts';
import { BACKLOG } from './listen.ts';

/** Owner and group: the proxy runs in the group of the gateway. */
const MODE = 0o660;

/** Listens on a Unix domain socket, after the removal of one that a crashed process left. Rejects with `startup_failed`. */
export async function listenOnSocket(
  server: Pick<Server, 'once' | 'off' | 'listen'>,
  { path }: SocketPath,
  key: string,
): Promise<SocketPath> {
  try {
    if (await isAbandoned(path)) await unlink(path);
    await bind(server, path);
    await chmod(path, MODE);
    return { path };
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new GatehouseError('startup_failed', `${key}: unix:${path} ${problemOf(code)}`, { cause });
  }
}

function bind(server: Pick<Server, 'once' | 'off' | 'listen'>, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ path, backlog: BACKLOG }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** A socket on which no process listens. A file of another kind is left in place. */
async function isAbandoned(path: string): Promise<boolean> {
  const facts = await lstat(path).catch(() => undefined);
  if (facts?.isSocket() !== true) return false;
  return new Promise((resolve) => {
    const socket = connect({ path });
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'));
  });
}

function problemOf(code: string): string {
  switch (code) {
    case 'EADDRINUSE':
      return 'is in use by another process, or is a file of another kind: choose another path';
    case 'EACCES':
      return 'may not be created by this user: check the permissions of its folder';
    case 'ENOENT':
      return 'is in a folder that does not exist';
    default:
      return `cannot be listened on (${code})`;
  }
}
