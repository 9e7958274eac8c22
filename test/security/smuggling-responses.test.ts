/** S8, S10: bytes of a hostile or failing upstream reach at most one client, never as a complete response. */
import type { Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { openConversation } from '../support/conversation.ts';
import { eventually } from '../support/eventually.ts';
import { reasonOf, startAttackScenario, type AttackScenario } from '../support/scenario/attack.ts';
import { exchange, parseResponses } from '../support/raw-client.ts';
import { OK } from '../support/recording-upstream.ts';

let scenario: AttackScenario;
beforeAll(async () => {
  scenario = await startAttackScenario();
});
afterEach(() => scenario.reset());
afterAll(() => scenario.close());

const EVIL = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\nX-Evil: canary\r\n\r\nevil';
const answered = (head: string, body = 'ok'): string => `HTTP/1.1 ${head}\r\n\r\n${body}`;

const PROTOCOL_ERRORS: readonly (readonly [string, string])[] = [
  ['status 099', answered('099 No\r\nContent-Length: 2')],
  ['status 000', answered('000 No\r\nContent-Length: 2')],
  ['status 600', answered('600 No\r\nContent-Length: 2')],
  ['status 999', answered('999 No\r\nContent-Length: 2')],
  ['status 20', answered('20 No\r\nContent-Length: 2')],
  ['status 2000', answered('2000 No\r\nContent-Length: 2')],
  ['status 2x0', answered('2x0 No\r\nContent-Length: 2')],
  ['no status', answered('OK\r\nContent-Length: 2')],
  ['\\x01 in the reason', answered('200 O\x01K\r\nContent-Length: 2')],
  ['ESC in the reason', answered('200 \x1b[2J\r\nContent-Length: 2')],
  ['NUL in the reason', answered('200 O\0K\r\nContent-Length: 2')],
  ['Trailer without chunking', answered('200 OK\r\nTrailer: X-A\r\nContent-Length: 2')],
  [
    'CL and TE',
    answered('200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked', '2\r\nok\r\n0\r\n\r\n'),
  ],
  [
    'TE and CL',
    answered('200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2', '2\r\nok\r\n0\r\n\r\n'),
  ],
  ['two CL', answered('200 OK\r\nContent-Length: 2\r\nContent-Length: 6')],
  ['CL list', answered('200 OK\r\nContent-Length: 2, 6')],
  ['CL +2', answered('200 OK\r\nContent-Length: +2')],
  ['CL in hex', answered('200 OK\r\nContent-Length: 0x2')],
  ['CL empty', answered('200 OK\r\nContent-Length:')],
  ['TE gzip, chunked', answered('200 OK\r\nTransfer-Encoding: gzip, chunked', '2\r\nok\r\n0\r\n\r\n')],
  ['TE xchunked', answered('200 OK\r\nTransfer-Encoding: xchunked', '2\r\nok\r\n0\r\n\r\n')],
  ['TE twice', answered('200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked', '0\r\n\r\n')],
  ['TE folded', answered('200 OK\r\nTransfer-Encoding:\r\n chunked', '2\r\nok\r\n0\r\n\r\n')],
  ['stray 101 without an upgrade', answered('101 Switching Protocols', 'frames')],
  ['NUL in a value', answered('200 OK\r\nX-A: a\0b\r\nContent-Length: 2')],
  ['a header without a colon', answered('200 OK\r\nX-A\r\nContent-Length: 2')],
  ['a space before a colon', answered('200 OK\r\nContent-Length : 2')],
  ['a bare CR', answered('200 OK\r\nX-A: b\rX-Evil: canary\r\nContent-Length: 2')],
  ['HTTP/0.9', 'hello, this is no HTTP at all'],
  ['another protocol', 'SSH-2.0-OpenSSH_9.9\r\n'],
  ['ICE', 'ICY 200 OK\r\n\r\nok'],
];

test.each(PROTOCOL_ERRORS)('S8 hostile response: %s', async (_, response) => {
  scenario.upstream.respond((socket) => {
    socket.write(Buffer.from(response, 'latin1'));
    // The gateway waits for the rest of a line that it cannot refuse yet.
    if (!response.startsWith('HTTP/1.1')) socket.end();
  });
  const [answer, ...more] = await scenario.send(
    scenario.request('GET /api/x HTTP/1.1', ['Connection: close']),
  );
  expect(more).toEqual([]);
  expect([answer?.status, answer && reasonOf(answer)]).toEqual([502, 'upstream_invalid']);
  expect(answer?.head).toMatch(/^HTTP\/1\.1 502 Bad Gateway\r\n/);
  expect(answer?.head).not.toContain('canary');
  expect(await scenario.audited(answer)).toMatchObject({ event: { reason: 'upstream_invalid' } });
  await scenario.expectAlive();
});

test('S8 hostile response: stray 101 that switches the connection', async () => {
  scenario.upstream.respond(
    answered('101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket', EVIL),
  );
  const [answer, ...more] = await scenario.send(
    scenario.request('GET /api/x HTTP/1.1', ['Connection: close']),
  );
  expect(more).toEqual([]);
  // undici breaks the connection, and tells no more of it than that.
  expect([answer?.status, answer && reasonOf(answer)]).toEqual([502, 'upstream_unreachable']);
  expect(answer?.head).not.toMatch(/upgrade|canary/i);
  await scenario.expectAlive();
});

test.each([
  ['in the same packet', (socket: Socket) => void socket.write(OK + EVIL)],
  ['behind a shorter Content-Length', (socket: Socket) => void socket.write(`${OK}ok${EVIL}`)],
  ['behind a 204', (socket: Socket) => void socket.write(`HTTP/1.1 204 No Content\r\n\r\n${EVIL}`)],
  ['behind a 304', (socket: Socket) => void socket.write(`HTTP/1.1 304 Not Modified\r\n\r\n${EVIL}`)],
  [
    'behind the last chunk',
    (socket: Socket) =>
      void socket.write(`${answered('200 OK\r\nTransfer-Encoding: chunked', '2\r\nok\r\n0\r\n\r\n')}${EVIL}`),
  ],
])('S8 hostile response: an unsolicited second response, %s, is not relayed', async (_, respond) => {
  for (let round = 0; round < 5; round++) {
    scenario.upstream.respond(respond);
    const answers = await scenario.send(scenario.request('GET /api/x HTTP/1.1', ['Connection: close']));
    expect(answers).toHaveLength(1);
    expect(JSON.stringify(answers)).not.toContain('evil');
    await scenario.expectAlive();
  }
});

test('S8 hostile response: an unsolicited response closes its connection', async () => {
  let idle: Socket | undefined;
  scenario.upstream.respond((socket) => {
    idle = socket;
    socket.write(OK);
  });
  await scenario.send(scenario.request('GET /api/x HTTP/1.1', ['Connection: close']));
  idle?.write(EVIL);
  await eventually('the connection to be given up', () => idle?.destroyed === true);
  await scenario.expectAlive();
});

test('S8 hostile response: the body of a HEAD response is not relayed', async () => {
  scenario.upstream.respond(`HTTP/1.1 200 OK\r\nContent-Length: ${EVIL.length}\r\n\r\n${EVIL}`);
  const received = await exchange(
    scenario.gateway.port,
    scenario.request('HEAD /api/x HTTP/1.1') + scenario.request('GET /api/x HTTP/1.1', ['Connection: close']),
  );
  expect(received.match(/HTTP\/1\.1 /g)?.length).toBeLessThanOrEqual(3);
  expect(received.split('\r\n\r\n')[1]).toMatch(/^HTTP\/1\.1 /);
  await scenario.expectAlive();
});

test('S8 hostile response: interim answers without end stay between the upstream and the gateway', async () => {
  scenario.upstream.respond(`${'HTTP/1.1 103 Early Hints\r\nLink: canary\r\n\r\n'.repeat(50)}${OK}`);
  const [answer, ...more] = await scenario.send(
    scenario.request('GET /api/x HTTP/1.1', ['Connection: close']),
  );
  expect(more).toEqual([]);
  expect([answer?.status, answer?.body]).toEqual([200, 'ok']);
  expect(answer?.head).not.toContain('canary');
  await scenario.expectAlive();
});

test('S8 hostile response: the reason is the gateway’s own', async () => {
  scenario.upstream.respond(answered('200 canary <script>\r\nContent-Length: 2'));
  const [answer] = await scenario.send(scenario.request('GET /api/x HTTP/1.1', ['Connection: close']));
  expect(answer?.head).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
});

const TRUNCATED: readonly (readonly [string, string, 'end' | 'destroy' | 'resetAndDestroy'])[] = [
  ['in a chunk, by FIN', answered('200 OK\r\nTransfer-Encoding: chunked', '5\r\nhello\r\n5\r\nwo'), 'end'],
  [
    'in a chunk, by RST',
    answered('200 OK\r\nTransfer-Encoding: chunked', '5\r\nhello\r\n5\r\nwo'),
    'resetAndDestroy',
  ],
  ['between chunks', answered('200 OK\r\nTransfer-Encoding: chunked', '5\r\nhello\r\n'), 'end'],
  ['in the last chunk', answered('200 OK\r\nTransfer-Encoding: chunked', '5\r\nhello\r\n0\r\n'), 'end'],
  ['before a bad chunk', answered('200 OK\r\nTransfer-Encoding: chunked', '5\r\nhello\r\nzz\r\n'), 'end'],
  ['short of its Content-Length', answered('200 OK\r\nContent-Length: 10', 'hello'), 'end'],
  [
    'short of its Content-Length, by RST',
    answered('200 OK\r\nContent-Length: 10', 'hello'),
    'resetAndDestroy',
  ],
];

test.each(TRUNCATED)('S10 truncation %s: the client cannot take it for whole', async (_, response, how) => {
  const conversation = await openConversation(scenario.gateway.port);
  scenario.upstream.respond((socket) => {
    socket.write(response);
    // Once the client has what there is, the upstream dies.
    void eventually('the first bytes', () => conversation.received().includes('hello')).then(() =>
      socket[how](),
    );
  });
  conversation.write(scenario.request('GET /api/x HTTP/1.1'));
  const [answer, ...more] = await conversation.answers();
  expect(more).toEqual([]);
  expect(answer?.status).toBe(200);
  expect(conversation.received()).not.toContain('0\r\n\r\n');
  if (answer?.headers.has('content-length') === true) {
    expect(answer.body.length).toBeLessThan(Number(answer.headers.get('content-length')));
  } else {
    expect(answer?.headers.get('transfer-encoding')).toBe('chunked');
  }
  expect(await scenario.audited(answer)).toMatchObject({
    event: { outcome: 'failure' },
    gatehouse: { aborted: true },
  });
  await scenario.expectAlive();
});

test.each([
  ['in the head', 'HTTP/1.1 200 OK\r\nContent-Le'],
  ['after the head', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n'],
  ['before a byte', ''],
])('S10 truncation %s: 502, not an empty answer', async (_, response) => {
  scenario.upstream.respond((socket) => void socket.end(response));
  const answers = parseResponses(
    await exchange(scenario.gateway.port, scenario.request('GET /api/x HTTP/1.1', ['Connection: close'])),
  );
  expect(answers.map(({ status }) => status)).toEqual([502]);
  await scenario.expectAlive();
});

test('S10 truncation: an answer that ends where the upstream closes ends the client’s connection too', async () => {
  scenario.upstream.respond((socket) => void socket.end('HTTP/1.1 200 OK\r\n\r\nhello'));
  const conversation = await openConversation(scenario.gateway.port);
  conversation.write(scenario.request('GET /api/x HTTP/1.1'));
  const [answer] = await conversation.answers();
  expect(answer?.headers.get('connection')).toBe('close');
  expect(answer?.headers.has('transfer-encoding')).toBe(false);
  expect(answer?.body).toBe('hello');
  await scenario.expectAlive();
});
