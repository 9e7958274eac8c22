/** Bodies in which URLs are rewritten: the client gets the whole new one, the whole old one, or sees that it has neither. */
import { request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import type { TestGateway } from '../support/gateway.ts';
import { startHttpUpstream } from '../support/http-upstream.ts';
import { plateau } from '../support/plateau.ts';
import { receivedBy, valuesOf } from '../support/received.ts';
import { startRecordingUpstream, type RecordingUpstream } from '../support/recording-upstream.ts';
import { startScenario, type Scenario } from '../support/scenario.ts';

const MIB = 1024 * 1024;
/** Upper bound of bytes buffered in kernels and streams while the client does not read. */
const IN_TRANSIT = 32 * MIB;
const HOST = 'gateway.example.com';
const PUBLIC = `https://${HOST}/nuget/`;
const REWRITTEN = `{"resources":[{"@id":"${PUBLIC}a"}]}`;

/** Two kinds of routes of a feed: pages of metadata stream by, the service index is held and read. */
const BOTH = [
  { kind: 'streamed', path: '/nuget/v3/registration/a/index.json' },
  { kind: 'document', path: '/nuget/v3/index.json' },
] as const;
const [{ path: STREAMED }, { path: DOCUMENT }] = BOTH;

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** As the client can tell. */
  readonly whole: boolean;
}

function asking(
  port: number,
  path: string,
  method = 'GET',
  headers: Record<string, string> = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = { Host: HOST, ...headers };
    const asked = request({ port, host: '127.0.0.1', path, method, headers: sent }, (response) => {
      let body = '';
      response.setEncoding('latin1').on('data', (text: string) => (body += text));
      response.on('error', () => undefined);
      response.on('close', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body,
          whole: response.complete,
        }),
      );
    });
    asked.on('error', reject);
    asked.end();
  });
}

/** A feed that the gateway reads from this upstream. */
function startFeed<U extends { readonly url: string; close(): unknown }>(
  start: () => Promise<U>,
): Promise<Scenario<{ upstream: U }>> {
  return startScenario<{ upstream: U }>({
    backends: { upstream: start },
    config: ({ upstream }) => `
issuers: { gitlab: { type: gitlab, issuer: "https://gitlab.example.com" } }
services:
  nuget:
    type: nuget
    path: /nuget/
    upstream: { url: "${upstream.url}/" }
    anonymous: [{ scopes: [read_package_registry], resources: ["**"] }]
`,
  });
}

interface Feed {
  readonly upstream: RecordingUpstream;
  readonly gateway: TestGateway;
  ask(method?: string, headers?: Record<string, string>): Promise<Answer>;
  /** What the upstream says and then does with the connection. */
  says(head: readonly string[], body?: string, end?: 'keep' | 'close' | 'reset'): void;
}

async function startRecorded(path: string): Promise<Feed> {
  const { upstream, gateway } = await startFeed(() => startRecordingUpstream());
  return {
    upstream,
    gateway,
    ask: (method, headers) => asking(gateway.port, path, method, headers),
    says(head, body = '', end = 'keep') {
      const text = `HTTP/1.1 ${head.join('\r\n')}\r\n\r\n${body}`;
      upstream.respond((socket) => {
        socket.write(text, 'latin1', () => {
          if (end === 'close') socket.end();
          if (end === 'reset') socket.resetAndDestroy();
        });
      });
    },
  };
}

const json = (url: string): string => JSON.stringify({ resources: [{ '@id': `${url}/a` }] });
const CODINGS = [
  ['gzip', gzipSync],
  ['X-GZIP', gzipSync],
  ['deflate', deflateSync],
  ['Deflate', deflateRawSync],
  ['br', brotliCompressSync],
  ['zstd', zstdCompressSync],
] as const;

/** The gzip trailer is the CRC and the length (RFC 1952 §2.3.1). */
function wrongChecksum(body: Buffer): Buffer {
  body[body.length - 8] = (body.at(-8) ?? 0) ^ 1;
  return body;
}
const INVALID: unknown = expect.stringContaining('error: upstream_invalid');
const lengthOf = (body: string): string => `Content-Length: ${Buffer.byteLength(body, 'latin1')}`;

