/** Package registries: ambiguous names and bodies, and malicious upstreams. Raw bytes sent, raw bytes received. */
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { closingRequest, rawResponse, type RawResponse } from '../support/raw-client.ts';
import { OK } from '../support/recording-upstream.ts';
import { useRecordedPackages } from '../support/scenario/packages.ts';

const scenario = useRecordedPackages(
  [
    { type: 'pypi' },
    { type: 'cargo', name: 'crates', path: '/cargo/' },
    { type: 'helm', name: 'charts' },
  ].map((service) => ({ ...service, resources: ['acme*'] })),
);

function send(line: string, headers: readonly string[] = [], body = ''): Promise<RawResponse> {
  const request = closingRequest(
    line,
    [`Authorization: Bearer ${scenario.token}`, ...headers],
    Buffer.from(body, 'latin1'),
  );
  return rawResponse(scenario.gateway.port, request, { quiet: 5_000 });
}

/** A 200 response whose Content-Length may differ from its body. */
function respond(type: string, body: string | Buffer, length = Buffer.byteLength(body), ...more: string[]) {
  const head = ['HTTP/1.1 200 OK', `Content-Type: ${type}`, `Content-Length: ${length}`, ...more, '', ''];
  const bytes = Buffer.concat([Buffer.from(head.join('\r\n')), Buffer.from(body)]);
  scenario.upstream.respond((socket) => socket.end(bytes));
}

describe('paths', () => {
  test.each([
    '/pypi/simple/acme%2F..%2Fother/',
    '/pypi/simple/%2e%2e/other/',
    '/pypi/simple/acme/../other/',
    '/pypi/simple/acme%252F..%252Fother/',
    '/pypi/packages/acme-1.0.tar.gz%00.whl',
    '/pypi/packages/acme%5C..%5Cother-1.0.zip',
    '/cargo/ac/me/acme%2fother',
    '/cargo/api/v1/crates/acme/../other/1.0.0/download',
    '/charts/acme%2F..%2Fother-1.0.0.tgz',
    '/charts/acme-1.0.0.tgz;/other-1.0.0.tgz',
  ])('%s is not forwarded', async (path) => {
    const { status } = await send(`GET ${path}`);
    expect(status).toBe(400);
    expect(scenario.upstream.requests()).toEqual([]);
  });

  test.each([
    ['another project', '/pypi/simple/other/'],
    ['a file of another project', '/pypi/packages/other-1.0.tar.gz'],
    ['a file of another project in the folder of a granted one', '/pypi/simple/acme/other-1.0.tar.gz'],
    ['an ambiguous file', '/pypi/packages/other-1-acme-1.0.tar.gz'],
    ['a file without a version', '/pypi/packages/acme.zip'],
    ['the list of all projects', '/pypi/simple/'],
    ['another crate', '/cargo/ot/he/other'],
    ['a search', '/cargo/api/v1/crates?q=acme'],
    ['another chart', '/charts/other-1.0.0.tgz'],
    ['an ambiguous chart', '/charts/other-1.0.0-acme-1.0.0.tgz'],
  ])('%s is denied', async (_case, path) => {
    const { status, body } = await send(`GET ${path}`);
    expect(status).toBe(403);
    expect(body).toContain('resource_not_granted');
    expect(scenario.upstream.requests()).toEqual([]);
  });

  test.each(['/pypi/simple/Acme.-_api/', '/cargo/ac/me/Acme_Api', '/charts/charts/acme-1.0.0%2Bb.tgz'])(
    '%s reaches the upstream byte for byte',
    async (path) => {
      expect((await send(`GET ${path}`)).status).toBe(200);
      const [, rest] = /^\/[a-z]+(\/.*)$/.exec(path) ?? [];
      expect(scenario.upstream.requests().map(({ requestLine }) => requestLine)).toEqual([
        `GET ${rest} HTTP/1.1`,
      ]);
    },
  );
});

