/** X5: a WebSocket handshake needs its own grant; a grant to read does not cover it. */
import { hash } from 'node:crypto';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { auditedIn } from '../support/audited.ts';
import { openConversation } from '../support/conversation.ts';
import { eventually } from '../support/eventually.ts';
import { startIssuer } from '../support/issuer.ts';
import { reasonOf } from '../support/scenario/attack.ts';
import { rawRequest, rawResponse, type RawResponse } from '../support/raw-client.ts';
import { namesIn, receivedBy, valuesOf } from '../support/received.ts';
import { OK, startRecordingUpstream } from '../support/recording-upstream.ts';
import { useScenario } from '../support/scenario.ts';

const HANDSHAKE = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];
const SWITCHED = [
  'HTTP/1.1 101 Switching Protocols',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
  '',
  '',
].join('\r\n');
const EXEC = '/api/v1/namespaces/a/pods/b/exec?command=sh';
const EDGE = `ghdt_edge_${'7'.repeat(64)}`;
const VIEWER = `ghdt_viewer_${'8'.repeat(64)}`;

const scenario = useScenario({
  backends: { issuer: () => startIssuer(), upstream: () => startRecordingUpstream() },
  config: ({ issuer, upstream }) => `
issuers: { gitlab: { type: gitlab, issuer: "${issuer.url}" } }
identities:
  reader:
    issuer: gitlab
    match: { project_id: "20" }
    grants:
      - { service: plain, scopes: [read_api, write_api], resources: ["/**"] }
      - { service: cluster, scopes: [read, write], resources: ["/**"] }
  operator:
    issuer: gitlab
    match: { project_id: "21" }
    grants:
      - { service: plain, scopes: [websocket], resources: ["/talk/**"] }
      - { service: cluster, scopes: [exec], resources: ["/**"] }
  both:
    issuer: gitlab
    match: { project_id: "22" }
    grants: [{ service: plain, scopes: [read_api, websocket], resources: ["/**"] }]
deployTokens:
  edge: { username: edge, secretHash: "sha256:${hash('sha256', EDGE)}", grants: [{ service: plain, scopes: [read_api, websocket], resources: ["/**"] }] }
  viewer: { username: viewer, secretHash: "sha256:${hash('sha256', VIEWER)}", grants: [{ service: plain, scopes: [read_api], resources: ["/**"] }] }
services:
  plain:
    type: http
    path: /plain/
    upstream: { url: "${upstream.url}/" }
    anonymous:
      - { scopes: [read_api], resources: ["/open/**"] }
      - { scopes: [websocket], resources: ["/open/talk"] }
  cluster:
    type: http
    path: /cluster/
    upstream: { url: "${upstream.url}/" }
    operations:
      - { scope: read, methods: [GET, HEAD] }
      - { scope: write, methods: [POST, PUT, PATCH, DELETE] }
      - { scope: exec, methods: [GET], paths: ["/api/v1/namespaces/*/pods/*/exec", "/only/**"], webSocket: true }
  shadowed: { type: http, path: /shadowed/, mode: shadow, upstream: { url: "${upstream.url}/" } }
`,
});
afterEach(() => scenario.upstream.reset());

const job = (project: string): string => scenario.issuer.mint({ project_id: project });
const READER = '20';
const OPERATOR = '21';

function request(token: string | undefined, target: string, lines: readonly string[]): string {
  const credential = token === undefined ? [] : [`Authorization: Bearer ${token}`];
  return [`${target} HTTP/1.1`, 'Host: gateway.example.com', ...credential, ...lines, '', ''].join('\r\n');
}

/** The answer to a handshake; the upstream would switch. */
async function shake(token: string | undefined, path: string): Promise<RawResponse | undefined> {
  scenario.upstream.respond((socket) => {
    socket.write(SWITCHED);
    socket.end();
  });
  const [answer] = await rawRequest(scenario.gateway.port, request(token, `GET ${path}`, HANDSHAKE));
  return answer;
}

function plainly(token: string | undefined, target: string, ...lines: string[]): Promise<RawResponse> {
  scenario.upstream.respond(OK);
  return rawResponse(scenario.gateway.port, request(token, target, [...lines, 'Connection: close']));
}

