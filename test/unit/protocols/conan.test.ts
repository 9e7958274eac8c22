import { describe, expect, test } from 'vitest';
import { createTokenRouteGuard } from '../../../src/protocols/index.ts';
import { packageProtocols } from '../../support/protocols.ts';
import { describeOperations } from './describe-operations.ts';
import { headsAt, SCOPE_NOT_GRANTED } from './request-heads.ts';

const { classify, challenge, refusal } = packageProtocols.conan({ path: '/conan/' });
const head = headsAt('packages.example.com', '/conan/');
const requested = (method: string, target: string): readonly string[] =>
  describeOperations(classify(head(method, target)));

const RECIPE = 'v2/conans/acme/1.0/team/stable';
const REVISION = `${RECIPE}/revisions/0f1e2d3c`;
const PACKAGE = `${REVISION}/packages/da39a3ee`;
const PACKAGE_REVISION = `${PACKAGE}/revisions/9a8b7c6d`;

test.each([
  ['GET', 'v2/conans/acme/1.0/team/stable/latest'],
  ['GET', `${RECIPE}/revisions`],
  ['GET', `${RECIPE}/search?list_only=True`],
  ['GET', `${REVISION}/files`],
  ['HEAD', `${REVISION}/files/conanfile.py`],
  ['GET', `${REVISION}/files/metadata/sign/pkgsign-manifest.json`],
  ['GET', `${REVISION}/files/metadata/build%20log.txt`],
  ['GET', `${REVISION}/search`],
  ['GET', `${PACKAGE}/latest`],
  ['GET', `${PACKAGE}/revisions`],
  ['GET', `${PACKAGE_REVISION}/files`],
  ['GET', `${PACKAGE_REVISION}/files/conan_package.tgz`],
])('%s %s reads the recipe', (method, path) => {
  expect(requested(method, path)).toEqual(['read one acme/1.0@team/stable']);
});

test.each([
  ['PUT', `${REVISION}/files/conan_export.tgz`],
  ['PUT', `${REVISION}/files/metadata/logs/build.log`],
  ['PUT', `${PACKAGE_REVISION}/files/conanmanifest.txt`],
  ['DELETE', RECIPE],
  ['DELETE', REVISION],
  ['DELETE', `${REVISION}/packages`],
  ['DELETE', PACKAGE],
  ['DELETE', PACKAGE_REVISION],
])('%s %s writes the recipe', (method, path) => {
  expect(requested(method, path)).toEqual(['write one acme/1.0@team/stable']);
});

test.each([
  ['zlib/1.3.1/_/_', 'zlib/1.3.1@_/_'],
  ['lib++/cci.20240101+1/acme+tools/_', 'lib++/cci.20240101+1@acme+tools/_'],
  ['lib%2B%2B/1/acme%2Btools/_', 'lib++/1@acme+tools/_'],
])('the reference of %s is %s', (path, reference) => {
  expect(requested('GET', `v2/conans/${path}/latest`)).toEqual([`read one ${reference}`]);
});

test('search requires a grant for all packages', () => {
  expect(requested('GET', 'v2/conans/search?q=acme*')).toEqual(['read every']);
  expect(requested('POST', 'v2/conans/search')).toEqual(['unknown']);
});

describe('routes that the gateway answers', () => {
  test('the ping is public, and announces no checksum deployment', () => {
    expect(classify(head('GET', 'v1/ping'))).toMatchObject({
      kind: 'operations',
      operations: [],
      public: true,
      plan: { builtInResponse: { headers: expect.arrayContaining(['revisions']) } },
    });
  });

  test.each(['v1/users/authenticate', 'v2/users/authenticate'])('%s issues a token', (path) => {
    const classified = classify(head('GET', path));
    const guard = createTokenRouteGuard({ type: 'conan', path: '/conan/', upstream: { url: 'http://up/' } });
    expect(guard(head('GET', path), classified)).toBe(classified);
    if (classified.kind !== 'operations') throw new TypeError(classified.kind);
    expect(classified).toMatchObject({ operations: [] });
    expect(classified.public).toBeUndefined();
    expect(classified.plan?.issuedToken?.responseWith('t-1')).toMatchObject({ status: 200, body: 't-1' });
  });

  test('no other path ends with the login of the upstream', () => {
    const guard = createTokenRouteGuard({ type: 'conan', path: '/conan/', upstream: { url: 'http://up/' } });
    for (const [method, path] of [
      ['POST', 'v2/users/authenticate'],
      ['GET', 'v2/users/authenticate/'],
      ['GET', 'x/v2/users/authenticate'],
      ['GET', `${REVISION}/files/v2/users/authenticate`],
    ] as const) {
      const target = head(method, path);
      expect(guard(target, classify(target)).kind).toBe('never-forwarded');
    }
  });
});

test.each([
  ['GET', ''],
  ['GET', 'v2/ping'],
  ['POST', 'v1/ping'],
  ['GET', 'v1/conans/acme/1.0/team/stable/download_urls'],
  ['POST', 'v1/conans/acme/1.0/team/stable/upload_urls'],
  ['GET', 'v1/files/acme/1.0/team/stable/0/export/conanfile.py'],
  ['GET', 'v2/conans/search/'],
  ['GET', 'v2/conans/acme/1.0/team'],
  ['GET', RECIPE],
  ['PUT', RECIPE],
  ['GET', `${RECIPE}/`],
  ['GET', `${RECIPE}/files/conanfile.py`],
  ['GET', REVISION],
  ['GET', `${REVISION}/packages`],
  ['GET', PACKAGE],
  ['GET', PACKAGE_REVISION],
  ['DELETE', `${REVISION}/files/conanfile.py`],
  ['PUT', `${REVISION}/files`],
  ['PUT', `${REVISION}/files/`],
  ['PUT', `${REVISION}/files/a%5Cb`],
  ['PUT', `${REVISION}/files/a%0Ab`],
  ['POST', `${REVISION}/files/conanfile.py`],
  ['PATCH', `${REVISION}/files/conanfile.py`],
  ['GET', `${RECIPE}/revisions/-x/files`],
  ['GET', 'v2/conans/Acme/1.0/team/stable/latest'],
  ['GET', 'v2/conans/_/1.0/team/stable/latest'],
  ['GET', 'v2/conans/acme/_/team/stable/latest'],
  ['GET', 'v2/conans/acme/1.0/*/stable/latest'],
  ['GET', 'v2/conans/acme/1.0@team/team/stable/latest'],
  ['GET', 'v2/conans/-acme/1.0/team/stable/latest'],
  ['GET', 'v2/conans/acme/1.0/%C3%A9/stable/latest'],
])('%s %s is not an operation', (method, path) => {
  expect(requested(method, path)).toEqual(['unknown']);
});

test('the challenge asks for Basic, and the body of a refusal is text', () => {
  expect(challenge({ host: 'packages.example.com', operations: [], error: undefined, status: 401 })).toBe(
    'Basic realm="packages.example.com"',
  );
  expect(refusal(SCOPE_NOT_GRANTED, undefined)).toEqual({
    contentType: 'text/plain; charset=utf-8',
    body: 'Why.\nerror: scope_not_granted\nrequest id: r-1\n',
  });
});
