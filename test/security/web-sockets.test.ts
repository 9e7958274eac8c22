/** U2, U3, S9: authorization and validation of WebSocket handshakes; no other request becomes a tunnel. */
import type { Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openConversation } from '../support/conversation.ts';
import { eventually } from '../support/eventually.ts';
import { reasonOf, startAttackScenario, type AttackScenario } from '../support/scenario/attack.ts';
import { namesIn, receivedBy, valuesOf } from '../support/received.ts';

let scenario: AttackScenario;
beforeAll(async () => {
  scenario = await startAttackScenario({
    resources: ['/x', '/y'],
    services: `
off: { type: http, path: /off/, webSockets: false, upstream: { url: "UPSTREAM/" }, anonymous: [{ scopes: [read_api], resources: ["/**"] }] }
files: { type: generic, path: /files/, upstream: { url: "UPSTREAM/" }, anonymous: [{ scopes: [read_package_registry], resources: ["**"] }] }
open: { type: http, path: /open/, upstream: { url: "UPSTREAM/", timeouts: { headers: 300ms, connect: 300ms, idle: 300ms } }, anonymous: [{ scopes: [websocket], resources: ["/**"] }] }
`,
  });
});
afterEach(() => scenario.reset());
afterAll(() => scenario.close());

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const HANDSHAKE = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  `Sec-WebSocket-Key: ${KEY}`,
];
const without = (name: string): string[] => HANDSHAKE.filter((line) => !line.startsWith(`${name}:`));
const SWITCHED = [
  'HTTP/1.1 101 Switching Protocols',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
  '',
  '',
].join('\r\n');

describe('U2 who may', () => {
  test.each([
    [
      'no credential',
      () => scenario.requestAs(undefined, 'GET /api/x HTTP/1.1', HANDSHAKE),
      401,
      'no_credential',
    ],
    [
      'whom no identity fits',
      () => scenario.requestAs(scenario.mint({ project_id: '21' }), 'GET /api/x HTTP/1.1', HANDSHAKE),
      403,
      'no_matching_identity',
    ],
    [
      'with a token that has ended',
      () => scenario.requestAs(scenario.mint({}, { lifetime: -60 }), 'GET /api/x HTTP/1.1', HANDSHAKE),
      401,
      'token_expired',
    ],
    [
      'where it is not granted',
      () => scenario.request('GET /api/z HTTP/1.1', HANDSHAKE),
      403,
      'resource_not_granted',
    ],
    [
      'at a service that wants none',
      () => scenario.request('GET /off/x HTTP/1.1', HANDSHAKE),
      403,
      'operation_unknown',
    ],
    [
      'at a service of a type that has none',
      () => scenario.request('GET /files/x HTTP/1.1', HANDSHAKE),
      403,
      'operation_unknown',
    ],
    ['nowhere', () => scenario.request('GET /nowhere HTTP/1.1', HANDSHAKE), 404, 'no_service'],
  ])('%s: refused, and the upstream gets nothing', async (_who, request, status, reason) => {
    scenario.upstream.respond(SWITCHED);
    const answers = await scenario.send(request() + scenario.request('GET /api/y HTTP/1.1'));
    expect(answers.map((answer) => answer.status)).toEqual([status]);
    expect(answers[0]?.headers.get('connection')).toBe('close');
    const [answer] = answers;
    if (answer?.body.startsWith('{') === true) expect(reasonOf(answer)).toBe(reason);
    expect((await scenario.audited(answer)).event.reason).toBe(reason);
    expect(scenario.upstream.bytes()).toBe('');
    scenario.upstream.reset();
    await scenario.expectAlive();
  });

  test('an endpoint of the gateway’s own answers it as what it is', async () => {
    const [answer, ...more] = await scenario.send(
      scenario.request('GET /.well-known/jwks.json HTTP/1.1', HANDSHAKE),
    );
    expect([answer?.status, more]).toEqual([200, []]);
    await scenario.expectNothingForwarded();
  });
});

