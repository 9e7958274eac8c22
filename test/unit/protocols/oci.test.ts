import { describe, expect, test } from 'vitest';
import type { RequestHead } from '../../../src/core/request/request-head.ts';
import { operationsForAccess, readScopes, registryRoot } from '../../../src/protocols/index.ts';
import { ociProtocol } from '../../support/protocols.ts';
import { headsAt } from './request-heads.ts';

const HEX = 'a'.repeat(64);
const DIGEST = `sha256:${HEX}`;
const SETTINGS = {
  path: '/v2/',
  challenge: 'bearer',
  blobRedirects: 'pass',
  foreignPaths: [],
  publicUrl: 'https://gateway.example.com',
} as const;
const registry = ociProtocol(SETTINGS);

const head = headsAt('r.example.com');

const READ = { scope: 'read_registry', resource: 'a/b', extent: 'one' };
const WRITE = { ...READ, scope: 'write_registry' };
const DELETE = { ...READ, scope: 'delete_registry' };

describe('every route of the distribution specification', () => {
  test.each([
    ['GET', '/v2/a/b/manifests/1.0', [READ]],
    ['HEAD', '/v2/a/b/manifests/1.0', [READ]],
    ['GET', `/v2/a/b/manifests/${DIGEST}`, [READ]],
    ['PUT', '/v2/a/b/manifests/1.0', [READ, WRITE]],
    ['DELETE', '/v2/a/b/manifests/1.0', [DELETE]],
    ['GET', `/v2/a/b/blobs/${DIGEST}`, [READ]],
    ['HEAD', `/v2/a/b/blobs/${DIGEST}`, [READ]],
    ['DELETE', `/v2/a/b/blobs/${DIGEST}`, [DELETE]],
    ['GET', '/v2/a/b/tags/list', [READ]],
    ['GET', '/v2/a/b/tags/list?n=5&last=x', [READ]],
    ['GET', `/v2/a/b/referrers/${DIGEST}?artifactType=x`, [READ]],
    ['POST', '/v2/a/b/blobs/uploads/', [READ, WRITE]],
    ['POST', '/v2/a/b/blobs/uploads', [READ, WRITE]],
    ['POST', `/v2/a/b/blobs/uploads/?digest=${DIGEST}`, [READ, WRITE]],
    ['GET', '/v2/a/b/blobs/uploads/some-id', [READ, WRITE]],
    ['PATCH', '/v2/a/b/blobs/uploads/some-id', [READ, WRITE]],
    ['PUT', `/v2/a/b/blobs/uploads/some-id?digest=${DIGEST}`, [READ, WRITE]],
    ['DELETE', '/v2/a/b/blobs/uploads/some-id', [READ, WRITE]],
    // containerd's mirrors.
    ['GET', '/v2/a/b/manifests/1.0?ns=docker.io', [READ]],
  ])('%s %s', (method, target, operations) => {
    expect(registry.classify(head(method, target))).toEqual({ kind: 'operations', operations });
  });

  test.each([
    ['GET', '/v2/acme/dependency_proxy/containers/alpine/manifests/3'],
    ['HEAD', '/v2/acme/web/dependency_proxy/containers/library/alpine/manifests/3'],
    ['GET', `/v2/acme/dependency_proxy/containers/alpine/blobs/${DIGEST}`],
  ])('a pull through the dependency proxy of GitLab needs both scopes: %s %s', (method, target) => {
    const requested = registry.classify(head(method, target));
    const [, resource] = /^\/v2\/(.+?)\/(?:manifests|blobs)\//.exec(target) ?? [];
    expect(requested).toEqual({
      kind: 'operations',
      operations: [
        { ...READ, resource },
        { ...WRITE, resource },
      ],
    });
  });

  test('other names of the dependency proxy are ordinary repositories', () => {
    for (const name of [
      'acme/dependency_proxy',
      'dependency_proxy/containers/a',
      'acme/dependency_proxy/containers',
    ])
      expect(registry.classify(head('GET', `/v2/${name}/manifests/1`))).toEqual({
        kind: 'operations',
        operations: [{ ...READ, resource: name }],
      });
  });

  test('repository names can contain segments of routes', () => {
    const requested = registry.classify(head('GET', '/v2/a/manifests/b/tags/list/manifests/1'));
    expect(requested).toMatchObject({ operations: [{ resource: 'a/manifests/b/tags/list' }] });
    const blobs = registry.classify(head('GET', `/v2/blobs/uploads/x/blobs/${DIGEST}`));
    expect(blobs).toMatchObject({ operations: [{ resource: 'blobs/uploads/x' }] });
  });

  test('the catalog covers all repositories; the ping is a built-in response', () => {
    expect(registry.classify(head('GET', '/v2/_catalog'))).toMatchObject({
      operations: [{ scope: 'read_registry', extent: 'every' }],
    });
    expect(registry.classify(head('GET', '/v2/'))).toMatchObject({
      operations: [],
      plan: { builtInResponse: { status: 200, body: '{}' } },
    });
  });
});