describe('malicious responses', () => {
  const link = (): string => `<a href="${scenario.upstream.url}/packages/acme-1.0.zip">x</a>`;

  test('a page is requested unencoded, and its links lead to the gateway', async () => {
    respond('text/html; charset=utf-8', link());
    const { status, body, headers } = await send('GET /pypi/simple/acme/', ['Accept-Encoding: gzip']);
    expect(status).toBe(200);
    expect(body).toBe('<a href="https://gateway.example.com/pypi/packages/acme-1.0.zip">x</a>');
    expect(headers.get('content-length')).toBe(String(body.length));
    expect(scenario.upstream.requests()[0]?.headers.get('accept-encoding')).toEqual(['identity']);
  });

  test.each<[string, string, () => void]>([
    ['a page that ends early', 'simple/acme/', () => respond('text/html', link(), 10_000)],
    [
      'HTML that says it is JSON',
      'simple/acme/',
      () => respond('application/vnd.pypi.simple.v1+json', `{${link()}`),
    ],
    [
      'a page that is not UTF-8',
      'simple/acme/',
      () => respond('text/html', Buffer.from(`${link()}\xff`, 'latin1')),
    ],
    [
      'a page with an unknown encoding',
      'simple/acme/',
      () => {
        const body = gzipSync(link());
        respond('text/html', body, body.length, 'Content-Encoding: compress');
      },
    ],
    [
      'a page over the size limit',
      'simple/acme/',
      () => respond('text/html', link() + ' '.repeat(17 * 1024 ** 2)),
    ],
  ])('%s: the document is not relayed', async (_case, path, malicious) => {
    malicious();
    const { status, body } = await send(`GET /pypi/${path}`);
    expect(status).toBe(502);
    expect(body).toContain('upstream_');
    expect(body).not.toContain('acme-1.0');
  });

  test.each([
    ['HTML', 'text/html', '<html>Please log in</html>'],
    ['files elsewhere', 'application/json', '{"dl":"https://elsewhere.example.com/{crate}"}'],
    ['files elsewhere, with an unknown media type', 'x/y', '{"dl":"https://elsewhere.example.com/{crate}"}'],
  ])('config.json with %s is not relayed', async (_case, type, body) => {
    respond(type, body);
    const relayed = await send('GET /cargo/config.json');
    expect(relayed.status).toBe(502);
    expect(relayed.body).toContain('upstream_invalid');
    expect(relayed.body).not.toContain('elsewhere');
  });

  test.each([
    ['/pypi/simple/acme/', 'image/png'],
    ['/charts/index.yaml', 'text/html'],
    ['/pypi/packages/acme-1.0.zip', 'text/html'],
  ])('other files are relayed unchanged: %s as %s', async (path, type) => {
    respond(type, link());
    expect((await send(`GET ${path}`)).body).toBe(link());
  });

  test('a truncated chart index is aborted', async () => {
    respond('text/yaml', `urls: [${scenario.upstream.url}/acme-1.0.0.tgz]\n`, 10_000);
    const { body } = await send('GET /charts/index.yaml');
    // A last chunk would mark the body as complete.
    expect(body).not.toMatch(/(?:^|\r\n)0\r\n\r\n$/);
    expect(body).not.toContain(scenario.upstream.url);
  });
});