describe('S9 what is none', () => {
  test.each([
    ['POST', 'POST', HANDSHAKE],
    ['HEAD', 'HEAD', HANDSHAKE],
    ['a length', 'GET', [...HANDSHAKE, 'Content-Length: 5']],
    ['chunks', 'GET', [...HANDSHAKE, 'Transfer-Encoding: chunked']],
    ['an Expect', 'GET', [...HANDSHAKE, 'Expect: 100-continue']],
    ['no version', 'GET', without('Sec-WebSocket-Version')],
    ['version 8', 'GET', [...without('Sec-WebSocket-Version'), 'Sec-WebSocket-Version: 8']],
    ['two versions', 'GET', [...HANDSHAKE, 'Sec-WebSocket-Version: 13']],
    ['no key', 'GET', without('Sec-WebSocket-Key')],
    ['two keys', 'GET', [...HANDSHAKE, `Sec-WebSocket-Key: ${KEY}`]],
    ['a short key', 'GET', [...without('Sec-WebSocket-Key'), 'Sec-WebSocket-Key: c2hvcnQ=']],
    ['a key in another spelling', 'GET', [...without('Sec-WebSocket-Key'), `Sec_WebSocket_Key: ${KEY}x`]],
  ])('%s: 400, and the upstream gets nothing', async (_what, method, lines) => {
    const answers = await scenario.send(
      scenario.request(`${method} /api/x HTTP/1.1`, lines, scenario.request('GET /api/y HTTP/1.1')),
    );
    expect(answers[0]?.status).toBe(400);
    expect(answers).toHaveLength(1);
    expect(scenario.upstream.bytes()).toBe('');
    await scenario.expectAlive();
  });

  test.each([
    ['only in Upgrade', without('Connection')],
    ['only in Connection', without('Upgrade')],
    ['one of several protocols', [...without('Upgrade'), 'Upgrade: h2c, websocket']],
    ['in two lines', [...HANDSHAKE, 'Upgrade: h2c']],
    ['of another version of the protocol', [...without('Upgrade'), 'Upgrade: websocket/8']],
  ])('%s: the offered upgrade is ignored', async (_what, lines) => {
    const answers = await scenario.send(scenario.request('GET /api/x HTTP/1.1', [...lines, 'X-Last: y']));
    expect(answers.map(({ status }) => status)).toEqual([200]);
    expect(namesIn(receivedBy(scenario.upstream))).not.toContain('upgrade');
    await scenario.expectAlive();
  });

  test('behind a request that is still under way: no tunnel', async () => {
    const sockets: Socket[] = [];
    scenario.upstream.respond((socket) => void sockets.push(socket));
    const conversation = await openConversation(scenario.gateway.port);
    conversation.write(
      scenario.request('GET /api/y HTTP/1.1') + scenario.request('GET /api/x HTTP/1.1', HANDSHAKE),
    );
    await eventually('both at the upstream', () => sockets.length === 2);
    for (const socket of sockets) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    expect((await conversation.answers()).map(({ status }) => status)).toEqual([200, 200]);
    expect(scenario.upstream.bytes()).not.toMatch(/^upgrade:/im);
    await scenario.expectAlive();
  });
});

/** The connection of an earlier request is reused for four seconds; without it, one opens for the handshake only. */
async function closeIdleConnections(): Promise<void> {
  scenario.upstream.interrupt((socket) => socket.destroy());
  await eventually('no connection to the upstream', () => scenario.upstream.open() === 0);
}