test.each([
  ['PATCH', '/v2/a/b/manifests/1'],
  ['POST', '/v2/a/b/manifests/1'],
  ['PUT', `/v2/a/b/blobs/${DIGEST}`],
  ['PUT', '/v2/a/b/blobs/uploads/'],
  ['POST', '/v2/a/b/tags/list'],
  ['DELETE', '/v2/a/b/tags/list'],
  ['POST', '/v2/'],
  ['DELETE', '/v2/_catalog'],
  ['GET', '/v2/a/b'],
  ['GET', '/v2/a/b/tags'],
  ['GET', '/v2/a/b/tags/all'],
  ['GET', '/v2/a/b/_layers/x'],
  ['GET', '/v2/a/b/manifests/1/2'],
])('%s %s is not an operation of a registry', (method, target) => {
  expect(registry.classify(head(method, target))).toMatchObject({ kind: 'unknown' });
});

test.each([
  '/v2/A/b/manifests/1',
  '/v2/a_/b/manifests/1',
  '/v2/a..b/manifests/1',
  '/v2/a___b/manifests/1',
  '/v2/-a/manifests/1',
  `/v2/${'a'.repeat(256)}/manifests/1`,
  '/v2/manifests/1',
  '/v2/a/manifests/.hidden',
  `/v2/a/manifests/${'t'.repeat(129)}`,
  '/v2/a/manifests/sha256:abc',
  `/v2/a/manifests/sha256:${'A'.repeat(64)}`,
  `/v2/a/manifests/sha512:${HEX}`,
  '/v2/a/blobs/latest',
  `/v2/a/referrers/${HEX}`,
  '/v2/a/manifests/',
  '/v2/a/manifests/a%20b',
])('%s is refused as malformed', (target) => {
  expect(registry.classify(head('GET', target))).toMatchObject({ kind: 'deny' });
});

