/** WebSockets closed by the gateway: revocation, idle timeout, age, shutdown; and TLS. */
import { rmSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { createAuthority } from '../support/certificates.ts';
import { cleanUp, closeAfterTest } from '../support/clean-up.ts';
import { eventually } from '../support/eventually.ts';
import { startGateway } from '../support/gateway.ts';
import { needs } from '../support/needs.ts';
import { promptly } from '../support/promptly.ts';
import { startOrdersScenario } from '../support/scenario/orders.ts';
import { connectChat, expectClosed, startChat } from '../support/scenario/chat.ts';
import { openSocket, startEchoServer } from '../support/web-sockets.ts';

const keep = cleanUp();

test('revoked: both connections are closed within a second, and the audit trail says why', async () => {
  await promptly(1_500, async () => {
    const { echo, scenario } = await startChat();
    const socket = await connectChat(scenario);
    const answer = await fetch(`${scenario.adminUrl}/revocations`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ identity: 'payments', reason: 'leaked' }),
    });
    expect(answer.status).toBe(201);
    const since = performance.now();
    await expectClosed(socket, echo);
    const duration = performance.now() - since;
    const [event] = await scenario.audit();
    expect(event).toMatchObject({
      event: { reason: 'revoked', outcome: 'failure' },
      http: { response: { status_code: 101 } },
      gatehouse: { decision: 'allow', detail: expect.stringMatching(/by identity: leaked/) },
    });
    await expect(connectChat(scenario)).rejects.toThrow('401');
    return duration;
  });
});

test('a revocation of another identity does not close it', async () => {
  const { scenario } = await startChat();
  const socket = await connectChat(scenario);
  await fetch(`${scenario.adminUrl}/revocations`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ project: 'acme/web', reason: 'leaked' }),
  });
  // Longer than it takes to end one.
  const until = performance.now() + 1_000;
  while (performance.now() < until) {
    socket.send('still here');
    expect(await socket.next()).toBe('still here');
  }
});

test.each([
  ['idle: 300ms, lifetime: 1h', 'the tunnel was idle'],
  ['idle: 1h, lifetime: 300ms', 'the tunnel reached its lifetime'],
])('webSockets: { %s }: %s', async (limits, detail) => {
  const { echo, scenario } = await startChat({ service: `webSockets: { ${limits} }` });
  const socket = await connectChat(scenario);
  const timer = setInterval(() => limits.startsWith('idle: 1h') && socket.send('x'), 20);
  await expectClosed(socket, echo);
  clearInterval(timer);
  const [event] = await scenario.audit();
  expect(event).toMatchObject({
    event: { reason: 'granted', outcome: 'success' },
    gatehouse: { detail },
  });
});

test('messages in either direction keep it open', async () => {
  const { echo, scenario } = await startChat({ service: 'webSockets: { idle: 600ms }' });
  const [quiet, spoken] = [await connectChat(scenario), await connectChat(scenario)];
  const timer = setInterval(() => [...echo.server.clients].at(-1)?.send('tick'), 50);
  expect(await quiet.closed()).toBe(1006);
  for (let n = 0; n < 10; n++) expect(await spoken.next()).toBe('tick');
  clearInterval(timer);
});

test('the end of the process does not wait for it, and leaves its event', async () => {
  const echo = keep(await startEchoServer());
  const { gateway, port, folder, audit } = await startGateway(
    `services: { open: { type: http, upstream: { url: "${echo.url}/" }, anonymous: [{ scopes: [websocket], resources: ["/**"] }] } }`,
    {
      server: 'server: { listen: "127.0.0.1:0", admin: { listen: "127.0.0.1:0" }, limits: { drain: 20s } }\n',
    },
  );
  const socket = await openSocket(`ws://127.0.0.1:${port}/chat`, {});
  closeAfterTest(socket);
  socket.send('x');
  await socket.next();
  const since = performance.now();
  await gateway.stop();
  await socket.closed();
  expect(performance.now() - since).toBeLessThan(10_000);
  await eventually('the upstream’s end', () => echo.open() === 0);
  const [event] = await audit();
  rmSync(folder, { recursive: true });
  expect(event).toMatchObject({
    event: { reason: 'anonymous', outcome: 'success' },
    http: { response: { status_code: 101 } },
  });
});

needs('openssl').describe('TLS', () => {
  const ours = createAuthority('ours');

  async function secureEcho(...names: string[]): Promise<string> {
    const server = createTlsServer(ours.issue(...names));
    const sockets = new WebSocketServer({ server });
    sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    keep({
      close() {
        for (const client of sockets.clients) client.terminate();
        server.closeAllConnections();
        return new Promise((resolve) => server.close(resolve));
      },
    });
    return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  test('K7 to an upstream of the authority that the service names, from a client over TLS', async () => {
    const { cert, key } = ours.issue('DNS:localhost', 'IP:127.0.0.1');
    const scenario = keep(
      await startOrdersScenario(await secureEcho('IP:127.0.0.1'), {
        upstream: 'caFile: ca.pem',
        server: 'tls: { certFile: tls.crt, keyFile: tls.key }',
        files: { 'ca.pem': ours.certificate, 'tls.crt': cert, 'tls.key': key },
      }),
    );
    const headers = { authorization: `Bearer ${scenario.token}`, host: 'gateway.example.com' };
    const socket = await openSocket(`wss://127.0.0.1:${scenario.port}/orders/chat`, {
      headers,
      ca: ours.certificate,
    });
    closeAfterTest(socket);
    socket.send(Buffer.alloc(500_000, 'x'));
    expect((await socket.next()).length).toBe(500_000);
  });

  test.each([
    ['an untrusted authority', 'IP:127.0.0.1', {}],
    ['another name', 'DNS:other.example.com', { upstream: 'caFile: ca.pem' }],
  ])('K7 %s: 502', async (_what, name, options) => {
    const scenario = keep(
      await startOrdersScenario(await secureEcho(name), {
        ...options,
        files: { 'ca.pem': ours.certificate },
      }),
    );
    await expect(connectChat(scenario)).rejects.toThrow('502');
  });
});

describe('forwardCredential', () => {
  test('the client’s own goes with the handshake as with any request', async () => {
    const { echo, scenario } = await startChat({
      upstream: 'auth: { forwardCredential: true }',
      service: 'audiences: ["https://gateway.example.com"]',
    });
    await connectChat(scenario);
    expect(echo.handshakes[0]?.headers.authorization).toBe(`Bearer ${scenario.token}`);
  });
});
