/** L11: an upstream signs the gateway's account in to a session; the client gets its cookie only with `keepCookies`. */
import { afterEach, describe, expect, test } from 'vitest';
import { startIssuer } from '../support/issuer.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { useScenario } from '../support/scenario.ts';

const scenario = useScenario({
  backends: { issuer: () => startIssuer(), upstream: () => startRecordingUpstream() },
  token: ({ issuer }) => issuer.mint(),
  config: ({ issuer, upstream }) => `
issuers: { gitlab: { type: gitlab, issuer: "${issuer.url}" } }
identities:
  ci:
    issuer: gitlab
    match: { project_id: "20" }
    grants:
      - { service: api, scopes: [read_api, websocket], resources: ["**"] }
      - { service: kept, scopes: [read_api, websocket], resources: ["**"] }
      - { service: npm, scopes: [read_package_registry], resources: ["**"] }
      - { service: registry, scopes: [read_registry], resources: ["**"] }
services:
  api: { type: http, path: /api/, upstream: { url: "${upstream.url}/", auth: { bearer: { token: account } } } }
  kept: { type: http, path: /kept/, keepCookies: true, upstream: { url: "${upstream.url}/" } }
  npm: { type: npm, path: /npm/, upstream: { url: "${upstream.url}/" } }
  registry: { type: oci, blobRedirects: follow, upstream: { url: "${upstream.url}/" } }
`,
});
afterEach(() => scenario.upstream.reset());

const COOKIES = [
  'Set-Cookie: _gitlab_session=canary; Path=/; HttpOnly',
  'set-cookie: i_like_gitea=canary',
  'Set_Cookie: NXSESSIONID=canary',
  'Set-Cookie2: SESSION=canary; Version=1',
  'SET_COOKIE2: JSESSIONID=canary',
];
const CLOSE = ['Connection: close'];
const HANDSHAKE = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];
const SWITCHING = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
];
const LENGTH = 'Content-Length: 2';
const JSON_TYPE = 'Content-Type: application/json';

const response = (status: string, lines: readonly string[], body = ''): string =>
  [`HTTP/1.1 ${status}`, 'X-Other: relayed', ...COOKIES, ...lines, '', body].join('\r\n');

/** Response, path, request headers, response bytes, status at the client. */
type Case = readonly [string, string, readonly string[], string, number];
const CASES: readonly Case[] = [
  ['a response', 'x', CLOSE, response('200 OK', [LENGTH], 'ok'), 200],
  ['a 304', 'x', CLOSE, response('304 Not Modified', []), 304],
  ['an error', 'x', CLOSE, response('404 Not Found', [LENGTH], 'no'), 404],
  ['a redirect', 'x', CLOSE, response('302 Found', ['Location: /users/sign_in', 'Content-Length: 0']), 302],
  ['a WebSocket handshake', 'x', HANDSHAKE, response('101 Switching Protocols', SWITCHING), 101],
  ['a refused WebSocket handshake', 'x', HANDSHAKE, response('403 Forbidden', [LENGTH], 'no'), 403],
  [
    'an interim response',
    'x',
    CLOSE,
    `${response('103 Early Hints', [])}${response('200 OK', [LENGTH], 'ok')}`,
    200,
  ],
  [
    'trailers',
    'x',
    CLOSE,
    response(
      '200 OK',
      ['Transfer-Encoding: chunked', 'Trailer: Set-Cookie'],
      '2\r\nok\r\n0\r\nSet-Cookie: a=canary\r\n\r\n',
    ),
    200,
  ],
];

describe('L11 without keepCookies, no cookie of the upstream reaches the client', () => {
  test.each(CASES)('%s', async (_name, path, headers, bytes, status) => {
    scenario.upstream.respond(bytes);
    const [received] = await scenario.send(scenario.request(`GET /api/${path}`, headers));
    expect([received?.status, received?.headers.get('x-other')]).toEqual([status, 'relayed']);
    expect(`${received?.head}${received?.body}`).not.toMatch(/canary|cookie/i);
  });

  test('a rewritten document', async () => {
    scenario.upstream.respond(response('200 OK', [JSON_TYPE, LENGTH], '{}'));
    const received = await scenario.respond('GET /npm/a');
    expect([received.status, received.headers.get('x-other')]).toEqual([200, 'relayed']);
    expect(received.head).not.toMatch(/canary|cookie/i);
  });

  test('a redirect that the gateway follows', async () => {
    const redirect = response('307 Temporary Redirect', ['Location: /stored', 'Content-Length: 0']);
    scenario.upstream.respond((socket, { requestLine }) =>
      socket.write(requestLine.includes('/stored') ? response('200 OK', [LENGTH], 'ok') : redirect),
    );
    const received = await scenario.respond(`GET /v2/a/b/blobs/sha256:${'a'.repeat(64)}`);
    expect([received.status, received.body, received.headers.get('x-other')]).toEqual([200, 'ok', 'relayed']);
    expect(received.head).not.toMatch(/canary|cookie/i);
  });
});

describe('with keepCookies, the client gets the cookies of the upstream', () => {
  test.each(CASES)('%s', async (_name, path, headers, bytes, status) => {
    scenario.upstream.respond(bytes);
    const [received] = await scenario.send(scenario.request(`GET /kept/${path}`, headers));
    expect(received?.status).toBe(status);
    for (const line of COOKIES) expect(received?.head).toContain(`${line.slice(line.indexOf(':') + 2)}\r\n`);
    // Without trailers and interim responses: their cookies would be further ones.
    expect(received?.head.match(/canary/g)).toHaveLength(COOKIES.length);
    expect(received?.body).not.toContain('canary');
  });
});
