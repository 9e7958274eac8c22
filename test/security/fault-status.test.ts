/** S11: a fault after the upstream's head is answered by the gateway alone: its status, its phrase, its headers (threats.md). */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { beforeEach, describe, expect, test } from 'vitest';
import { auditedIn } from '../support/audited.ts';
import { openConversation } from '../support/conversation.ts';
import { eventually } from '../support/eventually.ts';
import { startIssuer } from '../support/issuer.ts';
import { startKeepAliveClient } from '../support/keep-alive-client.ts';
import type { RawResponse } from '../support/raw-client.ts';
import { OK, startRecordingUpstream } from '../support/recording-upstream.ts';
import { useScenario } from '../support/scenario.ts';

/** What the upstream sends in each head; nothing of it may be in a response of the gateway. */
const HEAD = [
  'ETag: "canary"',
  'Set-Cookie: session=canary',
  'X-Canary: canary',
  'Last-Modified: Sat, 21 Nov 2026 12:00:00 GMT',
  'Cache-Control: public, max-age=canary',
].join('\r\n');

/** An upstream that answers as soon as a request begins, as `twine` never sees it. */
interface EarlyUpstream {
  readonly port: number;
  readonly sockets: ReadonlySet<Socket>;
  close(): void;
}

const service = (name: string, type: string, port: number): string =>
  `  ${name}: { type: ${type}, path: /${name}/, keepCookies: true, upstream: { url: "http://127.0.0.1:${port}/", timeouts: { idle: 300ms } } }`;
const packages = (name: string): string =>
  `      - { service: ${name}, scopes: [read_package_registry, write_package_registry], resources: ["**"] }`;
const scenario = useScenario({
  backends: {
    issuer: () => startIssuer(),
    upstream: () => startRecordingUpstream(),
    early: startEarlyUpstream,
  },
  token: ({ issuer }) => issuer.mint(),
  config: ({ issuer, upstream, early }) => `
issuers: { gitlab: { type: gitlab, issuer: "${issuer.url}" } }
identities:
  ci:
    issuer: gitlab
    match: { project_id: "20" }
    grants:
${['pypi', 'npm', 'crates', 'early'].map(packages).join('\n')}
      - { service: api, scopes: [read_api, write_api], resources: ["**"] }
services:
${service('api', 'http', upstream.port)}
${service('pypi', 'pypi', upstream.port)}
${service('npm', 'npm', upstream.port)}
${service('crates', 'cargo', upstream.port)}
${service('early', 'pypi', early.port)}
`,
});
beforeEach(() => scenario.upstream.reset());

async function startEarlyUpstream(): Promise<EarlyUpstream> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', () => socket.write(`HTTP/1.1 201 canary\r\n${HEAD}\r\nContent-Length: 10\r\n\r\n`));
    socket.resume();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    sockets,
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

type Act = (socket: Socket) => void;

/** Writes these bytes, then does this with the connection. */
const write =
  (bytes: string, then: Act = () => undefined): Act =>
  (socket) => {
    socket.write(Buffer.from(bytes, 'latin1'), () => then(socket));
  };
const head = (status: string, ...lines: readonly string[]): string =>
  [`HTTP/1.1 ${status}`, HEAD, ...lines, '', ''].join('\r\n');
const end: Act = (socket) => void socket.end();
const reset: Act = (socket) => void socket.resetAndDestroy();

const HTML = 'Content-Type: text/html';
const JSON_TYPE = 'Content-Type: application/json';
const CHUNKED = 'Transfer-Encoding: chunked';

