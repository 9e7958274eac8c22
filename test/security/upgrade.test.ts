/** U1, U4: no other protocol, no tunnel, no odd method. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { openConversation } from '../support/conversation.ts';
import { eventually } from '../support/eventually.ts';
import {
  reasonOf,
  startAttackScenario,
  UPSTREAM_SECRET,
  type AttackScenario,
} from '../support/scenario/attack.ts';

let scenario: AttackScenario;
beforeAll(async () => {
  scenario = await startAttackScenario();
});
afterEach(() => scenario.reset());
afterAll(() => scenario.close());

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0';
const HANDSHAKE = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];

test.each([
  ['h2c', ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAARAAAAA']],
  ['h2c, not in Connection', ['Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAARAAAAA']],
  ['h2c, in another spelling', ['Connection: upgrade', 'uPGRADE: H2C', 'Http2_Settings: AAMAAABkAARAAAAA']],
  ['TLS', ['Connection: Upgrade', 'Upgrade: TLS/1.2']],
  ['an unknown protocol', ['Connection: Upgrade', 'Upgrade: canary/1']],
])('U1 h2c: an upgrade to %s is stripped, and no tunnel opens', async (_, lines) => {
  const answers = await scenario.send(scenario.request('GET /api/x HTTP/1.1', lines, PREFACE));
  // The preface is not an HTTP/1.1 request, so the gateway closes the connection.
  expect(answers.map(({ status }) => status)).toEqual([200]);
  expect(answers[0]?.headers.has('upgrade')).toBe(false);
  const [request, ...more] = scenario.upstream.requests();
  expect(more).toEqual([]);
  expect(request?.head).not.toMatch(/^(?:upgrade|http2[-_]settings):|upgrade|settings/im);
  expect(scenario.upstream.bytes()).not.toContain('PRI');
  await scenario.expectAlive();
});

test('U1 h2c: the preface itself is refused', async () => {
  expect((await scenario.send(Buffer.from(PREFACE, 'latin1'))).map(({ status }) => status)).toEqual([400]);
  await scenario.expectNothingForwarded();
});

test.each([
  ['answers it as a plain request', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', 200],
  ['refuses', 'HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n', 403],
])('WebSocket: the upstream %s; there is no tunnel', async (_, response, status) => {
  scenario.upstream.respond(response);
  const frame = '\x81\x06framed';
  const answers = await scenario.send(
    Buffer.from(
      scenario.request(
        'GET /api/x HTTP/1.1',
        HANDSHAKE,
        frame + scenario.request('GET /api/hidden HTTP/1.1'),
      ),
      'latin1',
    ),
  );
  expect(answers.map((answer) => answer.status)).toEqual([status]);
  expect(scenario.upstream.requests().map(({ requestLine }) => requestLine)).toEqual(['GET /x HTTP/1.1']);
  expect(scenario.upstream.bytes()).not.toContain('framed');
  expect(scenario.upstream.bytes()).not.toContain('hidden');
  await scenario.expectAlive();
});

test('WebSocket: where the packets end does not decide what is a request', async () => {
  const handshake = scenario.request('GET /api/x HTTP/1.1', HANDSHAKE);
  const hidden = scenario.request('GET /api/hidden HTTP/1.1');
  for (const split of [0, 1, 20, hidden.length]) {
    scenario.upstream.reset();
    const conversation = await openConversation(scenario.gateway.port);
    conversation.write(handshake + hidden.slice(0, split));
    await eventually('the answer', () => conversation.received().includes('\r\n\r\nok'));
    conversation.write(hidden.slice(split));
    conversation.end();
    const answers = await conversation.answers();
    expect(answers.map(({ status }) => status)).toEqual([200]);
    expect(answers[0]?.headers.get('connection')).toBe('close');
    expect(scenario.upstream.requests()).toHaveLength(1);
    await scenario.expectAlive();
  }
});

test('WebSocket: without a credential it is refused, and the upstream gets nothing', async () => {
  const head = [
    'GET /api/x HTTP/1.1',
    'Host: gateway.example.com',
    ...HANDSHAKE,
    'Connection: close',
    '',
    '',
  ];
  const answers = await scenario.send(head.join('\r\n'));
  expect(answers.map(({ status }) => status)).toEqual([401]);
  await scenario.expectNothingForwarded();
});

test.each([
  'CONNECT gateway.example.com:443 HTTP/1.1',
  'CONNECT 127.0.0.1:22 HTTP/1.1',
  'CONNECT /api/x HTTP/1.1',
  'CONNECT * HTTP/1.1',
  'TRACE /api/x HTTP/1.1',
  'TRACE * HTTP/1.1',
  'PRI * HTTP/2.0',
  'PRI /api/x HTTP/1.1',
  'get /api/x HTTP/1.1',
  'Get /api/x HTTP/1.1',
  'G\u0000ET /api/x HTTP/1.1',
  'GE\tT /api/x HTTP/1.1',
  'BREW /api/x HTTP/1.1',
  'TRACK /api/x HTTP/1.1',
  'DESCRIBE /api/x RTSP/1.0',
])('U4 methods: %s is refused', async (requestLine) => {
  const hidden = scenario.request('GET /api/hidden HTTP/1.1');
  const answers = await scenario.send(scenario.request(requestLine) + hidden);
  expect([400, 403]).toContain(answers[0]?.status);
  for (const { status } of answers.slice(1)) expect(status).toBe(200);
  expect(answers.map(({ body }) => body).join('')).not.toContain(scenario.token);
  if (answers.length === 1) return scenario.expectNothingForwarded();
  expect(scenario.upstream.requests().map((request) => request.requestLine)).toEqual([
    'GET /hidden HTTP/1.1',
  ]);
});

test.each(['/api/x', '/', '*', 'http://gateway.example.com/api/x'])(
  'U4 methods: TRACE %s would show the credential of the upstream, and is refused',
  async (target) => {
    const fields = ['Max-Forwards: 5', 'Connection: close'];
    const [answer] = await scenario.send(scenario.request(`TRACE ${target} HTTP/1.1`, fields));
    expect([answer?.status, answer && reasonOf(answer)]).toEqual([400, 'request_malformed']);
    expect(answer?.body).not.toContain('Max-Forwards');
    await scenario.expectNothingForwarded();
  },
);

test.each(['PROPFIND', 'LOCK', 'PURGE', 'SEARCH', 'LINK'])(
  'U4 methods: %s is no operation of the service',
  async (method) => {
    const [answer] = await scenario.send(
      scenario.request(`${method} /api/x HTTP/1.1`, ['Connection: close']),
    );
    expect([answer?.status, answer && reasonOf(answer)]).toEqual([403, 'operation_unknown']);
    await scenario.expectNothingForwarded();
  },
);

test('U4 methods: CONNECT leaves a trace in the audit trail, and no connection', async () => {
  const conversation = await openConversation(scenario.gateway.port);
  conversation.write('CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: 127.0.0.1:22\r\n\r\n');
  conversation.write('SSH-2.0-canary\r\n');
  // The client keeps its side open: the gateway closes all the same.
  expect((await conversation.answers()).map(({ status }) => status)).toEqual([400]);
  await scenario.expectNothingForwarded();
  expect(scenario.gateway.auditText()).toContain('"detail":"method CONNECT"');
});

test('the upstream’s credential reaches the upstream alone', async () => {
  const answers = await scenario.send(scenario.request('GET /api/x HTTP/1.1', ['Connection: close']));
  expect(JSON.stringify(answers)).not.toContain(UPSTREAM_SECRET);
  expect(scenario.upstream.requests()[0]?.headers.get('authorization')).toEqual([
    `Bearer ${UPSTREAM_SECRET}`,
  ]);
});
