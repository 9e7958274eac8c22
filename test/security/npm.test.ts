/** Rows H, P and S for an npm registry, and metadata of a malicious upstream. Raw bytes sent, raw bytes received. */
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { exchange, type RawResponse } from '../support/raw-client.ts';
import { testAmbiguousFraming } from '../support/scenario/ambiguous-framing.ts';
import { requestLines, useRecordedScenario } from '../support/scenario/recorded.ts';

const SECRET = 'canary-upstream-npm-77';
const HOST = 'npm.example.com';

const scenario = useRecordedScenario({
  host: HOST,
  config: ({ issuer, upstream }) => `
issuers: { gitlab: { type: gitlab, issuer: "${issuer.url}" } }
identities:
  ci:
    issuer: gitlab
    match: { project_id: "20" }
    grants:
      - service: npm
        scopes: [read_package_registry, write_package_registry]
        resources: ["@acme/*", "plain"]
services:
  npm:
    type: npm
    path: /npm/
    upstream: { url: "${upstream.url}/", auth: { bearer: { token: ${SECRET} } } }
`,
});

async function fetchPath(line: string, headers: readonly string[] = []): Promise<RawResponse | undefined> {
  return (await scenario.send(scenario.request(line, ['Connection: close', ...headers])))[0];
}

describe('P3: the slash of a scope', () => {
  test.each(['@acme%2fui', '@acme%2Fui', '@acme/ui', '@acme%2fui/-/ui-1.0.0.tgz', '@acme%2Fui/1.0.0'])(
    '%s reaches the registry byte for byte',
    async (path) => {
      expect(await scenario.statusOf(`GET /npm/${path}?write=true`)).toBe(200);
      expect(requestLines(scenario.upstream)).toEqual([`GET /${path}?write=true HTTP/1.1`]);
    },
  );

  test.each([
    'plain%2f1.0.0',
    '@acme%2fui%2f1.0.0',
    '@acme/ui%2f-%2fui-1.0.0.tgz',
    '@acme%2f..%2f@other%2fui',
    '@acme%2f%2e%2e%2fplain',
    '@acme%2f%2fui',
    '@acme%252fui',
    '@acme%5cui',
    '@acme%2f.%2fui',
    '%2fplain',
    '-%2fpackage%2fplain%2fdist-tags',
    '..%2fplain',
  ])('%s is not forwarded', async (path) => {
    expect({ status: await scenario.statusOf(`GET /npm/${path}`), seen: scenario.upstream.bytes() }).toEqual({
      status: 400,
      seen: '',
    });
  });
});

describe('P: the grant covers the requested package only', () => {
  test.each<[string, number]>([
    ['GET /npm/@other/ui', 403],
    ['GET /npm/@other%2fui', 403],
    ['GET /npm/@ACME/ui', 403],
    ['GET /npm/PLAIN', 403],
    ['GET /npm/plainx', 403],
    ['GET /npm/plain.', 403],
    ['GET /npm/@acme/ui/-/@other/ui-1.0.0.tgz', 403],
    ['GET /npm/@acme/ui/-/ui-core-1.0.0.tgz', 403],
    ['GET /npm/@acme/-/ui', 403],
    ['GET /npm/@acme', 403],
    ['GET /npm/-/all', 403],
    ['GET /npm/-/v1/search?text=scope:acme', 403],
    ['GET /npm/-/user/org.couchdb.user:gatehouse', 403],
    ['POST /npm/-/v1/login', 403],
    ['GET /npm/-/npm/v1/tokens', 403],
    ['PUT /npm/-/package/@other%2fui/dist-tags/latest', 403],
    ['POST /npm/@acme/ui', 403],
    ['GET /npm', 301],
    ['GET /npmx/plain', 404],
    ['GET /npm/@acme/../plain', 400],
    ['GET /npm//plain', 400],
    ['GET //npm/plain', 400],
    ['GET /npm/./plain', 400],
    ['GET /npm/plain;v=1', 400],
    ['GET /npm/plain#/x', 400],
    ['GET /npm/plain%00', 400],
    ['GET /npm/plain%0d%0aX:1', 400],
    ['GET /npm/%C0%AF', 400],
    ['GET http://evil.example.com/npm/plain', 400],
  ])('%s → %i', async (line, status) => {
    expect(await scenario.statusOf(line)).toBe(status);
    expect(scenario.upstream.bytes()).toBe('');
  });

  test('other percent-encoding is decoded once before classification', async () => {
    expect(await scenario.statusOf('GET /npm/%70lain')).toBe(200);
    expect(await scenario.statusOf('GET /npm/%40acme%2fui')).toBe(200);
    expect(requestLines(scenario.upstream)).toEqual(['GET /plain HTTP/1.1', 'GET /@acme%2fui HTTP/1.1']);
  });
});