describe('uploads to an index of Python packages', () => {
  const part = (disposition: string, value: string): string =>
    `--b0undary\r\nContent-Disposition: form-data; ${disposition}\r\n\r\n${value}\r\n`;
  const action = part('name=":action"', 'file_upload');
  const name = part('name="name"', 'Acme.API');
  const file = (filename: string, content = 'PK'): string =>
    part(`name="content"; filename="${filename}"`, content);
  const end = '--b0undary--\r\n';
  const wheel = 'acme_api-1.0-py3-none-any.whl';
  const upload = (body: string, type = 'multipart/form-data; boundary=b0undary'): Promise<RawResponse> =>
    send('POST /pypi/', [`Content-Type: ${type}`], body);
  const large = 'x'.repeat(3 * 1024 ** 2);

  test.each([
    ['short', action + name + file(wheel) + end],
    ['without a last line end', action + name + file(wheel) + end.trim()],
    ['long', action + name + file(wheel, large) + end],
    [
      'signed',
      action + name + part(`name="gpg_signature"; filename="${wheel}.asc"`, 'sig') + file(wheel, large) + end,
    ],
  ])('a valid upload is forwarded byte for byte: %s', async (_case, body) => {
    scenario.upstream.respond(OK);
    expect((await upload(body)).status).toBe(200);
    expect(scenario.upstream.requests().map((request) => request.body)).toEqual([body]);
  });

  test.each([
    ['another project', action + part('name="name"', 'other') + file(wheel) + end],
    ['a file of another project', action + name + file('other-1.0-py3-none-any.whl') + end],
    ['two names', action + name + part('name="name"', 'other') + file(wheel) + end],
    ['two names in two cases', action + name + part('name="Name"', 'other') + file(wheel) + end],
    [
      'two names for Rack',
      action + name + part('name="name]"', 'other') + part('name="[name]"', 'other') + file(wheel) + end,
    ],
    ['a file in a folder', action + name + file('acme_api-1/other-1.0.zip') + end],
    ['two files', action + name + file('other-1.0.zip') + file(wheel) + end],
    [
      'a signature of another file',
      action + name + part('name="gpg_signature"; filename="other-1.0.zip.asc"', 's') + file(wheel) + end,
    ],
    [
      'a file by another field',
      action + name + part('name="doc"; filename="other-1.0.zip"', 's') + file(wheel) + end,
    ],
    ['a file before its name', action + file(wheel) + name + end],
    ['fields after the file', action + name + file(wheel) + part('name="x"', 'y') + end],
    [
      'a file with two names',
      action + name + part(`name="content"; filename="${wheel}"; filename*=utf-8''other-1.0.zip`, 'PK') + end,
    ],
    ['another action', part('name=":action"', 'remove_pkg') + name + file(wheel) + end],
    ['no action', name + file(wheel) + end],
    ['no file', action + name + end],
    // Line-based parsers accept a bare line feed; Rack 2 needs no line end before a boundary.
    [
      'a name after a bare line feed',
      action +
        name +
        part(
          'name="summary"',
          'x\n--b0undary\nContent-Disposition: form-data; name="name"\n\nother\n--b0undary--',
        ) +
        file(wheel) +
        end,
    ],
    [
      'a name after a boundary in the middle of a line',
      action +
        part('name="summary"', 'x--b0undary\r\nContent-Disposition: form-data; name="name"\r\n\r\nother') +
        name +
        file(wheel) +
        end,
    ],
    // commons-fileupload (Java) takes the files from the inner form.
    [
      'a form in the part of the file',
      action +
        name +
        part(
          `name="content"; filename="${wheel}"\r\nContent-Type: multipart/mixed; boundary=c`,
          '--c\r\nContent-Disposition: attachment; filename="other-1.0.zip"\r\n\r\nPK\r\n--c--',
        ) +
        end,
    ],
    ['text before the form', `preamble\r\n${action}${name}${file(wheel)}${end}`],
    ['more fields than are read', action + name + part('name="description"', large) + file(wheel) + end],
  ])('%s needs a write grant for all', async (_case, body) => {
    const { status, body: said } = await upload(body);
    expect(status).toBe(403);
    expect(said).toContain('resource_not_granted');
    expect(scenario.upstream.bytes()).toBe('');
  });

  test.each([
    ['another type', 'application/x-www-form-urlencoded'],
    ['a boundary with a comma', 'multipart/form-data; boundary=b0undary,x'],
    ['two boundaries', 'multipart/form-data; boundary=b0undary; boundary=other'],
    ['two types', 'multipart/form-data; boundary=b0undary\r\nContent-Type: multipart/form-data; boundary=x'],
    ['an encoding', 'multipart/form-data; boundary=b0undary\r\nContent-Encoding: gzip'],
  ])('%s needs a write grant for all', async (_case, type) => {
    expect((await upload(action + name + file(wheel) + end, type)).status).toBe(403);
    expect(scenario.upstream.bytes()).toBe('');
  });

  test.each(['?name=other', '?%3Aaction=remove_pkg', '?x'])(
    '%s needs a write grant for all',
    async (query) => {
      const type = 'Content-Type: multipart/form-data; boundary=b0undary';
      expect((await send(`POST /pypi/${query}`, [type], action + name + file(wheel) + end)).status).toBe(403);
      expect(scenario.upstream.bytes()).toBe('');
    },
  );

  test.each([
    ['a second file', `\r\n${file('other-1.0.zip').trimStart()}${end}`],
    ['a second name', `\r\n${part('name="name"', 'other')}${end}`],
    [
      'a boundary that lacks a line end',
      `\n--b0undary\nContent-Disposition: form-data; name="name"\n\nother\r\n${end}`,
    ],
    [
      'an epilogue',
      `\r\n${end}--b0undary\r\nContent-Disposition: form-data; name="name"\r\n\r\nother\r\n${end}`,
    ],
    [
      'a boundary followed by other bytes',
      `\r\n--b0undary \r\nContent-Disposition: form-data; name="name"\r\n\r\nother\r\n${end}`,
    ],
  ])('%s after the buffered part ends the request before the upstream receives it', async (_case, more) => {
    const good = `${action}${name}${file(wheel, large).slice(0, -2)}`;
    const { status, body } = await upload(good + more);
    expect(status).toBe(400);
    expect(body).toContain('request_malformed');
    expect(scenario.upstream.requests()).toEqual([]);
    expect(scenario.upstream.bytes()).not.toContain('other');
  });
});

describe('publication of a crate', () => {
  function publish(metadata: string, length = metadata.length, file = 'x'.repeat(3 * 1024 ** 2)) {
    const head = Buffer.alloc(4);
    head.writeUInt32LE(length);
    return send('PUT /cargo/api/v1/crates/new', [], `${head.toString('latin1')}${metadata}${file}`);
  }

  test('a granted one is forwarded byte for byte', async () => {
    scenario.upstream.respond(OK);
    expect((await publish('{"name":"acme-api","vers":"1.0.0"}')).status).toBe(200);
    expect(scenario.upstream.requests()[0]?.body).toHaveLength(4 + 34 + 3 * 1024 ** 2);
  });

  test.each(['gzip', 'br', 'identity'])(
    'one with a Content-Encoding is not forwarded: %s',
    async (encoding) => {
      const body = '\x0f\0\0\0{"name":"acme"}\x02\0\0\0PK';
      const { status } = await send('PUT /cargo/api/v1/crates/new', [`Content-Encoding: ${encoding}`], body);
      expect(status).toBe(400);
      expect(scenario.upstream.bytes()).not.toContain('PUT');
    },
  );

  test.each<[string, string, number | undefined, number]>([
    ['another crate', '{"name":"other"}', undefined, 403],
    ['two names', '{"name":"acme","name":"other"}', undefined, 400],
    ['a length longer than the body', '{"name":"acme"}', 14, 400],
    ['a length over the limit', '{"name":"acme"}', 2 ** 31, 403],
  ])('%s', async (_case, metadata, length, status) => {
    expect((await publish(metadata, length)).status).toBe(status);
    // Bytes of earlier requests may still arrive.
    expect(scenario.upstream.bytes()).not.toContain('PUT');
  });
});
