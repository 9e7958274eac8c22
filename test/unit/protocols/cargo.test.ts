import { describe, expect, test } from 'vitest';
import type { Classification, PublicUrls } from '../../../src/core/request/protocol.ts';
import type { RequestHead } from '../../../src/core/request/request-head.ts';
import { CONFIG } from '../../../src/protocols/cargo/config.ts';
import { packageProtocols } from '../../support/protocols.ts';
import { describeOperations } from './describe-operations.ts';
import { SCOPE_NOT_GRANTED } from './request-heads.ts';

const { classify, challenge, refusal } = packageProtocols.cargo({ path: '/cargo/' });

function classified(method: string, path: string): Classification {
  const head = { method, host: 'gateway.example.com', query: '', hasBody: false, rawHeaders: [] };
  return classify({ ...head, path: `/cargo/${path}` as RequestHead['path'] });
}

const requested = (method: string, path: string): readonly string[] =>
  describeOperations(classified(method, path));

test.each<[string, string, ...string[]]>([
  ['GET', 'config.json', 'read any'],
  ['GET', 'index/config.json', 'read any'],
  ['GET', '1/a', 'read one a'],
  ['GET', '2/ab', 'read one ab'],
  ['GET', '3/a/abc', 'read one abc'],
  ['HEAD', 'ac/me/acme_api', 'read one acme-api'],
  ['GET', 'index/ac/me/ACME-Api', 'read one acme-api'],
  ['GET', 'api/v1/crates', 'read every'],
  ['GET', 'api/v1/crates/Acme_Api/1.0.0/download', 'read one acme-api'],
  ['GET', 'dl/acme_api/1.0.0-rc.1%2Bbuild/download', 'read one acme-api'],
  ['GET', 'crates/acme_api/acme_api-1.0.0.crate', 'read one acme-api'],
  ['GET', 'crates/acme-2-1.0.0-2.crate', 'read one acme-2'],
  ['GET', 'crates/ac/me/acme_api/1.0.0.crate', 'read one acme-api'],
  ['GET', 'crates/0123456789abcdef.crate', 'read every'],
  ['DELETE', 'api/v1/crates/acme_api/1.0.0/yank', 'write one acme-api'],
  ['PUT', 'api/v1/crates/acme_api/1.0.0/unyank', 'write one acme-api'],
  ['GET', 'api/v1/crates/acme_api/owners', 'read one acme-api'],
  ['PUT', 'api/v1/crates/acme_api/owners', 'write one acme-api'],
  ['DELETE', 'api/v1/crates/acme_api/owners', 'write one acme-api'],
])('%s %s', (method, path, ...expected) => {
  expect(requested(method, path)).toEqual(expected);
});

test('crates named like a route', () => {
  expect(requested('GET', 'ow/ne/owners')).toEqual(['read one owners']);
  expect(requested('GET', 'do/wn/download')).toEqual(['read one download']);
  expect(requested('GET', 'cr/at/crates')).toEqual(['read one crates']);
  expect(requested('GET', 'api/v1/crates/3/n/new')).toEqual(['read one new']);
});

test.each([
  ['GET', ''],
  ['PUT', 'config.json'],
  ['PUT', 'crates/acme-1.0.0.crate'],
  // Index folders of another crate.
  ['GET', 'ac/me/other'],
  ['GET', '1/ab'],
  ['GET', '2/a'],
  ['GET', '3/b/abc'],
  ['GET', 'ab/c/abc'],
  ['PUT', 'ac/me/acme'],
  ['GET', 'ac/me/acme%2Fapi'],
  ['GET', 'api/v1/crates/new'],
  ['PUT', 'crates/new'],
  ['POST', 'api/v1/crates'],
  ['PUT', 'api/v1/crates/acme/1.0.0/yank'],
  ['DELETE', 'api/v1/crates/acme/1.0.0/unyank'],
  ['DELETE', 'v1/x/acme/1.0.0/yank'],
  ['DELETE', 'api/v1/crates/acme/latest/yank'],
  ['DELETE', 'api/v1/crates/a.b/1.0.0/yank'],
  ['POST', 'api/v1/crates/acme/owners'],
  ['GET', 'api/v1/crates/acme%20x/owners'],
  ['PUT', 'api/v1/crates/acme/1.0.0/download'],
  ['GET', 'api/v1/crates/acme/download'],
])('%s %s is not an operation of a Cargo registry', (method, path) => {
  expect(requested(method, path)).toEqual(['unknown']);
});

