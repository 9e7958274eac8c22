/** Gem servers: hostile paths, headers, uploads and forms. Raw bytes sent, raw bytes received. */
import { describe, expect, test } from 'vitest';
import { attestedForm, gemArchive, specification } from '../support/gem-archive.ts';
import {
  closingRequest as request,
  rawRequest,
  rawResponse,
  type RawResponse,
} from '../support/raw-client.ts';
import { receivedBy, valuesOf } from '../support/received.ts';
import { useRecordedPackages } from '../support/scenario/packages.ts';
import { requestLines } from '../support/scenario/recorded.ts';

const scenario = useRecordedPackages([{ type: 'rubygems', name: 'gems', resources: ['acme*'] }]);

const KEY = (): string => `Authorization: ${scenario.token}`;
const OCTETS = 'Content-Type: application/octet-stream';
const URLENCODED = 'Content-Type: application/x-www-form-urlencoded';
const FORM = 'Content-Type: multipart/form-data; boundary=b';

const send = (line: string, headers: readonly string[] = [], body?: Buffer): Promise<RawResponse> =>
  rawResponse(scenario.gateway.port, request(line, [KEY(), ...headers], body), { quiet: 5_000 });

const acme = gemArchive(specification('acme'));
const other = gemArchive(specification('other'));
const gem = { name: 'gem', filename: 'acme-1.0.gem', content: acme };
const push = 'POST /gems/api/v1/gems';
const yank = 'DELETE /gems/api/v1/gems/yank';

describe('paths', () => {
  test.each([
    'GET /gems/info/acme/../other',
    'GET /gems/info/%2e%2e/gems/other-1.0.gem',
    'GET /gems/gems/acme%2fother-1.0.gem',
    'GET /gems/gems//other-1.0.gem',
    'GET /gems/./versions',
    'GET /gems/info/acme;x',
    'GET /gems/info/acme%00',
  ])('%s → 400 ∅', async (line) => {
    expect((await send(line)).status).toBe(400);
    expect(scenario.upstream.bytes()).toBe('');
  });

  test.each([
    'GET /gems/info/other',
    'GET /gems/gems/other-1.0.gem',
    'GET /gems/gems/other-2-acme-1.0.gem',
    'GET /gems/quick/Marshal.4.8/other-1.0.gemspec.rz',
    'GET /gems/api/v1/dependencies?gems=acme,other',
    'GET /gems/api/v1/search.json?query=o',
    'GET /gems/api/v1/api_key',
    'POST /gems/api/v1/oidc/trusted_publisher/exchange_token',
    'POST /gems/api/v1/gems/other/owners',
    'PUT /gems/api/v1/gems',
  ])('%s → 403 ∅', async (line) => {
    expect((await send(line)).status).toBe(403);
    expect(scenario.upstream.bytes()).toBe('');
  });
});

describe('headers', () => {
  test('the subject is the one of the token, and the key is not forwarded', async () => {
    await send('GET /gems/versions', [
      'X-Auth-Subject: admin',
      'x_auth_subject: admin',
      'Cookie: a=canary-cookie',
    ]);
    expect(valuesOf(receivedBy(scenario.upstream), 'x-auth-subject')).toHaveLength(1);
    expect(scenario.upstream.bytes()).not.toMatch(/admin|canary-cookie/);
    expect(scenario.upstream.bytes()).not.toContain(scenario.token);
  });

  test('two keys are refused', async () => {
    expect((await send('GET /gems/versions', [`Authorization: Bearer ${scenario.token}`])).status).toBe(400);
    expect(scenario.upstream.bytes()).toBe('');
  });

  test('without a key, the challenge is Basic', async () => {
    const { status, head } = await rawResponse(scenario.gateway.port, request('GET /gems/versions'), {
      quiet: 5_000,
    });
    expect(status).toBe(401);
    expect(head).toMatch(/^WWW-Authenticate: Basic realm="gateway\.example\.com"/im);
  });

  test('a challenge of the upstream is not relayed', async () => {
    scenario.upstream.respond(
      `HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm="${scenario.evil.url}"\r\nContent-Length: 0\r\n\r\n`,
    );
    expect((await send('GET /gems/versions')).head).not.toContain(scenario.evil.url);
  });
});