async function expectRefused(
  answer: RawResponse | undefined,
  status: number,
  reason: string,
  detail: RegExp,
): Promise<void> {
  expect(answer && [answer.status, reasonOf(answer)]).toEqual([status, reason]);
  expect(scenario.upstream.bytes()).toBe('');
  const { event, gatehouse } = await auditedIn(scenario.gateway, answer);
  expect(event.reason).toBe(reason);
  expect(gatehouse['detail']).toMatch(detail);
}

describe('without operations: the scope websocket', () => {
  test.each([
    ['an ID token', () => job(READER)],
    ['a deploy token', () => VIEWER],
  ])('%s with a grant to read and write opens nothing', async (_, token) => {
    await expectRefused(await shake(token(), '/plain/talk/a'), 403, 'scope_not_granted', /websocket/);
    expect((await plainly(token(), 'GET /plain/talk/a')).status).toBe(200);
  });

  test('anonymous read access opens nothing without an anonymous grant for handshakes', async () => {
    await expectRefused(await shake(undefined, '/plain/open/a'), 401, 'no_credential', /./);
    expect((await plainly(undefined, 'GET /plain/open/a')).status).toBe(200);
    expect((await shake(undefined, '/plain/open/talk'))?.status).toBe(101);
  });

  test.each([
    ['an ID token', () => job(OPERATOR), '/plain/talk/a'],
    ['an ID token that may read too', () => job('22'), '/plain/a'],
    ['a deploy token', () => EDGE, '/plain/a'],
  ])('%s with the scope opens one, and the upstream is told the scope', async (_, token, path) => {
    expect((await shake(token(), path))?.status).toBe(101);
    expect(valuesOf(receivedBy(scenario.upstream), 'X-Auth-Scopes')).toEqual(['websocket']);
  });

  test('the scope is for its resources, and for nothing but handshakes', async () => {
    await expectRefused(await shake(job(OPERATOR), '/plain/else'), 403, 'resource_not_granted', /./);
    for (const method of ['GET', 'HEAD', 'OPTIONS', 'POST']) {
      const { status } = await plainly(job(OPERATOR), `${method} /plain/talk/a`, 'Content-Length: 0');
      expect([method, status]).toEqual([method, 403]);
    }
    expect(scenario.upstream.bytes()).toBe('');
  });
});

describe('with operations: an entry with webSocket: true', () => {
  test('an entry without it covers no handshake, although method and path fit', async () => {
    await expectRefused(await shake(job(READER), `/cluster${EXEC}`), 403, 'scope_not_granted', /exec/);
    await expectRefused(
      await shake(job(READER), '/cluster/api/v1/pods'),
      403,
      'operation_unknown',
      /WebSocket handshake/,
    );
    expect((await plainly(job(READER), `GET /cluster${EXEC}`)).status).toBe(200);
  });

  test('an entry with it covers the handshakes on its paths', async () => {
    expect((await shake(job(OPERATOR), `/cluster${EXEC}`))?.status).toBe(101);
    expect(valuesOf(receivedBy(scenario.upstream), 'X-Auth-Scopes')).toEqual(['exec']);
    scenario.upstream.reset();
    await expectRefused(
      await shake(job(OPERATOR), '/cluster/api/v1/pods'),
      403,
      'operation_unknown',
      /handshake/,
    );
  });

  test('first match wins for plain requests as before', async () => {
    const answer = await plainly(job(OPERATOR), `GET /cluster${EXEC}`);
    expect([answer.status, reasonOf(answer)]).toEqual([403, 'scope_not_granted']);
    expect(scenario.upstream.bytes()).toBe('');
  });
});

test('in shadow: forwarded without identity, and audited as a handshake that nothing grants', async () => {
  const answer = await shake(job(READER), '/shadowed/a');
  expect(answer?.status).toBe(101);
  expect(namesIn(receivedBy(scenario.upstream))).not.toContain('x-auth-identity');
  const { gatehouse } = await auditedIn(scenario.gateway, answer);
  expect(gatehouse['relaxed']).toMatchObject({
    reason: 'scope_not_granted',
    detail: expect.stringMatching(/websocket/),
  });
});

describe('a token that was minted', () => {
  async function mint(project: string, scope: string): Promise<string> {
    const body = new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
      subject_token: job(project),
      audience: 'plain',
      scope,
    });
    const answer = await fetch(`${scenario.gateway.url}/oauth/token`, { method: 'POST', body });
    return String(((await answer.json()) as { access_token?: unknown }).access_token);
  }

  test('for reading opens nothing, although its identity could', async () => {
    const token = await mint('22', 'read_api');
    await expectRefused(await shake(token, '/plain/a'), 403, 'insufficient_scope', /websocket/);
    expect((await plainly(token, 'GET /plain/a')).status).toBe(200);
  });

  test('for WebSockets opens one, and reads nothing', async () => {
    const token = await mint('22', 'websocket');
    expect((await plainly(token, 'GET /plain/a')).status).toBe(403);
    expect((await shake(token, '/plain/a'))?.status).toBe(101);
  });
});