describe('H: headers', () => {
  test('client values of identity and credential headers are removed in any spelling', async () => {
    const spoofed = [
      'X-Auth-Subject: admin',
      'x_auth_subject: admin',
      'X-Auth-Identity: admin',
      'X-Forwarded-Host: evil.example.com',
      'Forwarded: host=evil.example.com',
      'X-Original-URL: /@other/ui',
      'Cookie: a=b',
      'Sudo: root',
      'X-HTTP-Method-Override: DELETE',
      'Connection: X-Auth-Identity',
    ];
    expect(await scenario.statusOf('GET /npm/plain', spoofed)).toBe(200);
    const [seen] = scenario.upstream.requests();
    expect(seen?.headers.get('x-auth-identity')).toEqual(['ci']);
    expect(seen?.headers.get('authorization')).toEqual([`Bearer ${SECRET}`]);
    expect(seen?.headers.get('x-forwarded-host')).toEqual([HOST]);
    expect(seen?.head).not.toMatch(/admin|evil|other|^cookie|^sudo|override/im);
  });

  test('two credentials are refused', async () => {
    expect(await scenario.statusOf('GET /npm/plain', ['Authorization: Bearer x'])).toBe(400);
    expect(await scenario.statusOf('GET /npm/plain', ['JOB-TOKEN: glcbt-x'])).toBe(400);
    expect(await scenario.statusOf('GET /npm/plain?private_token=x')).toBe(400);
    expect(scenario.upstream.bytes()).toBe('');
  });

  test('the token in the path of npm logout is not logged', async () => {
    expect(await scenario.statusOf(`DELETE /npm/-/user/token/${scenario.token}`)).toBe(403);
    expect(await scenario.statusOf(`DELETE /npm/-/user/token/${scenario.token}/../x`)).toBe(400);
    await eventually(
      'both requests in the audit log',
      () => scenario.gateway.auditText().split('"/npm/-/user/token/***"').length > 2,
    );
    expect(scenario.gateway.auditText().includes(scenario.token)).toBe(false);
  });
});

describe('S: framing', () => {
  const publish = 'PUT /npm/@acme%2fui';
  const hidden = 'GET /@other/ui HTTP/1.1\r\nHost: x\r\n\r\n';

  testAmbiguousFraming(scenario, { requestLine: publish, hidden });

  test('bytes after a refused publication are not a request', async () => {
    const denied = scenario.request('PUT /npm/@other%2fui', [`Content-Length: ${hidden.length}`], hidden);
    expect((await scenario.send(denied)).map(({ status }) => status)).toEqual([403]);
    expect(scenario.upstream.bytes()).toBe('');
  });

  test('a body that looks like a request is forwarded as one body', async () => {
    const chunk = `${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`;
    const headers = ['Transfer-Encoding: chunked', 'Connection: close'];
    const audit = 'POST /npm/-/npm/v1/security/advisories/bulk';
    expect(
      (await scenario.send(scenario.request(audit, headers, chunk))).map(({ status }) => status),
    ).toEqual([200]);
    expect(scenario.upstream.requests().map(({ body }) => body)).toEqual([expect.stringContaining(hidden)]);
  });
});

