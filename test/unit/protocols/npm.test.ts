import { expect, test } from 'vitest';
import { packageProtocols } from '../../support/protocols.ts';
import { headsAt } from './request-heads.ts';

const { classify, challenge, refusal, encodedSlash } = packageProtocols.npm({ path: '/npm/' });

const head = headsAt('npm.example.com', '/npm/');

const READ = 'read_package_registry';
const WRITE = 'write_package_registry';

test.each([
  ['GET', 'left-pad', READ, 'left-pad'],
  ['HEAD', 'left-pad', READ, 'left-pad'],
  ['GET', '@acme/ui', READ, '@acme/ui'],
  ['GET', '@acme%2fui', READ, '@acme/ui'],
  ['GET', '@acme%2Fui', READ, '@acme/ui'],
  ['GET', '@acme%2fui/1.0.0', READ, '@acme/ui'],
  ['GET', 'left-pad/latest', READ, 'left-pad'],
  // Names are case-sensitive in npm.
  ['GET', 'JSONStream', READ, 'JSONStream'],
  ['GET', 'left-pad/-/left-pad-1.0.0.tgz', READ, 'left-pad'],
  ['GET', '@acme/ui/-/ui-1.0.0-rc.1.tgz', READ, '@acme/ui'],
  ['GET', '@acme%2fui/-/ui-1.0.0.tgz', READ, '@acme/ui'],
  ['GET', '@acme/ui/-/@acme/ui-1.0.0.tgz', READ, '@acme/ui'],
  ['PUT', '@acme%2fui', WRITE, '@acme/ui'],
  ['PUT', '@acme%2fui/-rev/3-1', WRITE, '@acme/ui'],
  ['DELETE', '@acme%2fui/-rev/3-1', WRITE, '@acme/ui'],
  ['DELETE', '@acme/ui/-/ui-1.0.0.tgz/-rev/3-1', WRITE, '@acme/ui'],
  ['GET', '-/package/@acme%2fui/dist-tags', READ, '@acme/ui'],
  ['PUT', '-/package/@acme%2fui/dist-tags/next', WRITE, '@acme/ui'],
  ['POST', '-/package/left-pad/dist-tags/next', WRITE, 'left-pad'],
  ['DELETE', '-/package/left-pad/dist-tags/next', WRITE, 'left-pad'],
  ['GET', '-/npm/v1/attestations/@acme%2fui@1.0.0', READ, '@acme/ui'],
])('%s %s requires %s on %s', (method, rest, scope, resource) => {
  expect(classify(head(method, rest))).toMatchObject({
    kind: 'operations',
    operations: [{ scope, resource, extent: 'one' }],
  });
});

test.each([
  ['GET', '-/ping', 'any'],
  ['GET', '-/npm/v1/keys', 'any'],
  ['POST', '-/npm/v1/security/advisories/bulk', 'any'],
  ['POST', '-/npm/v1/security/audits/quick', 'any'],
  ['GET', '-/v1/search', 'every'],
  ['GET', '-/all', 'every'],
])('%s %s names no package: %s', (method, rest, extent) => {
  expect(classify(head(method, rest))).toEqual({
    kind: 'operations',
    operations: [{ scope: READ, resource: '', extent }],
  });
});

test.each([
  ['left-pad', 'urls'],
  ['@acme%2fui/1.0.0', 'urls'],
  ['@acme/ui/-/ui-1.0.0.tgz', undefined],
  ['-/package/left-pad/dist-tags', undefined],
  ['-/npm/v1/attestations/left-pad@1.0.0', undefined],
])('the kind of rewrite of %s: %s', (rest, kind) => {
  const requested = classify(head('GET', rest));
  expect(requested.kind === 'operations' ? requested.plan?.rewrite?.kind : requested).toBe(kind);
});