test.each([
  ['GET /gems/api/v1/dependencies?gems=acme', [URLENCODED], 'gems=other'],
  ['GET /gems/api/v1/dependencies?gems=acme', [FORM], '--b\r\n'],
  ['GET /gems/info/acme', [], 'x'],
])('%s with a body, where Rack reads parameters, is refused', async (line, headers, body) => {
  expect((await send(line, headers, Buffer.from(body))).status).toBe(400);
  expect(scenario.upstream.bytes()).toBe('');
});

describe('changes', () => {
  test.each([
    [
      push,
      [OCTETS],
      gemArchive(specification('acme'), { name: 'data.tar.gz.sig', content: Buffer.alloc(2 ** 22) }),
    ],
    [push, [FORM], attestedForm(gem, { name: 'attestations', content: '[]' })],
    [yank, [URLENCODED], Buffer.from('gem_name=acme&version=1.0')],
  ])('%s %j is forwarded byte for byte', async (line, headers, body) => {
    expect((await send(line, headers, body)).status).toBe(200);
    const received = receivedBy(scenario.upstream);
    expect(received.requestLine).toBe(`${line.replace('/gems/', '/')} HTTP/1.1`);
    expect(Buffer.from(received.body, 'latin1').equals(body)).toBe(true);
  });

  test.each([
    ['another gem', push, [OCTETS], other, 403],
    ['a truncated gem', push, [OCTETS], acme.subarray(0, 600), 400],
    ['no gem', push, [OCTETS], Buffer.from('x'), 400],
    ['nothing', push, [OCTETS], Buffer.alloc(0), 400],
    [
      'a YAML key in another spelling',
      push,
      [OCTETS],
      gemArchive(specification('acme', '"name": other\n')),
      403,
    ],
    ['a content coding', push, [OCTETS, 'Content-Encoding: gzip'], acme, 403],
    ['two content types', push, [OCTETS, FORM], acme, 403],
    ['a second gem in a form', push, [FORM], attestedForm(gem, { ...gem, content: other }), 403],
    ['another gem in a yank', yank, [URLENCODED], Buffer.from('gem_name=other&version=1.0'), 403],
    ['two gems in a yank', yank, [URLENCODED], Buffer.from('gem_name=acme&gem_name=other&version=1.0'), 400],
    ['a gem in the query', `${yank}?gem_name=other`, [URLENCODED], Buffer.from('gem_name=acme'), 403],
    [
      'another method in a form',
      yank,
      [URLENCODED],
      Buffer.from('gem_name=acme&version=1.0&_method=post'),
      400,
    ],
  ])('%s is refused', async (_case, line, headers, body, status) => {
    expect((await send(line, headers, body)).status).toBe(status);
    expect(scenario.upstream.bytes()).toBe('');
  });

  test('a second specification ends the request before the upstream receives it', async () => {
    const large = { name: 'data.tar.gz.sig', content: Buffer.alloc(3 * 1024 ** 2) };
    const hidden = gemArchive(specification('acme'), large, {
      name: 'metadata',
      content: specification('other'),
    });
    const { status, body } = await send(push, [OCTETS], hidden);
    expect(status).toBe(400);
    expect(body).toContain('request_malformed');
    expect(scenario.upstream.requests()).toEqual([]);
    expect(scenario.upstream.bytes()).not.toContain('name: other');
  });

  test('a chunked push cannot contain a second request, and two framings are refused', async () => {
    const chunked = Buffer.concat([
      Buffer.from(`${acme.length.toString(16)}\r\n`),
      acme,
      Buffer.from('\r\n0\r\n\r\nGET /gems/other-1.0.gem HTTP/1.1\r\nHost: x\r\n\r\n'),
    ]);
    const head = request(push, [KEY(), OCTETS, 'Transfer-Encoding: chunked']);
    const answers = await rawRequest(scenario.gateway.port, Buffer.concat([head, chunked]), { quiet: 5_000 });
    expect(answers.map(({ status }) => status)).toEqual([200]);
    expect(requestLines(scenario.upstream)).toEqual(['POST /api/v1/gems HTTP/1.1']);
    const both = request(push, [KEY(), OCTETS, 'Transfer-Encoding: chunked'], acme);
    const [refused] = await rawRequest(scenario.gateway.port, both, { quiet: 5_000 });
    expect(refused?.status).toBe(400);
    expect(requestLines(scenario.upstream)).toHaveLength(1);
  });
});
