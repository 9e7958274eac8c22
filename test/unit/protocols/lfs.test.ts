import { describe, expect, test } from 'vitest';
import { gitProtocol } from '../../support/protocols.ts';
import { rewriteLfsBatch } from '../../../src/protocols/git/lfs-batch-response.ts';
import { headsAt } from './request-heads.ts';

const { classify } = gitProtocol({ path: '/git/' });
const head = headsAt('git.example.com', '/git/acme/api.git/');

const OID = 'a'.repeat(64);
const READ = 'read_repository';
const WRITE = 'write_repository';
const operation = (scope: string) => ({ scope, resource: 'acme/api', extent: 'one' });

test.each([
  ['GET', `info/lfs/objects/${OID}`, READ],
  ['GET', `info/lfs/objects/storage/${OID}`, READ],
  ['HEAD', `gitlab-lfs/objects/${OID}`, READ],
  ['GET', 'info/lfs/locks', READ],
  ['PUT', `info/lfs/objects/${OID}`, WRITE],
  ['PUT', `gitlab-lfs/objects/${OID}/1024`, WRITE],
  ['POST', 'info/lfs/verify', WRITE],
  ['POST', 'info/lfs/objects/verify', WRITE],
  ['POST', `info/lfs/objects/${OID}/verify`, WRITE],
  ['POST', 'info/lfs/locks', WRITE],
  ['POST', 'info/lfs/locks/verify', WRITE],
  ['POST', 'info/lfs/locks/l-1/unlock', WRITE],
])('%s %s requires %s', (method, target, scope) => {
  expect(classify(head(method, target))).toEqual({ kind: 'operations', operations: [operation(scope)] });
});

test.each([
  ['GET', 'info/lfs/objects/batch'],
  ['GET', 'info/lfs/objects/abc'],
  ['GET', `info/lfs/objects/${OID.toUpperCase()}`],
  ['GET', 'info/lfs/locks/l-1'],
  ['PUT', `gitlab-lfs/objects/${OID}`],
  ['PUT', `gitlab-lfs/objects/${OID}/-1`],
  ['DELETE', `info/lfs/objects/${OID}`],
  ['POST', 'info/lfs/locks/../unlock'],
])('%s %s is not an operation', (method, target) => {
  expect(classify(head(method, target))).toMatchObject({ kind: 'unknown' });
});

describe('a batch', () => {
  const batch = (rawHeaders: readonly string[] = [], query = '') =>
    classify({ ...head('POST', `info/lfs/objects/batch${query}`), hasBody: true, rawHeaders });
  const read = async (body: string | Buffer) => {
    const classified = batch();
    return classified.kind === 'in-body' ? classified.read(Buffer.from(body)) : classified;
  };

  test('is buffered whole, for a caller who may read or write the repository', () => {
    expect(batch(['Content-Type', 'application/vnd.git-lfs+json; charset=utf-8'])).toMatchObject({
      kind: 'in-body',
      oneOf: [operation(READ), operation(WRITE)],
      part: 'whole',
      maxBytes: 1024 ** 2,
    });
  });

  test.each([
    ['download', READ],
    ['upload', WRITE],
  ])('with the operation %s requires %s, and its response is rewritten', async (name, scope) => {
    expect(await read(JSON.stringify({ operation: name, objects: [] }))).toMatchObject({
      operations: [operation(scope)],
      plan: { rewrite: { kind: 'document', types: 'any' } },
    });
  });

  test.each([
    '{}',
    '{"operation":"delete"}',
    '{"operation":["download"]}',
    '{"operation":"download","Operation":"upload"}',
    '{"OPERATION":"upload"}',
    '{"operation":"download","operation":"upload"}',
    '[]',
    'operation=download',
    '',
    '\ufeff{"operation":"download"}',
  ])('%j is malformed', async (body) => {
    expect(await read(body)).toMatchObject({ kind: 'deny', reason: 'request_malformed' });
  });

  test.each([
    [['Content-Encoding', 'gzip'], ''],
    [['Content-Type', 'application/x-www-form-urlencoded'], ''],
    [['Content-Type', 'application/json; charset=utf-16'], ''],
    [[], '?operation=upload'],
    [[], '?Operation[]=upload'],
  ])('with %j and the query %j is malformed', (rawHeaders, query) => {
    expect(batch(rawHeaders, query)).toMatchObject({ kind: 'deny', reason: 'request_malformed' });
  });
});

describe('a batch response', () => {
  const urls = {
    base: 'https://git.example.com/git/',
    of: (url: string) =>
      url.startsWith('http://upstream/') ? `https://git.example.com/git/${url.slice(16)}` : undefined,
    leadsToStorage: (url: string) => url.startsWith('https://storage/'),
  };
  const rewrite = (...objects: readonly unknown[]): unknown =>
    JSON.parse(rewriteLfsBatch(JSON.stringify({ transfer: 'basic', objects }), urls) ?? 'null');

  test('leads to the gateway without the credentials of the upstream', () => {
    const header = { Authorization: 'Basic x', 'Content-Type': 'application/octet-stream', Cookie: 'a=b' };
    const download = { href: 'http://upstream/acme/api.git/x', header, expires_in: 60 };
    expect(rewrite({ oid: OID, authenticated: true, actions: { download } })).toEqual({
      transfer: 'basic',
      objects: [
        {
          oid: OID,
          actions: {
            download: {
              href: 'https://git.example.com/git/acme/api.git/x',
              header: { 'Content-Type': 'application/octet-stream' },
              expires_in: 60,
            },
          },
        },
      ],
    });
  });

  test('keeps actions at configured storage, with their signed headers', () => {
    const object = {
      oid: OID,
      authenticated: true,
      actions: { upload: { href: 'https://storage/x?sig=1', header: { 'x-amz-date': '1' } } },
    };
    expect(rewrite(object)).toEqual({ transfer: 'basic', objects: [object] });
  });

  test('keeps objects without actions, and errors', () => {
    const object = { oid: OID, error: { code: 404, message: 'Object does not exist' } };
    expect(rewrite(object)).toEqual({ transfer: 'basic', objects: [object] });
  });

  test.each([
    ['another host', { actions: { download: { href: 'https://elsewhere/x' } } }],
    ['one object of several', { oid: OID }, { actions: { download: { href: 'https://elsewhere/x' } } }],
    ['a header without href', { actions: { download: { header: { Authorization: 'x' } } } }],
    [
      'an href in capitals',
      { actions: { download: { href: 'http://upstream/x', HREF: 'https://elsewhere/' } } },
    ],
    ['an action in an unusual place', { links: [{ deep: { href: 'https://elsewhere/x' } }] }],
    ['an object that is a string', 'http://upstream/x'],
  ])('with %s is not relayed', (_case, ...objects) => {
    expect(rewrite(...objects)).toBeNull();
  });

  test.each(['', '<html>', '[]', '{}', '{"objects":{}}', '{"objects":[],"objects":[]}'])(
    '%j is not relayed',
    (document) => {
      expect(rewriteLfsBatch(document, urls)).toBeUndefined();
    },
  );

  test('with an action next to the objects is not relayed if it leads elsewhere', () => {
    const document = { objects: [], Objects: [{ href: 'https://elsewhere/' }] };
    expect(rewriteLfsBatch(JSON.stringify(document), urls)).toBeUndefined();
  });

  test('nested too deep is not relayed', () => {
    const nested = `${'{"a":'.repeat(20)}1${'}'.repeat(20)}`;
    expect(rewriteLfsBatch(`{"objects":[${nested}]}`, urls)).toBeUndefined();
  });
});
