/** Header values pass byte by byte, in both directions: they may be UTF-8, ISO-8859-1 or anything else above 0x7F (RFC 9110 §5.5). */
import { hash } from 'node:crypto';
import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { startIssuer } from '../support/issuer.ts';
import { eventually } from '../support/eventually.ts';
import { openSocket, parseResponses } from '../support/raw-client.ts';
import { startRecordingUpstream, type RecordedRequest } from '../support/recording-upstream.ts';
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
      - { service: api, scopes: [read_api, write_api, websocket], resources: ["**"] }
      - { service: npm, scopes: [read_package_registry], resources: ["**"] }
      - { service: registry, scopes: [read_registry], resources: ["**"] }
services:
  api: { type: http, path: /api/, keepCookies: true, webSockets: { idle: 5s }, upstream: { url: "${upstream.url}/" } }
  npm: { type: npm, path: /npm/, keepCookies: true, upstream: { url: "${upstream.url}/" } }
  registry: { type: oci, blobRedirects: follow, upstream: { url: "${upstream.url}/" } }
`,
});

/** As latin1, like all raw text of these tests. */
const UTF_8 = Buffer.from('attachment; filename="背景图1.jpg"').toString('latin1');
const LATIN_1 = 'attachment; filename="Prüfung\x80\xff.pdf"';
/** Valid UTF-8 for characters that are also latin1. */
const MIXED = Buffer.from('inline; filename="é.txt"').toString('latin1');
const VALUES = [UTF_8, LATIN_1, MIXED];
const NAMES = ['Content-Disposition', 'content-disposition', 'X-Name', 'ETag', 'Set-Cookie'];

const LARGE = 'x'.repeat(20_000);
const LENGTH = (body: string): string => `Content-Length: ${body.length}`;
const CHUNKED = 'Transfer-Encoding: chunked';

type Shape = readonly [name: string, line: string, status: string, lines: readonly string[], body: string];
const SHAPES: readonly Shape[] = [
  ['a short body', 'GET /api/x', '200 OK', [LENGTH('ok')], 'ok'],
  ['no body', 'GET /api/x', '200 OK', [LENGTH('')], ''],
  ['a long body', 'GET /api/x', '200 OK', [LENGTH(LARGE)], LARGE],
  ['chunks', 'GET /api/x', '200 OK', [CHUNKED], '2\r\nok\r\n0\r\n\r\n'],
  ['a body until the end of the connection', 'GET /api/x', '200 OK', ['Connection: close'], 'ok'],
  ['a response to HEAD', 'HEAD /api/x', '200 OK', [LENGTH('ok')], ''],
  ['a 304', 'GET /api/x', '304 Not Modified', [], ''],
  ['a 204', 'DELETE /api/x', '204 No Content', [], ''],
  ['a 206', 'GET /api/x', '206 Partial Content', [LENGTH('ok')], 'ok'],
  ['an error', 'GET /api/x', '404 Not Found', [LENGTH('no')], 'no'],
  ['a rewritten body', 'GET /npm/a', '200 OK', ['Content-Type: application/json', LENGTH('{}')], '{}'],
];

describe.each(SHAPES)('a response with %s', (_name, line, status, lines, body) => {
  test.each(NAMES.flatMap((name) => VALUES.map((value) => [name, value] as const)))(
    '%s: %s',
    async (name, value) => {
      // Node treats the header differently before and after Content-Length.
      for (const order of [
        [...lines, `${name}: ${value}`],
        [`${name}: ${value}`, ...lines],
      ]) {
        const bytes = [`HTTP/1.1 ${status}`, ...order, '', body].join('\r\n');
        scenario.upstream.respond((socket) => {
          socket.write(bytes, 'latin1');
          if (lines.includes('Connection: close')) socket.end();
        });
        const [response] = await scenario.send(scenario.request(line, ['Connection: close']), 2_000);
        expect(response?.status).toBe(Number(status.slice(0, 3)));
        expect(response?.headers.get(name.toLowerCase())).toEqual(
          line.startsWith('GET /npm/') && name === 'ETag' ? expect.anything() : value,
        );
        expect((await scenario.audited(response)).event.reason).toBe('granted');
      }
    },
  );
});

test.each([...VALUES])('a head that is sent before its body: %s', async (value) => {
  for (const framing of [LENGTH(LARGE), CHUNKED]) {
    const body = framing === CHUNKED ? `4e20\r\n${LARGE}\r\n0\r\n\r\n` : LARGE;
    let upstream: Socket | undefined;
    scenario.upstream.respond((socket) => {
      upstream = socket;
      socket.write(`HTTP/1.1 200 OK\r\n${framing}\r\nX-Name: ${value}\r\n\r\n`, 'latin1');
    });
    const client = await openSocket(scenario.gateway.port);
    let received = '';
    client.on('data', (chunk) => (received += chunk.toString('latin1')));
    client.write(scenario.request('GET /api/x', ['Connection: close']));
    await eventually('the response head', () => received.includes('\r\n\r\n'));
    upstream?.write(body, 'latin1');
    await new Promise((resolve) => client.once('close', resolve));
    expect(parseResponses(received)[0]?.headers.get('x-name')).toBe(value);
    expect(received).toContain(LARGE);
  }
});

test('two Content-Dispositions keep their order', async () => {
  scenario.upstream.respond(
    `HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Disposition: ${UTF_8}\r\nX: 1\r\nContent-Disposition: inline\r\n\r\nok`,
  );
  const response = await scenario.respond('GET /api/x');
  expect(response.headers.get('content-disposition')).toBe(`${UTF_8}, inline`);
});

test('a blob behind a redirect that the gateway follows', async () => {
  scenario.upstream.respond((socket, { requestLine }) => {
    const redirect = `HTTP/1.1 307 R\r\nLocation: /v2/storage\r\nContent-Length: 0\r\n\r\n`;
    const blob = `HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Disposition: ${UTF_8}\r\n\r\nok`;
    socket.write(requestLine.includes('storage') ? blob : redirect, 'latin1');
  });
  const response = await scenario.respond(`GET /v2/acme/api/blobs/sha256:${'a'.repeat(64)}`);
  expect([response.status, response.headers.get('content-disposition')]).toEqual([200, UTF_8]);
});

describe.each([
  ['without a body', 'GET /api/x', [], ''],
  ['with Content-Length', 'POST /api/x', [LENGTH('ok')], 'ok'],
  ['in chunks', 'POST /api/x', [CHUNKED], '2\r\nok\r\n0\r\n\r\n'],
] as const)('a request %s', (_name, line, lines, body) => {
  test.each(
    ['Content-Disposition', 'X-Name', 'If-Match', 'User-Agent'].flatMap((name) =>
      VALUES.map((value) => [name, value] as const),
    ),
  )('%s: %s', async (name, value) => {
    scenario.upstream.reset();
    for (const order of [
      [...lines, `${name}: ${value}`],
      [`${name}: ${value}`, ...lines],
    ]) {
      const bytes = Buffer.from(scenario.request(line, ['Connection: close', ...order], body), 'latin1');
      const [response] = await scenario.send(bytes);
      expect(response?.status).toBe(200);
      expect(scenario.upstream.requests().at(-1)?.headers.get(name.toLowerCase())).toEqual([value]);
    }
  });
});

describe('a WebSocket handshake', () => {
  const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
  const ACCEPT = hash('sha1', `${KEY}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`, 'base64');
  const handshake = (value: string): Buffer =>
    Buffer.from(
      scenario.request('GET /api/x', [
        'Connection: Upgrade',
        'Upgrade: websocket',
        'Sec-WebSocket-Version: 13',
        `Sec-WebSocket-Key: ${KEY}`,
        `Content-Disposition: ${value}`,
        `X-Name: ${value}`,
      ]),
      'latin1',
    );

  test.each(VALUES)('and its 101: %s', async (value) => {
    scenario.upstream.reset();
    scenario.upstream.respond((socket: Socket, _request: RecordedRequest) => {
      const lines = ['Connection: Upgrade', 'Upgrade: websocket', `Sec-WebSocket-Accept: ${ACCEPT}`];
      socket.write(
        [
          'HTTP/1.1 101 S',
          ...lines,
          `X-Name: ${value}`,
          `Content-Disposition: ${value}`,
          '',
          '\x81\x02\xc3\xbc',
        ].join('\r\n'),
        'latin1',
      );
    });
    const [response] = await scenario.send(handshake(value));
    expect(response?.status).toBe(101);
    expect(response?.headers.get('x-name')).toBe(value);
    expect(response?.headers.get('content-disposition')).toBe(value);
    const [received] = scenario.upstream.requests();
    expect(received?.headers.get('x-name')).toEqual([value]);
    expect(received?.headers.get('content-disposition')).toEqual([value]);
  });

  test.each(VALUES)('and another response: %s', async (value) => {
    scenario.upstream.respond(
      `HTTP/1.1 403 F\r\nContent-Length: 2\r\nX-Name: ${value}\r\nContent-Disposition: ${value}\r\n\r\nno`,
    );
    const [response] = await scenario.send(handshake(value));
    expect(response?.status).toBe(403);
    expect(response?.headers.get('x-name')).toBe(value);
    expect(response?.headers.get('content-disposition')).toBe(value);
  });
});