describe('P: the body of a publication names the package of its path', () => {
  const document = {
    _id: '@acme/ui',
    name: '@acme/ui',
    description: 'The "name": "@other/ui" in this text is not a member.',
    'dist-tags': { latest: '1.0.0', name: 'x' },
    versions: {
      '1.0.0': { name: '@acme/ui', version: '1.0.0', author: { name: 'Ana' }, scripts: { name: 'x' } },
    },
    users: { name: true },
  };
  const attachments = (length: number) => ({
    '@acme/ui-1.0.0.tgz': { content_type: 'application/octet-stream', data: 'A'.repeat(length), length },
  });
  const text = (changes: object = {}): string => JSON.stringify({ ...document, ...changes });
  /** The document with an additional member: JSON.stringify cannot write a key twice. */
  const inserted = (member: string): string => text().replace('{', `{${member},`);

  function put(path: string, body: string, headers: readonly string[] = []): Promise<readonly RawResponse[]> {
    const framing = [`Content-Length: ${Buffer.byteLength(body)}`, 'Content-Type: application/json'];
    return scenario.send(
      scenario.request(`PUT /npm/${path}`, [...framing, 'Connection: close', ...headers], body),
    );
  }

  test.each([
    ['the document', '@acme%2fui', text()],
    ['at a revision', '@acme%2fui/-rev/3-1', text({ _rev: '3-1' })],
    ['without a scope', 'plain', text({ _id: 'plain', name: 'plain', versions: {} })],
    ['with escapes and white space', '@acme/ui', ' {"\\u006eame" :\t"\\u0040acme\\/ui"\r\n}\n'],
    ['with the same name twice', '@acme/ui', inserted('"name":"@acme/ui"')],
    ['a star', '@acme/ui', '{"_id":"@acme/ui","_rev":"3-1","users":{"ana":true}}'],
    ['a tag', '-/package/@acme%2fui/dist-tags/next', '"1.0.0"'],
  ])('%s is forwarded byte for byte', async (_case, path, body) => {
    expect((await put(path, body)).map(({ status }) => status)).toEqual([200]);
    expect(scenario.upstream.requests().map((seen) => seen.body)).toEqual([body]);
  });

  const deviations: readonly (readonly [string, string])[] = [
    ['another name', text({ name: '@other/ui' })],
    ['another _id', text({ _id: '@other/ui' })],
    ['another name before the right one', inserted('"name":"@other/ui"')],
    ['another name after the right one', text().replace(/}$/, ',"name":"@other/ui"}')],
    ['an escaped key', inserted('"n\\u0061me":"@other/ui"')],
    ['an escaped value', text().replace('"name":"@acme/ui"', '"name":"\\u0040other/ui"')],
    ['a key in capitals, as Go reads it', inserted('"Name":"@other/ui"')],
    ['a name in capitals', text({ name: '@ACME/ui' })],
    ['a longer name', text({ name: `@acme/ui${'x'.repeat(2_000)}` })],
    ['null as the name', text({ name: null })],
    ['a list of names', text({ name: ['@acme/ui', '@other/ui'] })],
    ['a version of another package', text({ versions: { '1.0.0': { name: '@other/ui' } } })],
    ['one version of several', text({ versions: { 1: { name: '@acme/ui' }, 2: { name: '@other/ui' } } })],
    ['versions twice', inserted('"versions":{"1.0.0":{"name":"@other/ui"}}')],
    ['versions by a letter that Go folds', inserted('"ver\u017fions":{"1.0.0":{"name":"@other/ui"}}')],
    ['a list of versions', text({ versions: [{ name: '@other/ui' }] })],
    ['a version that is not an object', text({ versions: { '1.0.0': '@other/ui' } })],
    ['a second document', `${text()}{"name":"@other/ui"}`],
    ['a list', `[${text()}]`],
    ['a string', '"@acme/ui"'],
    ['a comment', inserted('/* "x":{ */"name":"@other/ui"')],
    ['keys without quotes', '{name:"@other/ui"}'],
    ['a trailing comma', '{"name":"@acme/ui",}'],
    ['a byte order mark', `\ufeff${text()}`],
    ['a line end in a string', '{"readme":"a\nb"}'],
    ['an escape that JSON does not have', '{"readme":"\\x41"}'],
    ['a form', 'name=%40other%2fui'],
  ];
  test.each(deviations)('%s is refused', async (_case, body) => {
    for (const path of ['@acme%2fui', '@acme/ui/-rev/3-1']) {
      const [refused] = await put(path, body);
      expect([refused?.status, refused?.body]).toEqual([400, expect.stringContaining('request_malformed')]);
    }
    expect(scenario.upstream.bytes()).not.toMatch(/other/);
  });

  test.each([
    'Content-Encoding: gzip',
    'Content-Encoding: identity',
    'Content-Type: application/json; charset=utf-7',
  ])('a document that servers may decode in another way (%s) is refused', async (header) => {
    expect((await put('@acme%2fui', text(), [header])).map(({ status }) => status)).toEqual([400]);
    expect(scenario.upstream.bytes()).toBe('');
  });

  test('another name after a large attachment does not reach the registry', async () => {
    const body = JSON.stringify({ _attachments: attachments(3_000_000), name: '@other/ui' });
    expect((await put('@acme%2fui', body)).map(({ status }) => status)).toEqual([400]);
    expect(scenario.upstream.bytes()).not.toContain('@other');
    const good = JSON.stringify({ _attachments: attachments(3_000_000), name: '@acme/ui' });
    scenario.upstream.reset();
    expect((await put('@acme%2fui', good)).map(({ status }) => status)).toEqual([200]);
    expect(scenario.upstream.requests()[0]?.body.length).toBe(good.length);
  });

  test('a name split into chunks is refused', async () => {
    const pieces = inserted('"n\\u0061me":"@other/ui"').replaceAll(/./g, '1\r\n$&\r\n');
    const headers = ['Transfer-Encoding: chunked', 'Connection: close'];
    const responses = await scenario.send(
      scenario.request('PUT /npm/@acme%2fui', headers, `${pieces}0\r\n\r\n`),
    );
    expect(responses.map(({ status }) => status)).toEqual([400]);
    expect(scenario.upstream.bytes()).not.toContain('@other');
  });
});