/** What the upstream does, the path that is asked for, and the reason of the gateway's answer. */
const FAULTS: readonly (readonly [string, string, Act, string])[] = [
  [
    'the end before the first byte',
    '/api/x',
    write(head('200 canary', 'Content-Length: 10'), end),
    'upstream_unreachable',
  ],
  [
    'a reset before the first byte',
    '/api/x',
    write(head('206 canary', 'Content-Length: 10'), reset),
    'upstream_unreachable',
  ],
  ['no first byte', '/api/x', write(head('201 canary', 'Content-Length: 10')), 'upstream_timeout'],
  [
    'a redirect elsewhere',
    '/api/x',
    write(head('302 canary', 'Location: https://evil.example/', 'Content-Length: 0')),
    'upstream_invalid',
  ],
  [
    'two framings',
    '/api/x',
    write(`${head('200 canary', 'Content-Length: 2', CHUNKED)}0\r\n\r\n`),
    'upstream_invalid',
  ],
  [
    'a trailer where none can be',
    '/api/x',
    write(`${head('200 canary', 'Trailer: X-A', 'Content-Length: 2')}ok`),
    'upstream_invalid',
  ],
  [
    'a control character in the phrase',
    '/api/x',
    write(`${head('200 can\x01ary', 'Content-Length: 2')}ok`),
    'upstream_invalid',
  ],
  [
    'a refused credential',
    '/api/x',
    write(`${head('401 canary', 'Content-Length: 2')}no`),
    'upstream_unauthorized',
  ],
  [
    'an encoded document',
    '/pypi/simple/acme/',
    write(`${head('200 canary', HTML, 'Content-Encoding: gzip', 'Content-Length: 2')}\x1f\x8b`),
    'upstream_invalid',
  ],
  [
    'a document that is no text',
    '/pypi/simple/acme/',
    write(`${head('200 canary', HTML, 'Content-Length: 2')}\xff\xfe`),
    'upstream_invalid',
  ],
  [
    'a document that is no JSON',
    '/crates/config.json',
    write(`${head('200 canary', JSON_TYPE, 'Content-Length: 3')}{{{`),
    'upstream_invalid',
  ],
  [
    'a document over its limit',
    '/crates/config.json',
    write(head('200 canary', JSON_TYPE, `Content-Length: ${70 * 1024}`) + ' '.repeat(70 * 1024)),
    'upstream_invalid',
  ],
  [
    'a chunked document over its limit',
    '/crates/config.json',
    write(`${head('200 canary', JSON_TYPE, CHUNKED)}11800\r\n${' '.repeat(70 * 1024)}\r\n0\r\n\r\n`),
    'upstream_invalid',
  ],
  [
    'a document cut short',
    '/pypi/simple/acme/',
    write(`${head('200 canary', HTML, 'Content-Length: 9')}<a`, end),
    'upstream_unreachable',
  ],
  [
    'a document cut short in a chunk',
    '/pypi/simple/acme/',
    write(`${head('200 canary', HTML, CHUNKED)}9\r\n<a`, end),
    'upstream_unreachable',
  ],
  [
    'a document with a broken chunk',
    '/pypi/simple/acme/',
    write(`${head('200 canary', HTML, CHUNKED)}2\r\n<axx\r\n`),
    'upstream_invalid',
  ],
  [
    'a document that stalls',
    '/pypi/simple/acme/',
    write(`${head('200 canary', HTML, 'Content-Length: 9')}<a`),
    'upstream_timeout',
  ],
  [
    'a document without framing that is no text',
    '/pypi/simple/acme/',
    write(`${head('200 canary', HTML)}\xff\xfe`, end),
    'upstream_invalid',
  ],
  [
    'a document without framing that stalls',
    '/pypi/simple/acme/',
    write(`${head('200 canary', HTML)}<a`),
    'upstream_timeout',
  ],
  [
    'rewritten URLs cut short',
    '/npm/acme',
    write(`${head('200 canary', JSON_TYPE, 'Content-Length: 9')}{`, end),
    'upstream_unreachable',
  ],
  [
    'rewritten URLs without framing that stall',
    '/npm/acme',
    write(`${head('200 canary', JSON_TYPE)}{`),
    'upstream_timeout',
  ],
  [
    'encoded URLs',
    '/npm/acme',
    write(`${head('200 canary', JSON_TYPE, 'Content-Encoding: br', 'Content-Length: 2')}{}`),
    'upstream_invalid',
  ],
];

const PHRASES: Readonly<Record<string, string>> = {
  upstream_unreachable: '502 Bad Gateway',
  upstream_unauthorized: '502 Bad Gateway',
  upstream_invalid: '502 Bad Gateway',
  upstream_timeout: '504 Gateway Timeout',
  request_malformed: '400 Bad Request',
};

