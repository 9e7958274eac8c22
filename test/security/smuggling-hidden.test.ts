/** S3, S5, S7, S9: requests hidden in bodies, trailers, behind refusals and behind handshakes. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { openConversation } from '../support/conversation.ts';
import { eventually } from '../support/eventually.ts';
import { startAttackScenario, type AttackScenario } from '../support/scenario/attack.ts';

let scenario: AttackScenario;
beforeAll(async () => {
  scenario = await startAttackScenario();
});
afterEach(() => scenario.reset());
afterAll(() => scenario.close());

/** With a valid token: a parser that reads it as a request forwards it. */
const hidden = (): string => scenario.request('GET /api/hidden HTTP/1.1');
/** Without: for bodies that reach the upstream. */
const HIDDEN = 'GET /api/hidden HTTP/1.1\r\nHost: gateway.example.com\r\n\r\n';
const chunk = (data: string): string => `${data.length.toString(16)}\r\n${data}\r\n`;
const CHUNKED = 'Transfer-Encoding: chunked';
const HANDSHAKE = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];

const METHODS = ['DELETE', 'OPTIONS', 'GET', 'HEAD', 'POST'];
const UPGRADES: readonly (readonly [string, readonly string[]])[] = [
  ['', []],
  [', Connection: upgrade', ['Connection: upgrade']],
  [', Connection: upgrade, Upgrade: h2c', ['Connection: upgrade', 'Upgrade: h2c']],
  [', Connection names the framing', ['Connection: transfer-encoding, content-length, keep-alive']],
];
const S3 = METHODS.flatMap((method) => UPGRADES.map(([name, lines]) => [method, name, lines] as const));

/** What comes behind the body: the one other request that there is. */
const last = (): string => scenario.request('GET /api/last HTTP/1.1', ['Connection: close']);

/** Sends a request with a hidden one in its body; returns it as the upstream saw it. */
async function onlyRequest(method: string, lines: readonly string[], body: string) {
  if (method === 'HEAD') scenario.upstream.respond('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  const answers = await scenario.send(scenario.request(`${method} /api/x HTTP/1.1`, lines, body) + last());
  const upgrades = lines.some((line) => line.startsWith('Upgrade'));
  // An offer to switch protocols is the last request of its connection.
  const expected = upgrades ? [`${method} /x HTTP/1.1`] : [`${method} /x HTTP/1.1`, 'GET /last HTTP/1.1'];
  expect(answers.map(({ status }) => status)).toEqual(expected.map(() => 200));
  const requests = scenario.upstream.requests();
  expect(new Set(requests.map(({ requestLine }) => requestLine))).toEqual(new Set(expected));
  expect(requests).toHaveLength(expected.length);
  await scenario.expectAlive();
  return requests.find(({ requestLine }) => requestLine === expected[0]);
}

test.each(S3)('S3 manufactured CL.0: a chunked %s that hides a GET%s', async (method, _, lines) => {
  const body = `${chunk(HIDDEN)}0\r\n\r\n`;
  const request = await onlyRequest(method, [CHUNKED, ...lines], body);
  expect(request?.headers.get('transfer-encoding')).toEqual(['chunked']);
  expect(request?.headers.has('content-length')).toBe(false);
  expect(request?.headers.has('upgrade')).toBe(false);
  // Chunked again, with the complete body.
  expect(request?.body).toBe(body);
});

test.each(S3)('S3 manufactured CL.0: a %s with a Content-Length hides a GET%s', async (method, _, lines) => {
  const request = await onlyRequest(method, [`Content-Length: ${HIDDEN.length}`, ...lines], HIDDEN);
  expect(request?.headers.get('content-length')).toEqual([String(HIDDEN.length)]);
  expect(request?.headers.has('transfer-encoding')).toBe(false);
  expect(request?.body).toBe(HIDDEN);
});

test.each([
  ['announced', ['Trailer: X-Auth-Subject, X-Canary'], 'X-Auth-Subject: admin\r\nX-Canary: trailer\r\n'],
  ['not announced', [], 'X-Auth-Subject: admin\r\nX-Canary: trailer\r\n'],
  [
    'that are credentials',
    ['Trailer: Authorization'],
    'Authorization: Bearer X-Canary\r\nCookie: X-Canary\r\n',
  ],
])('S5 trailers %s never reach the upstream', async (_, lines, trailers) => {
  const answers = await scenario.send(
    scenario.request(
      'POST /api/x HTTP/1.1',
      [CHUNKED, ...lines, 'Connection: close'],
      `${chunk('hello')}0\r\n${trailers}\r\n`,
    ),
  );
  expect(answers.map(({ status }) => status)).toEqual([200]);
  const [request] = scenario.upstream.requests();
  expect(request?.body).toBe(`${chunk('hello')}0\r\n\r\n`);
  expect(request?.headers.get('x-auth-subject')).toHaveLength(1);
  expect(request?.headers.has('trailer')).toBe(false);
  expect(scenario.upstream.bytes()).not.toMatch(/X-Canary|: admin/i);
  await scenario.expectAlive();
});

test.each(['Content-Length: 7', CHUNKED, 'Host: evil', 'Trailer: a'])(
  'S5 trailers that are framing (%s) change nothing',
  async (trailer) => {
    const answers = await scenario.send(
      scenario.request('POST /api/x HTTP/1.1', [CHUNKED], `${chunk('hello')}0\r\n${trailer}\r\n\r\n`) +
        last(),
    );
    const statuses = answers.map(({ status }) => status);
    // Refused by the parser, or dropped: then what follows is an honest second request.
    expect([[400], [200, 200]]).toContainEqual(statuses);
    expect(scenario.upstream.bytes()).not.toContain('evil');
    expect(scenario.upstream.requests()).toHaveLength(statuses.filter((status) => status === 200).length);
    await scenario.expectAlive();
  },
);

test('S5 trailers: a GET that announces some and has no body is answered', async () => {
  const answers = await scenario.send(
    scenario.request('GET /api/x HTTP/1.1', ['Trailer: x', 'TE: trailers', 'Connection: close, TE']),
  );
  expect(answers.map(({ status }) => status)).toEqual([200]);
  expect(scenario.upstream.requests()[0]?.headers.has('trailer')).toBe(false);
  expect(scenario.upstream.requests()[0]?.headers.has('te')).toBe(false);
  await scenario.expectAlive();
});

test('S7 pipelining: authorised, then not, then authorised: each has its own answer', async () => {
  const bare = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: gateway.example.com\r\n\r\n`;
  const wrong = bare('/api/wrong').replace('\r\n\r\n', '\r\nAuthorization: Bearer e.e.e\r\n\r\n');
  const answers = await scenario.send(
    scenario.request('GET /api/1 HTTP/1.1') +
      bare('/api/2') +
      wrong +
      bare('/nowhere') +
      scenario.request('GET /api/5 HTTP/1.1', ['Connection: close']) +
      hidden(),
  );
  expect(answers.map(({ status }) => status)).toEqual([200, 401, 401, 404, 200]);
  expect(new Set(scenario.upstream.requests().map(({ requestLine }) => requestLine))).toEqual(
    new Set(['GET /1 HTTP/1.1', 'GET /5 HTTP/1.1']),
  );
});

test('S7 pipelining: responses keep the order of the requests when one upstream is slow', async () => {
  scenario.upstream.respond((socket, { requestLine }) => {
    const body = requestLine.split(' ')[1] ?? '';
    const write = (): void => void socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n${body}`);
    if (body === '/1')
      void eventually('all to arrive', () => scenario.upstream.requests().length === 3).then(write);
    else write();
  });
  const answers = await scenario.send(
    [1, 2, 3]
      .map((n) => scenario.request(`GET /api/${n} HTTP/1.1`, n === 3 ? ['Connection: close'] : []))
      .join(''),
  );
  expect(answers.map(({ body }) => body)).toEqual(['/1', '/2', '/3']);
});