describe('a publication names its crate in the body', () => {
  const publication = classified('PUT', 'api/v1/crates/new');
  const read = async (body: Buffer): Promise<readonly string[]> =>
    publication.kind === 'in-body' ? describeOperations(await publication.read(body)) : [publication.kind];
  function body(metadata: string, length = Buffer.byteLength(metadata), file = 'the file'): Buffer {
    const head = Buffer.alloc(4);
    head.writeUInt32LE(length);
    return Buffer.concat([head, Buffer.from(metadata), Buffer.from(file)]);
  }

  test('without any write grant it is refused before the body', () => {
    expect(publication).toMatchObject({
      kind: 'in-body',
      part: 'start',
      oneOf: [{ scope: 'write_package_registry', resource: '', extent: 'any' }],
    });
  });

  test.each([
    ['its name', '{"name":"Acme_Api","vers":"1.0.0"}', 'write one acme-api'],
    ['escaped', String.raw`{"n\u0061me":"acme-api"}`, 'write one acme-api'],
    ['name twice', '{"name":"acme","name":"other"}', 'request_malformed'],
    ['the name twice, once escaped', String.raw`{"name":"acme","n\u0061me":"other"}`, 'request_malformed'],
    ['the name in two letter cases', '{"name":"acme","Name":"other"}', 'request_malformed'],
    ['the name in another letter case', '{"NAME":"acme"}', 'request_malformed'],
    ['no name', '{"vers":"1.0.0"}', 'request_malformed'],
    ['an invalid name', '{"name":"../other"}', 'request_malformed'],
    ['a list of names', '{"name":["acme"]}', 'request_malformed'],
    ['no JSON', 'name=acme', 'request_malformed'],
    ['nothing', '', 'request_malformed'],
  ])('%s', async (_case, metadata, expected) => {
    expect(await read(body(metadata))).toEqual([expected]);
  });

  test('a length longer than the body', async () => {
    expect(await read(body('{"name":"acme"}', 14))).toEqual(['request_malformed']);
    expect(await read(body('{"name":"acme"}', 1000))).toEqual(['request_malformed']);
    expect(await read(Buffer.from([1, 0]))).toEqual(['request_malformed']);
    expect(await read(Buffer.alloc(0))).toEqual(['request_malformed']);
  });

  test('metadata over the limit needs a write grant for all crates', async () => {
    expect(await read(body('{"name":"acme"}', 2 ** 31))).toEqual(['write every']);
  });
});

describe('config.json', () => {
  const GATEWAY = 'https://gateway.example.com/cargo/';
  const urls: PublicUrls = {
    base: GATEWAY,
    of: (url) =>
      url.startsWith('http://crates.internal/')
        ? GATEWAY + url.slice('http://crates.internal/'.length)
        : undefined,
    leadsToStorage: () => false,
  };
  const rewrite = (config: object | string): unknown => {
    const text = typeof config === 'string' ? config : JSON.stringify(config);
    const rewritten = CONFIG.rewrite(text, urls);
    return rewritten === undefined ? undefined : (JSON.parse(rewritten) as unknown);
  };

  test.each([
    ['http://crates.internal/api/v1/crates', `${GATEWAY}api/v1/crates`],
    [
      'http://crates.internal/{lowerprefix}/{crate}/{version}.crate',
      `${GATEWAY}{lowerprefix}/{crate}/{version}.crate`,
    ],
    ['http://crates.internal', GATEWAY.slice(0, -1)],
    ['http://crates.internal/', GATEWAY],
  ])('dl %s', (dl, expected) => {
    expect(rewrite({ dl, api: 'http://crates.internal', 'auth-required': false, more: 1 })).toEqual({
      dl: expected,
      api: GATEWAY.slice(0, -1),
      'auth-required': true,
      more: 1,
    });
  });

  test('a registry without a web API', () => {
    expect(rewrite({ dl: 'http://crates.internal/dl' })).toEqual({
      dl: `${GATEWAY}dl`,
      api: null,
      'auth-required': true,
    });
  });

  test.each<[string, object | string]>([
    [
      'files on another host, which cargo would send its token to',
      { dl: 'https://elsewhere.example.com/{crate}' },
    ],
    ['a host with the same prefix', { dl: 'http://crates.internal.example.com/' }],
    ['a web API on another host', { dl: 'http://crates.internal/dl', api: 'https://elsewhere.example.com' }],
    ['dot segments', { dl: 'http://crates.internal/../other/{crate}' }],
    ['a query', { dl: 'http://crates.internal/dl?crate={crate}' }],
    ['no dl', { api: 'http://crates.internal' }],
    ['dl that is not a string', { dl: ['http://crates.internal/dl'] }],
    ['dl twice', '{"dl":"http://crates.internal/dl","dl":"https://elsewhere.example.com/"}'],
    ['HTML', '<html>Please log in</html>'],
  ])('%s: the document is not relayed', (_case, config) => {
    expect(rewrite(config)).toBeUndefined();
  });
});

test('a refusal is an error of the web API', () => {
  expect(challenge({ host: 'gateway.example.com', operations: [], error: undefined, status: 401 })).toBe(
    'Cargo realm="gateway.example.com"',
  );
  expect(JSON.parse(refusal(SCOPE_NOT_GRANTED, '*/*').body)).toEqual({
    errors: [{ detail: 'Why. (scope_not_granted, request id r-1)' }],
  });
});
