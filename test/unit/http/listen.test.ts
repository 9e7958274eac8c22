import { EventEmitter, once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { listen } from '../../../src/http/listen.ts';

const ADDRESS = { host: '127.0.0.1', port: 8080 };

/** A server on a system whose kernel refuses the socket option. */
function failingServer(code: string): Pick<Server, 'once' | 'listen' | 'address'> {
  const server = new EventEmitter();
  const refuse = (): void => void server.emit('error', Object.assign(new Error(code), { code }));
  return Object.assign(server, { listen: refuse, address: () => null }) as never;
}

function keep(server: Server): Server {
  onTestFinished(() => void server.close());
  return server;
}

describe('a system without SO_REUSEPORT', () => {
  test.each(['ENOTSUP', 'ENOPROTOOPT'])('%s names the key to remove', async (code) => {
    await expect(
      listen(failingServer(code), ADDRESS, { key: 'server.listen', reusePort: true }),
    ).rejects.toMatchObject({
      code: 'startup_failed',
      message:
        'server.listen: 127.0.0.1:8080 cannot be shared: this system has no SO_REUSEPORT; remove server.reusePort',
    });
  });

  test('the code is reported as it is if the port is not shared', async () => {
    await expect(
      listen(failingServer('ENOTSUP'), ADDRESS, { key: 'server.listen', reusePort: false }),
    ).rejects.toMatchObject({
      message: 'server.listen: 127.0.0.1:8080 cannot be listened on (ENOTSUP)',
    });
  });
});

describe('an address in use', () => {
  test.each([
    { reusePort: false, message: 'is in use by another process: stop it, or choose another port' },
    {
      reusePort: true,
      message:
        'is in use by a process without server.reusePort or of another user: stop it, or choose another port',
    },
  ])('with reusePort $reusePort', async ({ reusePort, message }) => {
    const other = keep(createServer()).listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    await expect(
      listen(keep(createServer()), { host: '127.0.0.1', port }, { key: 'server.listen', reusePort }),
    ).rejects.toMatchObject({ message: `server.listen: 127.0.0.1:${port} ${message}` });
  });

  test('servers with reusePort share it', async () => {
    const first = await listen(
      keep(createServer()),
      { host: '127.0.0.1', port: 0 },
      { key: 'server.listen', reusePort: true },
    );
    await expect(
      listen(keep(createServer()), first, { key: 'server.listen', reusePort: true }),
    ).resolves.toEqual(first);
  });
});