describe('mount', () => {
  const mount = `mount=${DIGEST}`;
  const source = { scope: 'read_registry', resource: 'c/d', extent: 'one' };
  const upload = (query: string, protocol = registry) =>
    protocol.classify(head('POST', `/v2/a/b/blobs/uploads/?${query}`));

  test('requires pull on the source, otherwise becomes a plain upload', () => {
    expect(upload(`${mount}&from=c/d&origin=x&y=1`)).toEqual({
      kind: 'operations',
      operations: [READ, WRITE, source],
      plan: { query: `?${mount}&from=c%2Fd&origin=x&y=1` },
      otherwise: { kind: 'operations', operations: [READ, WRITE], plan: { query: '?y=1' } },
      requestsToken: true,
    });
    const basic = ociProtocol({ ...SETTINGS, challenge: 'basic' });
    expect(upload(`${mount}&from=c/d`, basic)).toMatchObject({ requestsToken: false });
  });

  test.each([[`${mount}&%66rom=c%2Fd`], [`mount=${DIGEST.replace(':', '%3A')}&from=c/d`]])(
    'in any encoding: %s',
    (query) => expect(upload(query)).toMatchObject({ operations: [READ, WRITE, source] }),
  );

  test.each([[mount], ['from=c/d'], ['origin=x']])('incomplete mount parameters are removed: %s', (query) => {
    expect(upload(query)).toEqual({ kind: 'operations', operations: [READ, WRITE], plan: { query: '' } });
  });

  test.each([
    [`${mount}&${mount}&from=c/d`],
    [`${mount}&from=c/d&from=e/f`],
    ['mount=x&from=c/d'],
    [`${mount}&from=C`],
  ])('refused: %s', (query) =>
    expect(upload(query)).toMatchObject({ kind: 'deny', reason: 'request_malformed' }),
  );

  test('a repository of another registry of the host cannot be mounted', () => {
    const shared = ociProtocol({ ...SETTINGS, foreignPaths: ['/v2/c/'] });
    expect(upload(`${mount}&from=c/d`, shared)).toEqual({
      kind: 'operations',
      operations: [READ, WRITE],
      plan: { query: '' },
    });
    expect(upload(`${mount}&from=cc/d`, shared)).toMatchObject({ operations: [READ, WRITE, {}] });
  });

  test('the prefix is removed from the source; a source without the prefix cannot be mounted', () => {
    const prefixed = ociProtocol({ ...SETTINGS, path: '/v2/a/' });
    expect(upload(`${mount}&from=a/x`, prefixed)).toMatchObject({ plan: { query: `?${mount}&from=x` } });
    expect(upload(`${mount}&from=c/d`, prefixed)).toEqual({
      kind: 'operations',
      operations: [READ, WRITE],
      plan: { query: '' },
    });
  });
});

test('the root of a host with prefixes serves only the ping', () => {
  const root = registryRoot(registry);
  expect(root.classify(head('GET', '/v2/'))).toMatchObject({ kind: 'operations' });
  expect(root.classify(head('GET', '/v2/_catalog'))).toMatchObject({ kind: 'unknown' });
  expect(root.classify(head('GET', '/v2/a/b/tags/list'))).toMatchObject({ kind: 'unknown' });
});

describe('challenge', () => {
  const context = { host: 'r.example.com:5000', operations: [], error: undefined, status: 401 };

  test('empty parameters are omitted', () => {
    expect(registry.challenge(context)).toBe(
      'Bearer realm="https://r.example.com:5000/token",service="r.example.com:5000"',
    );
  });

  test('a mount lists both repositories', () => {
    const operations = [READ, WRITE, { ...READ, resource: 'c/d' }] as const;
    const challenge = registry.challenge({
      ...context,
      operations: operations.map((operation) => ({ ...operation, extent: 'one' as const })),
      error: 'insufficient_scope',
    });
    expect(challenge).toMatch(
      /,scope="repository:a\/b:pull,push repository:c\/d:pull",error="insufficient_scope"$/,
    );
  });

  test('none on 403', () => expect(registry.challenge({ ...context, status: 403 })).toBeUndefined());
});