describe.each(BOTH)('$kind', ({ kind, path }) => {
  test('a body is rewritten, and its length and digests are not the old ones', async () => {
    const { upstream, ask, says } = await startRecorded(path);
    const body = json(upstream.url);
    says(['200 OK', 'Content-Type: application/json; charset=utf-8', lengthOf(body), 'Digest: md5=x'], body);
    const answer = await ask('GET', { 'Accept-Encoding': 'gzip, br' });
    expect(answer).toMatchObject({ status: 200, whole: true, body: REWRITTEN });
    expect(answer.headers).not.toHaveProperty('digest');
    expect(valuesOf(receivedBy(upstream), 'accept-encoding')).toEqual(['identity']);
  });

  test('its tag is another one, with which it can be asked for again', async () => {
    const { upstream, ask, says } = await startRecorded(path);
    const body = json(upstream.url);
    says(['200 OK', 'Content-Type: application/json', 'ETag: W/"v,1"', lengthOf(body)], body);
    const { etag = '' } = (await ask()).headers;
    expect(etag).toMatch(/^W\/"v,1-gh[0-9a-f]{8}"$/);

    upstream.reset();
    says(['304 Not Modified', 'ETag: W/"v,1"']);
    const again = await ask('GET', { 'If-None-Match': `"other", ${etag}` });
    expect(again).toMatchObject({ status: 304, body: '' });
    expect(again.headers.etag).toBe(etag);
    expect(valuesOf(receivedBy(upstream), 'if-none-match')).toEqual(['W/"v,1"']);
  });

  test('conditional headers that refer to the rewritten body are not forwarded', async () => {
    const { upstream, ask, says } = await startRecorded(path);
    const body = json(upstream.url);
    says(['200 OK', 'Content-Type: application/json', lengthOf(body)], body);
    const answer = await ask('GET', {
      'If-None-Match': '"v1", "v1-gh00000000"',
      'If-Modified-Since': 'Wed, 25 Nov 2026 00:00:00 GMT',
      'If-Match': '"v1-gh00000000"',
      'If-Range': '"v1"',
      Range: 'bytes=2-5',
    });
    // Whole, as RFC 9110 §14.2 lets a server answer any range.
    expect(answer).toMatchObject({ status: 200, body: REWRITTEN });
    const names = [...receivedBy(upstream).headers.keys()];
    for (const name of ['if-none-match', 'if-modified-since', 'if-match', 'if-range', 'range'])
      expect(names).not.toContain(name);
  });

  test('a time alone is asked of it', async () => {
    const { upstream, ask, says } = await startRecorded(path);
    says(['304 Not Modified']);
    const since = 'Wed, 25 Nov 2026 00:00:00 GMT';
    expect(await ask('GET', { 'If-Modified-Since': since })).toMatchObject({ status: 304 });
    expect(valuesOf(receivedBy(upstream), 'if-modified-since')).toEqual([since]);
  });

  test('HEAD tells what GET would, without the length of another body', async () => {
    const { ask, says } = await startRecorded(path);
    says(['200 OK', 'Content-Type: application/json', 'ETag: "v1"', 'Content-Length: 5000']);
    const answer = await ask('HEAD');
    expect(answer).toMatchObject({ status: 200, body: '', whole: true });
    expect(answer.headers.etag).toMatch(/^"v1-gh/);
    expect(answer.headers).not.toHaveProperty('content-length');
  });

  test.each(CODINGS)('an unrequested %s encoding is decoded and rewritten', async (coding, encode) => {
    const { upstream, ask, says } = await startRecorded(path);
    const body = encode(Buffer.from(json(upstream.url))).toString('latin1');
    says(
      [
        '200 OK',
        'Content-Type: application/json',
        `Content-Encoding: ${coding}`,
        'ETag: "v1"',
        lengthOf(body),
      ],
      body,
    );
    const answer = await ask();
    expect(answer).toMatchObject({ status: 200, body: REWRITTEN, whole: true });
    expect(answer.headers).not.toHaveProperty('content-encoding');
    expect(answer.headers['content-length']).toBe(String(REWRITTEN.length));
    expect(answer.headers.etag).toMatch(/^"v1-gh/);
    says(['200 OK', 'Content-Type: application/json', `Content-Encoding: ${coding}`, lengthOf(body)]);
    const head = await ask('HEAD');
    expect(head).toMatchObject({ status: 200, body: '' });
    expect(head.headers).not.toHaveProperty('content-encoding');
  });

  test.each([
    [
      'two codings',
      'identity, gzip',
      (url: string) => gzipSync(json(url)),
      /Content-Encoding identity, gzip/,
    ],
    ['an unknown coding', 'compress', (url: string) => gzipSync(json(url)), /Content-Encoding compress/],
    ['another coding than it names', 'br', (url: string) => gzipSync(json(url)), /cannot be decoded/],
    ['a truncated body', 'gzip', (url: string) => gzipSync(json(url)).subarray(0, -9), /cannot be decoded/],
    ['a wrong checksum', 'gzip', (url: string) => wrongChecksum(gzipSync(json(url))), /cannot be decoded/],
    ['a decompression bomb', 'gzip', () => gzipSync(Buffer.alloc(9 * MIB)), /more than \d+ bytes/],
    ['a bomb of zstd', 'zstd', () => zstdCompressSync(Buffer.alloc(9 * MIB)), /more than \d+ bytes/],
    ['a bomb of Brotli', 'br', () => brotliCompressSync(Buffer.alloc(9 * MIB)), /more than \d+ bytes/],
  ])('an encoded body with %s is refused', async (_name, coding, encoded, detail) => {
    const { upstream, gateway, ask, says } = await startRecorded(path);
    const body = encoded(upstream.url).toString('latin1');
    says(['200 OK', 'Content-Type: application/json', `Content-Encoding: ${coding}`, lengthOf(body)], body);
    expect(await ask()).toMatchObject({ status: 502, body: INVALID });
    expect((await gateway.audit()).at(-1)?.gatehouse).toMatchObject({
      detail: expect.stringMatching(detail),
    });
  });

  test.each([
    ['HTML where metadata was asked for', 'Content-Type: text/html', '200 OK'],
    ['no type', 'Server: x', '200 OK'],
    ['two types', 'Content-Type: application/json\r\nContent-Type: text/html', '200 OK'],
    ['an error', 'Content-Type: application/json', '404 Not Found'],
    ['a part', 'Content-Type: application/json\r\nContent-Range: bytes 0-9/99', '206 Partial Content'],
  ])('%s passes unchanged, or not at all', async (_name, type, status) => {
    const { upstream, ask, says } = await startRecorded(path);
    const body = `<a href="${upstream.url}/a">\xff</a>`;
    says([status, type, 'ETag: "v1"', lengthOf(body)], body);
    const answer = await ask();
    // The service index sends clients' credentials where it leads to, so it is read whatever it calls itself.
    if (kind === 'document' && status.startsWith('2'))
      return expect(answer).toMatchObject({ status: 502, body: INVALID });
    expect(answer).toMatchObject({ status: Number(status.slice(0, 3)), body, whole: true });
    expect(answer.headers.etag).toBe('"v1"');
    expect(answer.headers['content-length']).toBe(String(body.length));
  });

  test('a body of fewer bytes than its head says is not taken for whole', async () => {
    const { upstream, gateway, ask, says } = await startRecorded(path);
    const body = json(upstream.url);
    says(['200 OK', 'Content-Type: application/json', `Content-Length: ${body.length + 1}`], body, 'close');
    const answer = await ask();
    if (answer.status === 200) expect(answer.whole).toBe(false);
    else
      expect(answer).toMatchObject({
        status: 502,
        body: expect.stringContaining('error: upstream_unreachable'),
      });
    expect((await gateway.audit()).at(-1)?.event).toMatchObject({
      outcome: 'failure',
      reason: 'upstream_unreachable',
    });
  });

  test('bytes beyond the Content-Length are not relayed', async () => {
    const { upstream, ask, says } = await startRecorded(path);
    const body = json(upstream.url);
    const hidden = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil';
    says(['200 OK', 'Content-Type: application/json', lengthOf(body)], body + hidden);
    expect((await ask()).body).not.toContain('evil');
    says(['200 OK', 'Content-Type: application/json', lengthOf(body)], body);
    expect(await ask()).toMatchObject({ status: 200, body: REWRITTEN });
  });

  test('a body that is cut in the middle is not taken for whole', async () => {
    const { upstream, gateway, ask, says } = await startRecorded(path);
    const body = `${json(upstream.url)}${' '.repeat(500)}`;
    const chunk = `${body.length.toString(16)}\r\n${body}\r\n`;
    says(['200 OK', 'Content-Type: application/json', 'Transfer-Encoding: chunked'], chunk, 'reset');
    const answer = await ask().catch(() => undefined);
    if (answer?.status === 200) expect(answer.whole).toBe(false);
    expect((await gateway.audit()).at(-1)?.event).toMatchObject({
      outcome: 'failure',
      reason: 'upstream_unreachable',
    });
  });

  test('a body that ends with the connection ends whole', async () => {
    const { upstream, ask, says } = await startRecorded(path);
    says(['200 OK', 'Content-Type: application/json', 'Connection: close'], json(upstream.url), 'close');
    expect(await ask()).toMatchObject({ status: 200, body: REWRITTEN, whole: true });
  });
});

describe('document', () => {
  test.each([
    ['cut off by its own length', '{"resources":[{"@id":"http://'],
    ['no JSON', '<html>'],
    ['no UTF-8', '{"resources":["\xff"]}'],
    ['over its bound', JSON.stringify({ resources: ['x'.repeat(256 * 1024)] })],
    ['empty', ''],
  ])('one that is %s is not relayed at all', async (_name, body) => {
    const { ask, says } = await startRecorded(DOCUMENT);
    says(['200 OK', 'Content-Type: application/json', lengthOf(body)], body);
    expect(await ask()).toMatchObject({ status: 502, body: INVALID, whole: true });
  });

  test('one without end is given up at its bound, and the upstream is let go', async () => {
    const { upstream, gateway } = await startFeed(() =>
      startHttpUpstream((_req, res) => {
        res.writeHead(200, { 'Content-Type': 'application/json' });
        const more = (): void => {
          while (!res.destroyed && res.write(Buffer.alloc(64 * 1024, 0x20)));
        };
        res.on('drain', more);
        more();
      }),
    );
    expect(await asking(gateway.port, DOCUMENT)).toMatchObject({ status: 502, body: INVALID });
    await eventually('the upstream is let go', () => upstream.open() === 0);
  });
});

test('200 MB stream by: a client that stops reading holds the upstream back, and the buffered bytes stay bounded', async () => {
  const line = Buffer.alloc(64 * 1024, 'x');
  const LINES = (200 * MIB) / line.length;
  let sent = 0;
  const { gateway } = await startFeed(() =>
    startHttpUpstream((req, res) => {
      const link = Buffer.from(`"http://${req.headers.host}/a"`);
      res.writeHead(200, { 'Content-Type': 'application/json' });
      const more = (): void => {
        while (sent < LINES) {
          sent += 1;
          if (!res.write(sent % 100 === 0 ? Buffer.concat([link, line]) : line)) return;
        }
        res.end();
      };
      res.on('drain', more);
      more();
    }),
  );
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const asked = request({
      port: gateway.port,
      host: '127.0.0.1',
      path: STREAMED,
      headers: { Host: HOST },
    });
    asked.on('response', resolve).on('error', reject).end();
  });
  response.pause();
  expect((await plateau(() => sent)) * line.length).toBeLessThan(IN_TRANSIT);

  // What the upstream has sent and the client has not received is in a buffer. The resident size would depend on the
  // garbage collector: upstream, gateway and client are one process here.
  let [bytes, buffered] = [0, 0];
  for await (const chunk of response) {
    bytes += (chunk as Buffer).length;
    buffered = Math.max(buffered, sent * line.length - bytes);
  }
  expect(response.complete).toBe(true);
  expect(bytes).toBe(200 * MIB + Math.floor(LINES / 100) * `"${PUBLIC}a"`.length);
  expect(buffered).toBeLessThan(IN_TRANSIT);
}, 60_000);
