/** The body of a request whose client leaves before it is read, as while the modules of an endpoint are loaded. */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { readLimitedBody } from '../../../../src/util/http/limited-body.ts';
import { cleanUp } from '../../../support/clean-up.ts';
import { openSocket } from '../../../support/raw-client.ts';

const keep = cleanUp();

/** The request with this head and body, and its connection. */
async function receive(request: string) {
  const server = createServer({ optimizeEmptyRequests: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  keep({ close: () => new Promise((resolve) => server.close(resolve)) });
  const client = await openSocket((server.address() as AddressInfo).port);
  keep({ close: () => Promise.resolve(client.destroy()) });
  const received = once(server, 'request') as Promise<[IncomingMessage]>;
  client.write(request);
  const [req] = await received;
  return { req, client };
}

const POST = 'POST / HTTP/1.1\r\nHost: a\r\n';
const limits = { maxBytes: 100, deadline: 60_000 };

test('is incomplete at once, without the deadline', async () => {
  const { req, client } = await receive(`${POST}Content-Length: 10\r\n\r\nabc`);
  const closed = new Promise((resolve) => req.once('close', resolve));
  client.resetAndDestroy();
  await closed;
  expect(await readLimitedBody(req, limits)).toEqual({ kind: 'incomplete' });
});

test.each([
  ['no body', `${POST}Content-Length: 0\r\n\r\n`, ''],
  ['a whole body', `${POST}Content-Length: 3\r\n\r\nabc`, 'abc'],
])('%s is read', async (_, request, text) => {
  const { req } = await receive(request);
  expect(await readLimitedBody(req, limits)).toEqual({ kind: 'body', bytes: Buffer.from(text) });
});