test.each(['POST', 'GET'])('SPDY is refused with its cause, and not forwarded: %s', async (method) => {
  const lines = ['Connection: Upgrade', 'Upgrade: SPDY/3.1', 'Content-Length: 0'];
  const [answer] = await rawRequest(
    scenario.gateway.port,
    request(job(READER), `${method} /cluster${EXEC}`, lines),
  );
  expect(answer?.status).toBe(403);
  expect(JSON.parse(answer?.body ?? '')).toMatchObject({
    kind: 'Status',
    reason: 'Forbidden',
    message: expect.stringMatching(/SPDY.*operation_unknown/),
  });
  expect(scenario.upstream.bytes()).toBe('');
});

describe('what cannot switch is decided as the plain request that is forwarded', () => {
  test.each([
    [
      'HTTP/2 without TLS',
      ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABk'],
    ],
    ['TLS', ['Connection: Upgrade', 'Upgrade: TLS/1.2']],
    ['one of several', ['Connection: Upgrade', 'Upgrade: SPDY/3.1, websocket']],
  ])('%s: the scope of its method, and no Upgrade for the upstream', async (_, lines) => {
    scenario.upstream.respond(SWITCHED.replaceAll('websocket', 'SPDY/3.1'));
    const exec = `POST /cluster${EXEC}`;
    const refused = await rawRequest(
      scenario.gateway.port,
      request(job(OPERATOR), exec, [...lines, 'Content-Length: 0']),
    );
    expect(refused.map(({ status }) => status)).toEqual([403]);
    expect(scenario.upstream.bytes()).toBe('');
    for (const target of [exec, `GET /cluster${EXEC}`]) {
      scenario.upstream.reset();
      scenario.upstream.respond(SWITCHED.replaceAll('websocket', 'SPDY/3.1'));
      const [answer] = await rawRequest(
        scenario.gateway.port,
        request(job(READER), target, [...lines, 'Content-Length: 0']),
      );
      expect(answer?.status).toBe(502);
      const names = scenario.upstream.requests().flatMap(namesIn);
      expect(names).toContain('x-auth-identity');
      expect(names.filter((name) => /upgrade|http2/.test(name))).toEqual([]);
    }
  });

  test('a handshake behind a request that is under way needs the grant to read', async () => {
    const sockets: Socket[] = [];
    scenario.upstream.respond((socket) => void sockets.push(socket));
    const conversation = await openConversation(scenario.gateway.port);
    conversation.write(
      request(EDGE, 'GET /plain/first', []) + request(job(OPERATOR), 'GET /plain/talk/a', HANDSHAKE),
    );
    await eventually('the first request', () => sockets.length === 1);
    sockets[0]?.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    expect((await conversation.answers()).map(({ status }) => status)).toEqual([200, 403]);
    expect(scenario.upstream.requests().map(({ requestLine }) => requestLine)).toEqual([
      'GET /first HTTP/1.1',
    ]);
  });
});

test('a WebSocket ends when a reload takes the scope away, although reading stays granted', async () => {
  scenario.upstream.respond(SWITCHED);
  const conversation = await openConversation(scenario.gateway.port);
  conversation.write(request(job('22'), 'GET /plain/last', HANDSHAKE));
  await eventually('the handshake', () => conversation.received().includes('101 Switching'));
  expect(
    await scenario.gateway.reload((yaml) =>
      yaml.replace(
        '[read_api, websocket], resources: ["/**"] }]\ndep',
        '[read_api], resources: ["/**"] }]\ndep',
      ),
    ),
  ).toBe(true);
  await conversation.answers();
  const ended = await eventually('its audit event', () =>
    scenario.gateway
      .auditText()
      .split('\n')
      .find((line) => line.includes('"path":"/plain/last"') && line.endsWith('}')),
  );
  expect(JSON.parse(ended)).toMatchObject({
    event: { reason: 'scope_not_granted' },
    http: { response: { status_code: 101 } },
  });
});
