/** The application log names the cause when requests to an upstream fail: one line per cause, one at the recovery. */
import { createServer as createTcpServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:https';
import { expect, test } from 'vitest';
import { createAuthority } from '../support/certificates.ts';
import { cleanUp } from '../support/clean-up.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { startHttpUpstream } from '../support/http-upstream.ts';
import { needs } from '../support/needs.ts';
import { startProcessScenario } from '../support/scenario/process.ts';

const keep = cleanUp();

async function scene(url: string, upstream = '', files: Readonly<Record<string, string>> = {}) {
  const { gateway } = await startProcessScenario({
    backends: {},
    files: () => files,
    config: () => `services:
  orders:
    type: http
    path: /orders/
    upstream: { url: "${url}/"${upstream} }
    anonymous: [{ scopes: [read_api], resources: ["**"] }]
`,
  });
  return {
    use: async () => (await fetch(`${gateway.url}/orders/x`)).status,
    said: () =>
      gateway.log().filter(({ message }) => /^(?:requests to an upstream fail|an upstream)/.test(message)),
  };
}

const failing = (upstream: string, reason: string, cause: string) => ({
  'log.level': 'warn',
  message: 'requests to an upstream fail',
  service: 'orders',
  upstream,
  reason,
  cause,
});

test('a refused connection is logged once, and so is the recovery', async () => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const { use, said } = await scene(url);
  for (let count = 0; count < 20; count += 1) expect(await use()).toBe(502);
  await eventually('it is logged', () => said().length > 0);
  expect(said()).toEqual([expect.objectContaining(failing(url, 'upstream_unreachable', 'ECONNREFUSED'))]);

  const server = createTcpServer((socket: Socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end('HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n'));
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  keep({ close: () => new Promise((resolve) => server.close(resolve)) });
  expect(await use()).toBe(204);
  expect(await use()).toBe(204);
  expect(said().slice(1)).toMatchObject([
    { 'log.level': 'info', message: 'an upstream responds again', service: 'orders', upstream: url },
  ]);
});

test('a timeout', async () => {
  const upstream = keep(await startHttpUpstream(() => undefined));
  const { use, said } = await scene(upstream.url, ', timeouts: { headers: 100ms }');
  expect(await use()).toBe(504);
  await eventually('it is logged', () => said().length > 0);
  expect(said()).toMatchObject([failing(upstream.url, 'upstream_timeout', 'headers_timeout')]);
});

needs('openssl').describe('over TLS', () => {
  const { test: tlsTest } = needs('openssl');

  tlsTest('an expired certificate of the upstream', async () => {
    const authority = createAuthority('expired');
    const server = createTlsServer(authority.issueExpired('IP:127.0.0.1'));
    const upstream = keep(await startHttpUpstream((_req, res) => void res.end('ok'), server));
    const url = upstream.url.replace('http:', 'https:');
    const { use, said } = await scene(url, ', caFile: ca.pem', { 'ca.pem': authority.certificate });
    for (let count = 0; count < 3; count += 1) expect(await use()).toBe(502);
    expect(said()).toMatchObject([failing(url, 'upstream_unreachable', 'CERT_HAS_EXPIRED')]);
  });
});