test.each([
  // A slash that servers read as part of the name or of the path.
  ['GET', 'left%2fpad'],
  ['GET', '@acme%2fui%2f1.0.0'],
  ['GET', '@acme/ui%2f-%2fui-1.0.0.tgz'],
  ['GET', '-%2fpackage/left-pad/dist-tags'],
  ['PUT', '-/package/left-pad%2fdist-tags/next'],
])('%s %s is ambiguous', (method, rest) => {
  expect(classify(head(method, rest))).toMatchObject({ kind: 'deny', reason: 'path_ambiguous' });
});

test.each([
  ['GET', ''],
  ['GET', '-'],
  ['GET', '-/'],
  ['GET', '@acme'],
  ['GET', '@acme/'],
  ['GET', '@/ui'],
  ['GET', '@acme/-/ui-1.0.0.tgz'],
  ['GET', '.hidden'],
  ['GET', '_users'],
  ['GET', 'left%20pad'],
  ['GET', '@acme/@other'],
  // A file of another package, or not a package file.
  ['GET', '@acme/ui/-/core-1.0.0.tgz'],
  ['GET', '@acme/ui/-/ui-core-1.0.0.tgz'],
  ['GET', '@acme/ui/-/@other/ui-1.0.0.tgz'],
  ['GET', '@acme/ui/-/ui-1.0.0.tgz/more'],
  ['GET', '@acme/ui/-/package.json'],
  ['GET', '@acme/ui/1.0.0/more'],
  ['GET', '@acme/ui/-rev'],
  ['POST', '@acme/ui'],
  ['PATCH', '@acme/ui'],
  ['DELETE', '@acme/ui'],
  ['PUT', '@acme/ui/latest'],
  ['PUT', '@acme/ui/-/ui-1.0.0.tgz/-rev/1'],
  ['DELETE', '@acme/ui/-/ui-1.0.0.tgz'],
  ['DELETE', '@acme/ui/-/core-1.0.0.tgz/-rev/1'],
  ['GET', '-/npm/v1/security/advisories/bulk'],
  ['POST', '-/ping'],
  ['POST', '-/v1/search'],
  ['PUT', '-/package/left-pad/dist-tags'],
  ['GET', '-/package/left-pad/dist-tags/next'],
  ['GET', '-/package/left-pad/access'],
  // Accounts of the upstream, including the gateway's account.
  ['POST', '-/v1/login'],
  ['PUT', '-/user/org.couchdb.user:ana'],
  ['DELETE', '-/user/token/secret'],
  ['GET', '-/npm/v1/tokens'],
  ['GET', '-/npm/v1/user'],
  ['GET', '-/org/acme/user'],
  ['PUT', '-/whoami'],
])('%s %s is not an operation', (method, rest) => {
  expect(classify(head(method, rest))).toMatchObject({ kind: 'unknown' });
});

test('whoami is a built-in response: the upstream only knows the account of the gateway', () => {
  const requested = classify(head('GET', '-/whoami'));
  if (requested.kind !== 'operations' || typeof requested.plan?.builtInResponse !== 'function')
    throw new Error('no built-in response');
  expect(requested.operations).toEqual([]);
  const credential = {} as never;
  expect(requested.plan.builtInResponse({ identity: 'ci', roles: [], credential })).toMatchObject({
    status: 200,
    body: '{"username":"ci"}\n',
  });
  expect(requested.plan.builtInResponse(undefined).body).toBe('{}\n');
});

test('no challenge, and a refusal with the reason in body and phrase', () => {
  expect(encodedSlash).toBe(true);
  expect(
    challenge({ host: 'npm.example.com', operations: [], error: undefined, status: 401 }),
  ).toBeUndefined();
  expect(
    refusal(
      { status: 403, error: 'scope_not_granted', message: 'Why — so.', requestId: 'r-1', operations: [] },
      '*/*',
    ),
  ).toEqual({
    contentType: 'application/json',
    body: '{"error":"Why — so. (scope_not_granted, request id r-1)"}\n',
    phrase: 'Why  so. (scope_not_granted)',
  });
});
