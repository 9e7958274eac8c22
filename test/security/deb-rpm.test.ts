/** Debian and RPM repositories: hostile paths, headers, uploads and mirror lists. Raw bytes sent, raw bytes received. */
import { describe, expect, test } from 'vitest';
import { controlFile, debPackage, tarArchive } from '../support/deb-archive.ts';
import { closingRequest, rawRequest, rawResponse, type RawResponse } from '../support/raw-client.ts';
import { receivedBy, valuesOf } from '../support/received.ts';
import { nameEntry, rpmPackage } from '../support/rpm-package.ts';
import { useRecordedPackages } from '../support/scenario/packages.ts';
import { requestLines } from '../support/scenario/recorded.ts';

const scenario = useRecordedPackages(
  ['deb', 'rpm'].map((type) => ({ type, resources: ['acme*'], keys: 'pathParameters: keep' })),
);

const request = (line: string, headers: readonly string[] = [], body?: Buffer): Buffer =>
  closingRequest(line, [`Authorization: Bearer ${scenario.token}`, ...headers], body);

const send = (line: string, headers?: readonly string[], body?: Buffer): Promise<RawResponse> =>
  rawResponse(scenario.gateway.port, request(line, headers, body), { quiet: 5_000 });

const control = (name: string) => ({
  name: 'control.tar',
  content: tarArchive([{ name: './control', content: controlFile(name) }]),
});
const acmeDeb = debPackage(control('acme'));
const acmeRpm = rpmPackage([nameEntry('acme')]);

describe('paths', () => {
  test.each([
    'GET /deb/pool/main/a/acme/../other_1.0_all.deb',
    'GET /deb/dists/%2e%2e/pool/other_1.0_all.deb',
    'GET /deb/dists/..%2fpool/other_1.0_all.deb',
    'GET /deb/pool/a%2facme_1.0_all.deb',
    'GET /deb/flat/././Packages',
    'GET /deb/dists//InRelease',
    'GET /deb/pool/acme_1.0_all.deb%00.asc',
    'GET /deb/dists/..;/pool/other_1.0_all.deb',
    'GET /rpm/./repodata/repomd.xml',
    'GET /rpm/repodata/../other-1.0-1.noarch.rpm',
    'GET /rpm/repodata/%2e%2e/other-1.0-1.noarch.rpm',
    'GET /rpm/repodata/..%5cother-1.0-1.noarch.rpm',
    'GET /rpm/repodata%2f..%2fother-1.0-1.noarch.rpm',
  ])('%s → 400 ∅', async (line) => {
    expect((await send(line)).status).toBe(400);
    expect(scenario.upstream.bytes()).toBe('');
  });

  test.each([
    'GET /deb/pool/main/a/acme/other_1.0_all.deb',
    'GET /deb/dists/stable/other_1.0_all.deb',
    'GET /deb/dists/stable/OTHER.DEB',
    'GET /deb/pool/main/a/acme/',
    'DELETE /deb/pool/stable/main/other/1.0/amd64',
    'DELETE /deb/dists/stable/InRelease',
    'GET /rpm/Packages/a/other-1.0-1.noarch.rpm',
    'GET /rpm/repodata/other-1.0-1.noarch.rpm',
    'GET /rpm/package/other/1.0-1/noarch/acme-1.0-1.noarch.rpm',
    'GET /rpm/acme-tools-other.rpm',
    'DELETE /rpm/repodata/repomd.xml',
    'DELETE /rpm/package/other/1.0-1/noarch',
    'MOVE /rpm/acme-1.0-1.noarch.rpm',
  ])('%s → 403 ∅', async (line) => {
    expect((await send(line)).status).toBe(403);
    expect(scenario.upstream.bytes()).toBe('');
  });

  test.each([
    ['/deb/flat/./Packages', '/flat/Packages'],
    [
      '/deb/pool/main/a/acme%2b%2b/acme%2b%2b_1.0%2bb_all.deb',
      '/pool/main/a/acme%2B%2B/acme%2B%2B_1.0%2Bb_all.deb',
    ],
    ['/rpm/acme%2b%2b-1.0-1.noarch.rpm', '/acme%2B%2B-1.0-1.noarch.rpm'],
  ])('%s is forwarded as %s', async (path, forwarded) => {
    expect((await send(`GET ${path}`)).status).toBe(200);
    expect(requestLines(scenario.upstream)).toEqual([`GET ${forwarded} HTTP/1.1`]);
  });
});