function request(method: string, path: string, ...lines: readonly string[]): string {
  return [
    `${method} ${path} HTTP/1.1`,
    'Host: gateway.example.com',
    `Authorization: Bearer ${scenario.token}`,
    ...lines,
    '',
    '',
  ].join('\r\n');
}

/** The gateway's own phrase, or the reason for clients that print only the status line; and only the gateway's headers. */
function expectOwn(answer: RawResponse | undefined, reason: string, connection: string): void {
  const status = PHRASES[reason]?.slice(0, 3) ?? '';
  const line = answer?.head.split('\r\n')[0] ?? '';
  if (line.includes('('))
    expect(line).toMatch(new RegExp(`^HTTP/1\\.1 ${status} [A-Z][^()]*\\. \\(${reason}\\)$`));
  else expect(line).toBe(`HTTP/1.1 ${PHRASES[reason]}`);
  expect(`${answer?.head}${answer?.body}`).not.toMatch(/canary|21 Nov/);
  const names = [...(answer?.headers.keys() ?? [])].filter((name) => name !== 'keep-alive').toSorted();
  expect(names).toEqual([
    'cache-control',
    'connection',
    'content-length',
    'content-type',
    'date',
    'x-request-id',
  ]);
  expect(answer?.headers.get('cache-control')).toBe('no-store');
  expect(answer?.headers.get('content-length')).toBe(String(answer?.body.length));
  expect(answer?.headers.get('connection')).toBe(connection);
}

describe('S11 a fault after the head of the upstream', () => {
  test.each(FAULTS)('%s', async (_, path, respond, reason) => {
    scenario.upstream.respond(respond);
    const client = startKeepAliveClient(scenario.gateway.port);
    const answer = await client.ask(request('GET', path));
    // The framing of the upstream's body does not affect the client's connection.
    expectOwn(answer, reason, 'keep-alive');
    expect(await auditedIn(scenario.gateway, answer)).toMatchObject({ event: { reason } });
    scenario.upstream.respond(OK);
    expect((await client.ask(request('GET', '/api/next'))).head).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    client.close();
  });

  test('HEAD', async () => {
    scenario.upstream.respond(write(head('200 canary', 'Content-Length: 2', CHUNKED)));
    const client = await openConversation(scenario.gateway.port);
    client.write(request('HEAD', '/api/x', 'Connection: close'));
    const [answer] = await client.answers();
    expect(answer?.head).toMatch(/^HTTP\/1\.1 502 Bad Gateway\r\n/);
    expect(answer?.head).not.toContain('canary');
  });

  test('an upload that turns out to be another one', async () => {
    const part = (disposition: string, content: string): string =>
      `--b0undary\r\nContent-Disposition: form-data; ${disposition}\r\n\r\n${content}`;
    const begin = [
      part('name=":action"', 'file_upload\r\n'),
      part('name="name"', 'acme-api\r\n'),
      part('name="content"; filename="acme_api-1.0-py3-none-any.whl"', 'x'.repeat(2 * 1024 ** 2)),
    ].join('');
    const more = `\r\n${part('name="name"', 'other')}\r\n--b0undary--\r\n`;
    const client = await openConversation(scenario.gateway.port);
    client.write(
      request(
        'POST',
        '/early/',
        'Content-Type: multipart/form-data; boundary=b0undary',
        `Content-Length: ${begin.length + more.length}`,
        'Connection: close',
      ),
    );
    client.write(begin);
    await eventually('the upstream to answer', () =>
      [...scenario.early.sockets].some(({ bytesWritten }) => bytesWritten > 0),
    );
    // Served on another connection, after the gateway has read what was there before.
    scenario.upstream.respond(OK);
    const other = startKeepAliveClient(scenario.gateway.port);
    expect((await other.ask(request('GET', '/api/x'))).status).toBe(200);
    other.close();
    expect(client.received()).toBe('');
    client.write(more);
    const [answer] = await client.answers();
    expectOwn(answer, 'request_malformed', 'close');
    expect(await auditedIn(scenario.gateway, answer)).toMatchObject({ gatehouse: { upstream_status: 201 } });
  });
});