describe('U3 what the upstream may answer', () => {
  const answer = (...lines: readonly string[]): string => [...lines, '', ''].join('\r\n');
  const switched = (from: string, to: string): string => SWITCHED.replace(from, to);
  test.each([
    ['200', answer('HTTP/1.1 200 OK', 'Content-Length: 0'), 200],
    ['403', answer('HTTP/1.1 403 No', 'Content-Length: 0'), 403],
    ['426', answer('HTTP/1.1 426 No', 'Upgrade: websocket', 'Content-Length: 0'), 426],
    ['401', answer('HTTP/1.1 401 No', 'WWW-Authenticate: Basic realm="evil"', 'Content-Length: 0'), 502],
    ['a redirect elsewhere', answer('HTTP/1.1 302 X', 'Location: http://evil/', 'Content-Length: 0'), 502],
    ['101 to another protocol', switched('Upgrade: websocket', 'Upgrade: h2c'), 502],
    ['101 to two protocols', switched('Upgrade: websocket', 'Upgrade: websocket\r\nUpgrade: h2c'), 502],
    ['101 to none', switched('Upgrade: websocket\r\n', ''), 502],
    ['101 that is not of this hop', switched('Connection: Upgrade', 'Connection: close'), 502],
    ['101 to another handshake', switched('s3pP', 'AAAA'), 502],
    ['101 to no handshake', switched('Sec-WebSocket-Accept', 'X-Accept'), 502],
    ['101 with two proofs', SWITCHED.replace('\r\n\r\n', '\r\nSec-WebSocket-Accept: x\r\n\r\n'), 502],
    ['101 with a body', SWITCHED.replace('\r\n\r\n', '\r\nContent-Length: 2\r\n\r\nok'), 502],
    [
      '101 with an unasked subprotocol',
      SWITCHED.replace('\r\n\r\n', '\r\nSec-WebSocket-Protocol: x\r\n\r\n'),
      502,
    ],
    ['099', answer('HTTP/1.1 099 X', 'Content-Length: 0'), 502],
    ['interim answers and 101 to nothing', answer('HTTP/1.1 103 X') + answer('HTTP/1.1 101 X'), 502],
    ['nonsense', 'garbage\r\n\r\n', 502],
  ])('%s: no tunnel, and nothing behind it is read', async (_what, response, status) => {
    await closeIdleConnections();
    scenario.upstream.respond((socket) => socket.write(response, 'latin1'));
    const conversation = await openConversation(scenario.gateway.port);
    conversation.write(scenario.request('GET /api/x HTTP/1.1', HANDSHAKE, '\x81\x06framed'));
    await eventually('the answer', () => conversation.received().includes('\r\n\r\n'));
    conversation.write(scenario.request('GET /api/y HTTP/1.1'));
    const answers = await conversation.answers();
    expect(answers.map((each) => each.status)).toEqual([status]);
    expect(answers[0]?.headers.get('connection')).toBe('close');
    expect(conversation.received()).not.toMatch(/evil|sec-websocket/i);
    expect(scenario.upstream.requests().map(({ requestLine }) => requestLine)).toEqual(['GET /x HTTP/1.1']);
    expect(scenario.upstream.bytes()).not.toMatch(/framed|\/y/);
    const { gatehouse } = await scenario.audited(answers[0]);
    expect(gatehouse).toMatchObject({ decision: 'allow' });
    await eventually('the upstream’s connection to be closed', () => scenario.upstream.open() === 0);
    await scenario.expectAlive();
  });

  test('a long refusal comes whole', async () => {
    const body = 'no '.repeat(1_000_000);
    scenario.upstream.respond(`HTTP/1.1 403 No\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    const [refusal] = await scenario.send(scenario.request('GET /api/x HTTP/1.1', HANDSHAKE), 5_000);
    expect([refusal?.status, refusal?.body.length]).toEqual([403, body.length]);
    await scenario.expectAlive();
  });

  test.each([
    ['closes', (socket: Socket) => socket.destroy(), 502, 'upstream_unreachable'],
    ['hangs', () => undefined, 504, 'upstream_timeout'],
    ['hangs in its head', (socket: Socket) => socket.write('HTTP/1.1 101 X\r\n'), 504, 'upstream_timeout'],
  ])('it %s', async (_what, act, status, reason) => {
    scenario.upstream.respond((socket) => void act(socket));
    const [refusal] = await scenario.send(
      scenario.requestAs(undefined, 'GET /open/x HTTP/1.1', HANDSHAKE),
      3_000,
    );
    expect([refusal?.status, refusal && reasonOf(refusal)]).toEqual([status, reason]);
    await scenario.expectAlive();
  });
});

test('early bytes wait for the 101 and reach only its upstream', async () => {
  const sockets: Socket[] = [];
  scenario.upstream.respond((socket) => void sockets.push(socket));
  const conversation = await openConversation(scenario.gateway.port);
  conversation.write(scenario.request('GET /api/x HTTP/1.1', HANDSHAKE, 'early-1'));
  await eventually('the handshake', () => sockets.length === 1);
  conversation.write('early-2');
  const [upstream] = sockets;
  upstream?.write(SWITCHED.slice(0, 40));
  await scenario.expectAlive();
  expect(scenario.upstream.bytes()).not.toContain('early');
  const got: string[] = [];
  upstream?.on('data', (chunk) => got.push(chunk.toString('latin1')));
  upstream?.write(`${SWITCHED.slice(40)}hello`);
  await eventually('messages of the client', () => got.join('') === 'early-1early-2');
  await eventually('messages of the upstream', () => conversation.received().endsWith('\r\n\r\nhello'));
  expect(conversation.received()).toMatch(/^HTTP\/1\.1 101 Switching Protocols\r\n/);
  conversation.destroy();
  await eventually('the upstream’s end', () => upstream?.destroyed === true || scenario.upstream.open() <= 1);
});

test('the handshake is cleaned as any request is, and the answer as any answer', async () => {
  const secret = 'base64url.bearer.authorization.k8s.io.Y2FuYXJ5';
  scenario.upstream.respond(
    SWITCHED.replace(
      '\r\n\r\n',
      '\r\nSec-WebSocket-Protocol: chat\r\nX-Secret: hop\r\nConnection: X-Secret\r\nAlt-Svc: h3=":1"\r\nX-Two: 1\r\nX-Two: 2\r\nSet-Cookie: a=1\r\n\r\n',
    ),
  );
  const conversation = await openConversation(scenario.gateway.port);
  conversation.write(
    scenario.request('GET /api/x?q=%22a%27b&access_token_=1&sudo=root HTTP/1.1', [
      ...without('Connection'),
      'Connection: Upgrade, X-Auth-Subject, keep-alive',
      'X-Auth-Subject: admin',
      'X_Forwarded_For: 10.0.0.1',
      'Sudo: root',
      'Cookie: canary=1',
      `Sec-WebSocket-Protocol: ${secret}, chat`,
    ]),
  );
  await eventually('the answer', () => conversation.received().includes('\r\n\r\n'));
  const request = receivedBy(scenario.upstream);
  expect(request.requestLine).toBe('GET /x?q=%22a%27b&access_token_=1 HTTP/1.1');
  expect(valuesOf(request, 'x-auth-subject')).toEqual([
    'project_path:acme/payments:ref_type:branch:ref:main',
  ]);
  expect(valuesOf(request, 'x-forwarded-for')).toEqual(['127.0.0.1']);
  expect(valuesOf(request, 'connection')).toEqual(['Upgrade']);
  expect(valuesOf(request, 'sec-websocket-protocol')[0]?.trim()).toBe('chat');
  expect(scenario.upstream.bytes()).not.toMatch(/canary=|sudo|admin|k8s\.io/i);
  const head = conversation.received();
  expect(head).not.toMatch(/x-secret|alt-svc|cookie/i);
  expect(head.match(/^x-two: /gim)).toHaveLength(2);
  expect(head).toMatch(/^x-request-id: /im);
  conversation.destroy();
  scenario.upstream.interrupt((socket) => socket.destroy());
});

test('D4: a client that leaves before the answer takes its handshake along', async () => {
  scenario.upstream.respond(() => undefined);
  for (let n = 0; n < 5; n++) {
    const conversation = await openConversation(scenario.gateway.port);
    conversation.write(scenario.request('GET /api/x HTTP/1.1', HANDSHAKE));
    await eventually('the handshake', () => scenario.upstream.requests().length === n + 1);
    if (n % 2 === 0) conversation.end();
    else conversation.destroy();
  }
  await eventually('no connection is left', () => scenario.upstream.open() <= 1);
  await scenario.expectAlive();
});