describe('headers', () => {
  test.each(['GET /deb/dists/stable/InRelease', 'GET /rpm/repodata/repomd.xml'])(
    '%s: the subject is the one of the token',
    async (line) => {
      await send(line, ['X-Auth-Subject: admin', 'x_auth_subject: admin', 'Cookie: session=canary-cookie']);
      const received = receivedBy(scenario.upstream);
      expect(valuesOf(received, 'x-auth-subject')).toHaveLength(1);
      expect(scenario.upstream.bytes()).not.toMatch(/admin|canary-cookie/);
    },
  );

  test.each(['X-Checksum-Deploy: true', 'X-Explode-Archive: true', 'Destination: /other_1.0_all.deb'])(
    'an upload with %s is refused',
    async (header) => {
      expect((await send('PUT /deb/acme_1.0_all.deb', [header], acmeDeb)).status).toBe(400);
      expect((await send('PUT /rpm/acme-1.0-1.noarch.rpm', [header], acmeRpm)).status).toBe(400);
      expect(scenario.upstream.bytes()).toBe('');
    },
  );

  test.each(['/deb/dists/stable/InRelease', '/rpm/repodata/repomd.xml'])(
    'an anonymous request for %s gets a Basic challenge',
    async (path) => {
      const anonymous = [`GET ${path} HTTP/1.1`, 'Host: gateway.example.com', 'Connection: close', '', ''];
      const { status, headers } = await rawResponse(scenario.gateway.port, anonymous.join('\r\n'));
      expect(status).toBe(401);
      expect(headers.get('www-authenticate')).toBe('Basic realm="gateway.example.com"');
      expect(scenario.upstream.bytes()).toBe('');
    },
  );

  test('a challenge of the upstream is not relayed', async () => {
    scenario.upstream.respond(
      `HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm="${scenario.evil.url}"\r\nContent-Length: 0\r\n\r\n`,
    );
    const { head } = await send('GET /deb/dists/stable/InRelease');
    expect(head).not.toContain(scenario.evil.url);
  });
});