const REFUSED: readonly (readonly [string, number, (lines: readonly string[]) => string])[] = [
  ['401', 401, (lines) => bareHead('POST /api/x HTTP/1.1', lines)],
  ['404', 404, (lines) => bareHead('POST /x HTTP/1.1', lines)],
  ['400', 400, (lines) => bareHead('POST /api//x HTTP/1.1', lines)],
  ['403', 403, (lines) => scenario.request('PROPFIND /api/x HTTP/1.1', lines)],
];

function bareHead(requestLine: string, lines: readonly string[]): string {
  return [requestLine, 'Host: gateway.example.com', ...lines, '', ''].join('\r\n');
}

test.each(REFUSED)('S7 body bytes after a %s never parse as a request', async (_, status, head) => {
  const framings: readonly (readonly [string, string])[] = [
    // The body is the request; is shorter than it; is announced in chunks; never comes as announced.
    [`Content-Length: ${hidden().length}`, hidden()],
    ['Content-Length: 10', hidden() + hidden()],
    ['Content-Length: 1000000', hidden() + hidden()],
    [CHUNKED, `${chunk(hidden())}0\r\n\r\n${hidden()}`],
    [CHUNKED, hidden()],
  ];
  for (const [line, body] of framings) {
    // In one packet, and with the body only after the refusal.
    const together = await scenario.send(head([line]) + body);
    expect([line, ...together.map((answer) => answer.status)]).toEqual([line, status]);

    const conversation = await openConversation(scenario.gateway.port);
    conversation.write(head([line]));
    await eventually('the refusal', () => conversation.received().includes('\r\n\r\n'));
    conversation.write(body);
    conversation.end();
    expect((await conversation.answers()).map((answer) => answer.status)).toEqual([status]);
    expect(scenario.upstream.bytes()).toBe('');
  }
  await scenario.expectNothingForwarded();
});

test.each([
  ['CL', (body: string) => [`Content-Length: ${body.length}`, body]],
  ['TE', (body: string) => [CHUNKED, `${chunk(body)}0\r\n\r\n`]],
])('S9 upgrade and body: a WebSocket GET with %s that hides a request', async (_, frame) => {
  const [line = '', body = ''] = frame(hidden());
  for (const upgrade of ['websocket', 'WebSocket', 'h2c, websocket', 'websocket/13', 'websocket,h2c']) {
    const handshake = HANDSHAKE.map((text) => text.replace('websocket', upgrade));
    const answers = await scenario.send(scenario.request('GET /api/x HTTP/1.1', [...handshake, line], body));
    expect([upgrade, ...answers.map(({ status }) => status)]).toEqual([upgrade, 400]);
    await scenario.expectNothingForwarded();
  }
});
