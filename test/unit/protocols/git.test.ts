import { describe, expect, test } from 'vitest';
import { gitProtocol } from '../../support/protocols.ts';
import { headsAt, SCOPE_NOT_GRANTED } from './request-heads.ts';

const { classify, challenge, refusal, credentialSources } = gitProtocol({ path: '/git/' });
const head = headsAt('git.example.com', '/git/');

const READ = 'read_repository';
const WRITE = 'write_repository';

test.each([
  ['GET', 'acme/api.git/info/refs?service=git-upload-pack', READ],
  ['HEAD', 'acme/api.git/info/refs?service=git-upload-pack', READ],
  ['GET', 'acme/api/info/refs?service=git-upload-pack', READ],
  ['GET', 'acme/api.git/info/refs?service=git-receive-pack', WRITE],
  ['POST', 'acme/api.git/git-upload-pack', READ],
  ['POST', 'acme/api.git/git-receive-pack', WRITE],
])('%s %s requires %s', (method, target, scope) => {
  expect(classify(head(method, target))).toMatchObject({
    kind: 'operations',
    operations: [{ scope, resource: 'acme/api', extent: 'one' }],
  });
});

test.each([
  ['GET', 'acme/api.git/info/refs'],
  ['GET', 'acme/api.git/info/refs?x=service'],
  ['GET', 'acme/api.git/HEAD'],
  ['GET', 'acme/api.git/objects/info/packs'],
  ['GET', 'acme/api.git/git-upload-pack'],
  ['POST', 'acme/api.git/info/refs?service=git-upload-pack'],
  ['PUT', 'acme/api.git/git-receive-pack'],
  ['POST', 'acme/api.git/git-upload-archive'],
  ['POST', 'git-upload-pack'],
  ['GET', ''],
  // Servers could resolve these paths to another repository.
  ['POST', 'acme/.git/git-upload-pack'],
  ['POST', 'acme/api.git.git/git-upload-pack'],
  ['POST', 'acme/api.GIT/git-upload-pack'],
  ['POST', 'acme/api.git/modules/x/git-upload-pack'],
  ['POST', 'acme/.hidden/git-upload-pack'],
  ['POST', 'acme/a b/git-upload-pack'],
])('%s %s is not an operation', (method, target) => {
  expect(classify(head(method, target))).toMatchObject({ kind: 'unknown' });
});

test.each([
  'service=git-upload-pack&service=git-receive-pack',
  'service=git-upload-pack&service[]=git-receive-pack',
  'service=git-upload%2Dpack',
  'Service=git-upload-pack&service=git-receive-pack',
  'service=git-archive',
  'service=',
])('the query %s is refused: servers could read another service', (query) => {
  expect(classify(head('GET', `acme/api.git/info/refs?${query}`))).toMatchObject({
    kind: 'deny',
    reason: 'request_malformed',
  });
});

test('percent-encoding in a path is ambiguous', () => {
  expect(classify(head('POST', 'acme%2fapi.git/git-upload-pack'))).toMatchObject({
    kind: 'deny',
    reason: 'path_ambiguous',
  });
});

test.each(['GET', 'HEAD'])('a body on %s is refused: Rack reads parameters from it', (method) => {
  const request = head(method, 'acme/api.git/info/refs?service=git-upload-pack');
  expect(classify({ ...request, hasBody: true })).toMatchObject({
    kind: 'deny',
    reason: 'request_malformed',
  });
});

test('credential sources and challenge', () => {
  const context = { host: 'git.example.com', operations: [], error: undefined };
  expect(credentialSources).toEqual(['basic', 'bearer', 'job-token', 'deploy-token']);
  expect(challenge({ ...context, status: 401 })).toBe('Basic realm="git.example.com"');
  expect(challenge({ ...context, status: 403 })).toBeUndefined();
});

describe('a refusal', () => {
  const at = (path: string) => ({ ...SCOPE_NOT_GRANTED, head: headsAt('git.example.com')('GET', path) });

  test('is text for git', () => {
    expect(refusal(at('/git/acme/api.git/info/refs'), '*/*')).toEqual({
      contentType: 'text/plain; charset=utf-8',
      body: 'Why.\nerror: scope_not_granted\nrequest id: r-1\n',
    });
  });

  test.each([
    ['/git/acme/api.git/info/lfs/objects/batch', '*/*'],
    ['/git/acme/api.git/gitlab-lfs/objects/x', undefined],
    ['/git/acme/api.git/x', 'application/vnd.git-lfs+json'],
  ])('at %s with Accept: %s uses the format of Git LFS', (path, accept) => {
    expect(refusal(at(path), accept)).toEqual({
      contentType: 'application/vnd.git-lfs+json',
      body: '{"message":"Why. (scope_not_granted)","request_id":"r-1"}\n',
      headers: [],
    });
  });

  test('of Git LFS has its own challenge header', () => {
    const unauthenticated = { ...at('/git/a/b.git/info/lfs/locks'), status: 401 };
    expect(refusal(unauthenticated, '*/*').headers).toEqual([
      'LFS-Authenticate',
      'Basic realm="git.example.com"',
    ]);
  });
});