describe('uploads', () => {
  const large = Buffer.alloc(3 * 1024 ** 2, 'x');

  test.each([
    [
      'PUT /deb/pool/main/a/acme/acme_1.0_all.deb',
      debPackage(control('acme'), { name: '_x', content: large }),
    ],
    ['PUT /deb/pool/stable/main/upload', acmeDeb],
    ['PUT /deb/acme_1.0_all.deb;deb.distribution=stable;deb.component=main;deb.architecture=all', acmeDeb],
    ['PUT /deb/acme_1.0_all.deb?distribution=stable&component=main', acmeDeb],
    ['PUT /rpm/Packages/acme-1.0-1.noarch.rpm', Buffer.concat([acmeRpm, large])],
    ['PUT /rpm/el9/upload', acmeRpm],
  ])('%s is forwarded byte for byte', async (line, body) => {
    expect((await send(line, [], body)).status).toBe(200);
    const received = receivedBy(scenario.upstream);
    expect(received.requestLine).toBe(`${line.replace(/\/(?:deb|rpm)\//, '/')} HTTP/1.1`);
    expect(Buffer.from(received.body, 'latin1').equals(body)).toBe(true);
  });

  test.each([
    ['PUT /deb/pool/main/o/other/other_1.0_all.deb', debPackage(control('other')), 403],
    ['PUT /deb/pool/stable/main/upload', debPackage(control('other')), 403],
    ['PUT /deb/acme_1.0_all.deb', debPackage(control('other')), 400],
    ['PUT /deb/acme_1.0_all.deb;deb.component=main', debPackage(control('acme-other')), 400],
    ['PUT /deb/acme_1.0_all.deb', acmeDeb.subarray(0, 300), 403],
    ['PUT /deb/acme_1.0_all.deb', Buffer.from('no package'), 400],
    ['PUT /deb/acme_1.0_all.deb', Buffer.alloc(0), 400],
    ['PUT /deb/dists/stable/InRelease', Buffer.from('x'), 403],
    ['PUT /deb/acme_1.0_all.changes', Buffer.from('x'), 403],
    ['PUT /deb/acme_1.0.dsc?compose', Buffer.from('x'), 403],
    ['PUT /rpm/other-1.0-1.noarch.rpm', rpmPackage([nameEntry('other')]), 403],
    ['PUT /rpm/upload', rpmPackage([nameEntry('other')]), 403],
    ['PUT /rpm/acme-1.0-1.noarch.rpm', rpmPackage([nameEntry('other')]), 400],
    ['PUT /rpm/acme-1.0-1.noarch.rpm', rpmPackage([nameEntry('acme'), nameEntry('other')]), 400],
    ['PUT /rpm/acme-1.0-1.noarch.rpm', acmeRpm.subarray(0, 120), 400],
    ['PUT /rpm/repodata/repomd.xml', Buffer.from('x'), 403],
  ])('%s with another body: %#', async (line, body, status) => {
    expect((await send(line, [], body)).status).toBe(status);
    expect(scenario.upstream.bytes()).toBe('');
  });

  // Gitea, UploadStream: with this type, the package is the first file of the form.
  test.each([
    ['Content-Type: multipart/form-data; boundary=b'],
    ['Content-Type: Multipart/Mixed; boundary=b'],
    ['Content-Type: application/octet-stream', 'Content-Type: multipart/form-data; boundary=b'],
  ])('a form after the package is refused: %s %s', async (...headers) => {
    const form = (name: string, body: Buffer): Buffer =>
      Buffer.concat([
        Buffer.from(`\r\n--b\r\nContent-Disposition: form-data; name="f"; filename="${name}"\r\n\r\n`),
        body,
        Buffer.from('\r\n--b--\r\n'),
      ]);
    const deb = debPackage(control('acme'), {
      name: '_x',
      content: form('x.deb', debPackage(control('other'))),
    });
    const rpm = Buffer.concat([acmeRpm, form('x.rpm', rpmPackage([nameEntry('other')]))]);
    for (const [line, body] of [
      ['PUT /deb/pool/stable/main/upload', deb],
      ['PUT /rpm/upload', rpm],
    ] as const)
      expect([line, await send(line, headers, body)]).toEqual([
        line,
        expect.objectContaining({ status: 400, body: expect.stringContaining('--upload-file') }),
      ]);
    expect(scenario.upstream.bytes()).toBe('');
  });

  test.each([
    ['PUT /deb/acme_1.0_all.deb', 'not an ar archive'],
    ['PUT /rpm/acme-1.0-1.noarch.rpm', 'not an RPM package'],
  ])('the message of %s with another file states the problem', async (line, problem) => {
    const { status, body } = await send(line, [], Buffer.alloc(200));
    expect([status, body]).toEqual([400, expect.stringContaining(`no valid package: ${problem}.`)]);
  });

  test('the message of an encoded upload names the header', async () => {
    const { status, body } = await send(
      'PUT /rpm/acme-1.0-1.noarch.rpm',
      ['Content-Encoding: gzip'],
      acmeRpm,
    );
    expect([status, body]).toEqual([400, expect.stringContaining('without Content-Encoding')]);
  });

  test('the message of a refused index file names all resources', async () => {
    const { body } = await send('PUT /deb/dists/stable/InRelease', [], Buffer.from('x'));
    expect(body).toContain('"write_package_registry", but not for all resources, which this request needs.');
  });

  test('a second control archive ends the request before the upstream receives it', async () => {
    const hidden = debPackage(control('acme'), { name: '_x', content: large }, control('other'));
    const { status, body } = await send('PUT /deb/pool/stable/main/upload', [], hidden);
    expect(status).toBe(400);
    expect(body).toContain('request_malformed');
    expect(scenario.upstream.requests()).toEqual([]);
    expect(scenario.upstream.bytes()).not.toContain('Package: other');
  });

  test('a chunked upload cannot contain a second request', async () => {
    const smuggled = 'GET /other_1.0_all.deb HTTP/1.1\r\nHost: x\r\n\r\n';
    const chunked = Buffer.concat([
      Buffer.from(`${acmeDeb.length.toString(16)}\r\n`),
      acmeDeb,
      Buffer.from(`\r\n0\r\n\r\n${smuggled}`),
    ]);
    const bytes = Buffer.concat([
      request('PUT /deb/pool/stable/main/upload', ['Transfer-Encoding: chunked']),
      chunked,
    ]);
    const responses = await rawRequest(scenario.gateway.port, bytes, { quiet: 5_000 });
    expect(responses.map(({ status }) => status)).toEqual([200]);
    expect(requestLines(scenario.upstream)).toEqual(['PUT /pool/stable/main/upload HTTP/1.1']);
  });

  test('two framings are refused', async () => {
    const bytes = request('PUT /rpm/upload', ['Transfer-Encoding: chunked'], acmeRpm);
    const [response] = await rawRequest(scenario.gateway.port, bytes, { quiet: 5_000 });
    expect(response?.status).toBe(400);
    expect(scenario.upstream.bytes()).not.toContain('PUT');
  });
});

describe('documents with mirrors', () => {
  const respond = (body: string): void =>
    scenario.upstream.respond(
      `HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );

  test.each(['metalink?repo=acme', 'mirrorlist?repo=acme'])(
    'GET %s: a list without a mirror behind the gateway is not relayed',
    async (path) => {
      respond(
        path.startsWith('metalink')
          ? `<metalink><url>${scenario.evil.url}/</url></metalink>`
          : `${scenario.evil.url}/\n`,
      );
      const { status, body } = await send(`GET /rpm/${path}`);
      expect(status).toBe(502);
      expect(body).toContain('upstream_invalid');
      expect(body).not.toContain(scenario.evil.url);
    },
  );

  test('index files are relayed unchanged', async () => {
    const repomd = `<repomd><location href="${scenario.upstream.url}/repodata/x"/></repomd>`;
    respond(repomd);
    expect((await send('GET /rpm/repodata/repomd.xml')).body).toBe(repomd);
    respond(repomd);
    expect((await send('GET /deb/dists/stable/InRelease')).body).toBe(repomd);
  });
});
