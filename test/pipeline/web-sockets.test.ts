/** WebSockets through the gateway: `ws` at both ends. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { startOrdersScenario, type OrdersScenario } from '../support/scenario/orders.ts';
import { openSocket, startEchoServer, type EchoServer, type TestSocket } from '../support/web-sockets.ts';

let echo: EchoServer;
let scenario: OrdersScenario;
const open: TestSocket[] = [];

beforeEach(async () => {
  echo = await startEchoServer();
  scenario = await startOrdersScenario(echo.url, {
    upstream: 'auth: { bearer: { token: canary-upstream } }, connections: 3',
    service: 'identityHeaders: { X-Project: "{claims.project_path}" }, assertion: true',
  });
});
afterEach(async () => {
  for (const socket of open.splice(0)) socket.close();
  await scenario.close();
  await echo.close();
});

async function connect(path = '/orders/chat?room=1', protocols: string[] = []): Promise<TestSocket> {
  const url = `ws://127.0.0.1:${scenario.port}${path}`;
  const headers = { authorization: `Bearer ${scenario.token}`, host: 'gateway.example.com' };
  const socket = await openSocket(url, { headers }, protocols);
  open.push(socket);
  return socket;
}

test('messages arrive unchanged: text, binary, large and many, compressed on both sides', async () => {
  const socket = await connect();
  socket.send('hello');
  expect(await socket.next()).toBe('hello');
  const bytes = Buffer.alloc(3_000_000, 'ÿ\0', 'latin1');
  socket.send(bytes);
  expect((await socket.next()).length).toBe(bytes.length);
  for (let n = 0; n < 500; n++) socket.send(`message ${n}`);
  for (let n = 0; n < 500; n++) expect(await socket.next()).toBe(`message ${n}`);
  expect(socket.answer.headers['sec-websocket-extensions']).toContain('permessage-deflate');
});

test('the upstream gets what it gets of any request, and nothing of the client’s credential', async () => {
  const socket = await connect('/orders/chat?room=1&sudo=root', ['chat', 'other']);
  const [handshake] = echo.handshakes;
  expect(handshake?.url).toBe('/chat?room=1');
  expect(handshake?.headers).toMatchObject({
    authorization: 'Bearer canary-upstream',
    'x-auth-identity': 'payments',
    'x-auth-scopes': 'websocket',
    'x-project': 'acme/payments',
    'x-forwarded-host': 'gateway.example.com',
    'x-auth-assertion': expect.stringMatching(/^eyJ/),
    host: new URL(echo.url).host,
    upgrade: 'websocket',
    connection: 'Upgrade',
    'sec-websocket-version': '13',
  });
  expect(JSON.stringify(handshake?.rawHeaders)).not.toContain(scenario.token);
  expect(socket.socket.protocol).toBe('chat');
  expect(socket.answer.headers['x-request-id']).toBe(handshake?.headers['x-request-id']);
});

test('one audit event when it ends, with what went through it; counted as in flight until then', async () => {
  const socket = await connect();
  socket.send(randomBytes(1_000));
  await socket.next();
  const inFlight = async (): Promise<string | undefined> => {
    const text = await (await fetch(`${scenario.adminUrl}/metrics`)).text();
    return /^gatehouse_requests_in_flight (\d+)$/m.exec(text)?.[1];
  };
  expect(await inFlight()).toBe('1');
  expect(scenario.auditText()).toBe('');
  socket.socket.close(1000);
  expect(await socket.closed()).toBe(1000);
  const [event, ...more] = await scenario.audit();
  expect(more).toEqual([]);
  expect(event).toMatchObject({
    event: { reason: 'granted', outcome: 'success', type: ['access', 'allowed'] },
    user: { name: 'payments' },
    http: { response: { status_code: 101 } },
    gatehouse: { decision: 'allow', upstream_status: 101 },
  });
  expect(Number(event?.gatehouse['bytes_in'])).toBeGreaterThan(1_000);
  expect(Number(event?.gatehouse['bytes_out'])).toBeGreaterThan(1_000);
  expect(await inFlight()).toBe('0');
});

test.each([
  ['the client', (socket: TestSocket) => socket.socket.terminate()],
  ['the upstream', () => echo.server.clients.forEach((client) => client.terminate())],
])('%s goes away: both connections are closed', async (_who, act) => {
  const socket = await connect();
  act(socket);
  await socket.closed();
  await eventually('the upstream’s end', () => echo.open() === 0);
  expect((await scenario.audit())[0]?.event.reason).toBe('granted');
});

test('a closing handshake passes, from either end', async () => {
  const socket = await connect();
  const [client] = echo.server.clients;
  client?.close(1001, 'going away');
  expect(await socket.closed()).toBe(1001);
  const other = await connect();
  other.socket.close(4001, 'done');
  const [upstream] = echo.server.clients;
  if (upstream !== undefined) expect((await once(upstream, 'close'))[0]).toBe(4001);
  expect(await other.closed()).toBe(4001);
});

test('each has its place among the requests in flight: beyond them 503', async () => {
  await Promise.all([connect(), connect(), connect()]);
  await expect(connect()).rejects.toThrow('503');
  open[0]?.close();
  await eventually('a place', async () => connect().then(Boolean, () => false));
});

test('a slow reader applies back-pressure to its sender only', async () => {
  const slow = await connect();
  const [upstream] = echo.server.clients;
  slow.socket.pause();
  const chunk = Buffer.alloc(1_000_000, 'x');
  for (let n = 0; n < 60; n++) upstream?.send(chunk, { compress: false });
  await eventually('the upstream is held back', () => (upstream?.bufferedAmount ?? 0) > 10_000_000);
  const other = await connect();
  other.send('still here');
  expect(await other.next()).toBe('still here');
  slow.socket.resume();
  for (let n = 0; n < 60; n++) expect((await slow.next()).length).toBe(chunk.length);
});