describe('a malicious upstream', () => {
  const body = (): string => `{"dist":{"tarball":"${scenario.upstream.url}/plain/-/plain-1.0.0.tgz"}}`;
  const rewritten = `{"dist":{"tarball":"http://${HOST}/npm/plain/-/plain-1.0.0.tgz"}}`;
  const head = (...headers: readonly string[]): string =>
    ['HTTP/1.1 200 OK', 'Content-Type: application/json', ...headers, '', ''].join('\r\n');
  const sized = (text: string): string => head(`Content-Length: ${text.length}`) + text;

  test('control: metadata is requested unencoded and whole, and rewritten', async () => {
    const text = body();
    scenario.upstream.respond(head('npm-notice: read this', `Content-Length: ${text.length}`) + text);
    const response = await fetchPath('GET /npm/plain', ['Accept-Encoding: gzip', 'Range: bytes=0-5']);
    expect(response?.status).toBe(200);
    expect(response?.headers.get('npm-notice')).toBe('read this');
    expect(response?.body).toContain(rewritten);
    const [seen] = scenario.upstream.requests();
    expect(seen?.headers.get('accept-encoding')).toEqual(['identity']);
    expect(seen?.headers.has('range')).toBe(false);
  });

  test.each(['text/html', 'text/html; charset=utf-8', 'application/octet-stream', 'application/jsonx'])(
    'metadata of another media type (%s) is relayed unchanged',
    async (type) => {
      const page = `<html><a href="${scenario.upstream.url}/plain">moved</a></html>`;
      scenario.upstream.respond(
        `HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\nContent-Length: ${page.length}\r\n\r\n${page}`,
      );
      const response = await fetchPath('GET /npm/plain');
      expect(response).toMatchObject({ status: 200, body: page });
      expect(response?.headers.get('content-length')).toBe(String(page.length));
    },
  );

  test('HTML labelled as JSON is rewritten whole', async () => {
    scenario.upstream.respond(sized(`<html>${scenario.upstream.url}/plain</html>`));
    expect((await fetchPath('GET /npm/plain'))?.body).toContain(`<html>http://${HOST}/npm/plain</html>`);
  });

  test.each(['deflate', 'br', 'x-unknown', 'identity, gzip'])(
    'metadata encoded as %s despite identity is refused',
    async (encoding) => {
      const packed = gzipSync(body()).toString('latin1');
      scenario.upstream.respond(
        head(`Content-Encoding: ${encoding}`, `Content-Length: ${packed.length}`) + packed,
      );
      const response = await fetchPath('GET /npm/plain');
      expect(response?.status).toBe(502);
      expect(response?.body).toContain('upstream_invalid');
    },
  );

  test('metadata encoded despite identity is decoded, rewritten and relayed without encoding', async () => {
    const packed = gzipSync(body()).toString('latin1');
    scenario.upstream.respond(head('Content-Encoding: gzip', `Content-Length: ${packed.length}`) + packed);
    const response = await fetchPath('GET /npm/plain');
    expect(response).toMatchObject({ status: 200, body: rewritten });
    expect(response?.headers.has('content-encoding')).toBe(false);
  });

  test('binary bytes are relayed unchanged', async () => {
    const packed = gzipSync(body()).toString('latin1');
    scenario.upstream.respond(sized(packed));
    expect((await fetchPath('GET /npm/plain'))?.body).toContain(packed);
  });

  test.each([
    ['a Content-Length longer than the body', () => head('Content-Length: 999') + body()],
    ['an end in the middle of a chunk', () => head('Transfer-Encoding: chunked') + `fff\r\n${body()}`],
    ['an end in the middle of a URL', () => head('Content-Length: 999') + body().slice(0, 30)],
  ])('%s: the response is visibly truncated', async (_case, response) => {
    scenario.upstream.respond((socket) => void socket.end(response(), 'latin1'));
    const received = await exchange(scenario.gateway.port, scenario.request('GET /npm/plain'), {
      quiet: 500,
    });
    // Either refused before the first byte, or aborted.
    expect(received).not.toMatch(/\r\n0\r\n\r\n$/);
    if (!received.startsWith('HTTP/1.1 502')) expect(received).toMatch(/transfer-encoding: chunked/i);
  });

  test('a Content-Length shorter than the body ends the response; the rest is discarded', async () => {
    const text = body();
    scenario.upstream.respond(
      (socket) =>
        void socket.write(`${head(`Content-Length: ${text.length}`)}${text}HTTP/1.1 200 OK\r\n\r\nsmuggled`),
    );
    const received = await exchange(scenario.gateway.port, scenario.request('GET /npm/plain'), {
      quiet: 300,
    });
    expect(received).not.toContain('smuggled');
    scenario.upstream.respond(sized(text));
    expect((await fetchPath('GET /npm/plain'))?.body).toContain(rewritten);
  });

  test('two lengths, or a length with chunked coding, are refused', async () => {
    scenario.upstream.respond(head('Content-Length: 1', 'Content-Length: 2') + body());
    expect(await scenario.statusOf('GET /npm/plain')).toBe(502);
    scenario.upstream.respond(head('Content-Length: 1', 'Transfer-Encoding: chunked') + body());
    expect(await scenario.statusOf('GET /npm/plain')).toBe(502);
  });

  test('URLs of other hosts are unchanged and get no credential', async () => {
    const foreign = `{"dist":{"tarball":"${scenario.evil.url}/plain/-/plain-1.0.0.tgz"}}`;
    scenario.upstream.respond(sized(foreign));
    expect((await fetchPath('GET /npm/plain'))?.body).toContain(foreign);
  });

  test('a redirect of a tarball to elsewhere is refused', async () => {
    scenario.upstream.respond(
      `HTTP/1.1 302 Found\r\nLocation: ${scenario.evil.url}/x?sig=canary-signature\r\nContent-Length: 0\r\n\r\n`,
    );
    const response = await fetchPath('GET /npm/plain/-/plain-1.0.0.tgz');
    expect(response?.status).toBe(502);
    expect(response?.head).not.toContain('canary-signature');
  });

  test('its 401 and its challenge are not relayed', async () => {
    scenario.upstream.respond(
      `HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer realm="${scenario.evil.url}"\r\nContent-Length: 0\r\n\r\n`,
    );
    const response = await fetchPath('GET /npm/plain');
    expect(response?.status).toBe(502);
    expect(response?.head).not.toContain(scenario.evil.url);
  });

  test('a tarball is relayed unchanged', async () => {
    scenario.upstream.respond(sized(body()));
    const response = await fetchPath('GET /npm/plain/-/plain-1.0.0.tgz', ['Accept-Encoding: gzip']);
    expect(response?.body).toBe(body());
    expect(scenario.upstream.requests()[0]?.headers.get('accept-encoding')).toEqual(['gzip']);
  });
});