describe('refusal', () => {
  const text = {
    status: 403,
    error: 'resource_not_granted',
    message: 'Your identity has not — that.',
    requestId: 'r-1',
    operations: [
      { scope: 'read_registry', resource: 'a/b', extent: 'one' },
      { scope: 'write_registry', resource: 'a/b', extent: 'one' },
    ] as const,
  };

  test('the message is one line of ASCII with all details', () => {
    const { body, contentType, headers } = registry.refusal(text, undefined);
    expect(contentType).toBe('application/json');
    expect(headers).toContain('Docker-Distribution-Api-Version');
    const { errors } = JSON.parse(body) as { errors: { code: string; message: string }[] };
    expect(errors).toEqual([
      {
        code: 'DENIED',
        message:
          'Your identity has not ? that. Requested: push to a/b. (resource_not_granted, request id r-1)',
        detail: 'resource_not_granted',
      },
    ]);
  });

  test.each([
    [401, 'token_expired', 'UNAUTHORIZED', 401],
    [403, 'insufficient_scope', 'UNAUTHORIZED', 401],
    [404, 'not_found', 'NAME_UNKNOWN', 404],
    [429, 'rate_limited', 'TOOMANYREQUESTS', 429],
    [400, 'request_malformed', 'UNSUPPORTED', 400],
    [413, 'body_too_large', 'SIZE_INVALID', 413],
    [503, 'issuer_unavailable', 'UNAVAILABLE', 503],
  ])('%i %s is %s', (status, error, code, sent) => {
    const refusal = registry.refusal({ ...text, status, error }, undefined);
    expect(refusal.status).toBe(sent);
    expect(refusal.body).toContain(`"code":"${code}"`);
  });

  test.each([
    ['/v2/A/manifests/1', 'NAME_INVALID'],
    ['/v2/a/manifests/.x', 'TAG_INVALID'],
    ['/v2/a/manifests/sha256:x', 'DIGEST_INVALID'],
    ['/v2/a/blobs/x', 'DIGEST_INVALID'],
    ['/v2/a/b%20c/manifests/1', 'NAME_INVALID'],
    ['/token', 'UNSUPPORTED'],
  ])('400 for %s is %s', (path, code) => {
    const requested = { method: 'GET', host: 'r', path: path as RequestHead['path'] };
    const refusal = registry.refusal(
      { ...text, status: 400, error: 'request_malformed', head: requested },
      undefined,
    );
    expect(refusal.body).toContain(`"code":"${code}"`);
  });

  test.each([
    ['HEAD', `/v2/a/b/blobs/${DIGEST}`, 404],
    ['HEAD', `/v2/a/b/manifests/${DIGEST}`, 404],
    ['HEAD', '/v2/a/b/manifests/latest', 403],
    ['GET', `/v2/a/b/blobs/${DIGEST}`, 403],
  ])('a denied %s %s gets %i', (method, path, status) => {
    const requested = { method, host: 'r', path: path as RequestHead['path'] };
    expect(registry.refusal({ ...text, head: requested }, undefined).status).toBe(status);
  });
});

describe('scopes', () => {
  test.each([
    [['repository:a/b:pull,push'], ['repository a/b pull,push']],
    [['repository:a:pull repository:b:pull'], ['repository a pull', 'repository b pull']],
    [['repository:a:pull', 'repository:a:push'], ['repository a pull,push']],
    [['repository(plugin):a:pull'], ['repository a pull']],
    [['registry:catalog:*'], ['registry catalog *']],
    [
      [
        'repository:A:pull',
        'repository:h.example.com:5000/a:pull',
        'x:y:z',
        'repository:a',
        '',
        'registry:other:*',
      ],
      [],
    ],
  ])('%j', (values, expected) => {
    expect(
      readScopes(values).map(({ type, name, actions }) => `${type} ${name} ${actions.join(',')}`),
    ).toEqual(expected);
  });

  test('at most 100', () => {
    expect(readScopes(Array.from({ length: 500 }, (_, n) => `repository:r${n}:pull`))).toHaveLength(100);
  });

  test('unknown actions are ignored; * stands for all', () => {
    const of = (actions: readonly string[]): string[] =>
      operationsForAccess({ type: 'repository', name: 'a', actions }).map(({ operation }) => operation.scope);
    expect(of(['pull', 'admin'])).toEqual(['read_registry']);
    expect(of(['*'])).toEqual(['read_registry', 'write_registry', 'delete_registry']);
    expect(operationsForAccess({ type: 'registry', name: 'catalog', actions: ['pull'] })).toEqual([]);
  });
});
