import { describe, expect, it } from 'vitest';
import { createAuthorizer } from '../../../src/policy/index.ts';
import type { Decision } from '../../../src/core/decision.ts';
import type { Operation } from '../../../src/core/request/operation.ts';
import { credential, identity, one, service, settings } from './fixtures.ts';

const policy = settings({
  roles: {
    reader: [
      { service: 'orders', scopes: ['read', 'list'], resources: ['/v1/**'] },
      { service: 'npm', scopes: ['read'], resources: ['**'] },
    ],
    broken: [{ service: 'orders', scopes: ['purge'], resources: ['/{claims.absent}/**'] }],
  },
  identities: [
    identity('deploy', {
      roles: ['reader', 'broken'],
      grants: [{ service: 'orders', scopes: ['write'], resources: ['/v1/a', '/v1/b'] }],
    }),
    identity('no-grants', { match: { project_id: '30' } }),
  ],
  services: [
    service('orders', {
      anonymous: [{ scopes: ['read'], resources: ['/public/**', '/{claims.project_id}'] }],
    }),
    service('npm', { type: 'npm' }),
    service('preview', { mode: 'shadow', anonymous: [{ scopes: ['read'], resources: ['/public/**'] }] }),
  ],
});
const authorizer = createAuthorizer(policy);

const deploy = credential({ project_id: '20' });
const withoutGrants = credential({ project_id: '30' });
const unmatched = credential({ project_id: '40' });
const any = (scope: string): Operation => ({ scope, resource: '', extent: 'any' });
const every = (scope: string): Operation => ({ scope, resource: '', extent: 'every' });

/** `grant deploy`, `resource_not_granted deploy`, `anonymous` … */
function summarize(decision: Decision): string {
  const who = decision.kind === 'unable' ? undefined : decision.caller?.identity;
  return [decision.kind === 'allow' ? decision.basis : decision.reason, who].filter(Boolean).join(' ');
}

describe('a decision', () => {
  const table: readonly (readonly [string, typeof deploy | undefined, Operation[], string])[] = [
    ['a role', deploy, [one('read', '/v1/list')], 'grant deploy'],
    ['another scope of it', deploy, [one('list', '/v1/list')], 'grant deploy'],
    ['an own grant', deploy, [one('write', '/v1/b')], 'grant deploy'],
    ['all of several', deploy, [one('read', '/v1/x'), one('write', '/v1/a')], 'grant deploy'],
    [
      'one of several is not',
      deploy,
      [one('read', '/v1/x'), one('write', '/v1/c')],
      'resource_not_granted deploy',
    ],
    [
      'another one of several',
      deploy,
      [one('admin', '/v1/x'), one('read', '/v1/x')],
      'scope_not_granted deploy',
    ],
    ['another resource', deploy, [one('read', '/v2')], 'resource_not_granted deploy'],
    ['another scope', deploy, [one('delete', '/v1/a')], 'scope_not_granted deploy'],
    ['an inherited name', deploy, [one('constructor', '/v1/a')], 'scope_not_granted deploy'],
    ['a grant that matches nothing', deploy, [one('purge', '/absent/x')], 'resource_not_granted deploy'],
    ['no operations', deploy, [], 'grant deploy'],
    ['no grants', withoutGrants, [one('read', '/v1/x')], 'scope_not_granted no-grants'],
    ['no grants, no operations', withoutGrants, [], 'grant no-grants'],

    [
      'anonymous grants in addition to its own',
      deploy,
      [one('read', '/public/x'), one('read', '/v1/x')],
      'grant deploy',
    ],
    ['anonymous grants alone', withoutGrants, [one('read', '/public/x')], 'grant no-grants'],
    ['no credential', undefined, [one('read', '/public/x')], 'anonymous'],
    ['no credential, more', undefined, [one('read', '/public/x'), one('read', '/v1/x')], 'no_credential'],
    ['no credential, another scope', undefined, [one('write', '/public/x')], 'no_credential'],
    ['no credential, no operations', undefined, [], 'no_credential'],
    ['claims in anonymous grants', deploy, [one('read', '/20')], 'resource_not_granted deploy'],
    ['no identity', unmatched, [one('read', '/v1/x')], 'no_matching_identity'],
    ['no identity, no operations', unmatched, [], 'no_matching_identity'],
    ['no identity, anonymous grants', unmatched, [one('read', '/public/x')], 'anonymous'],

    ['any resource', deploy, [any('write')], 'grant deploy'],
    ['any resource, anonymous', withoutGrants, [any('read')], 'grant no-grants'],
    ['any resource, no credential', undefined, [any('read')], 'anonymous'],
    ['any resource, no scope', withoutGrants, [any('write')], 'scope_not_granted no-grants'],
    ['any resource, a grant that matches nothing', deploy, [any('purge')], 'resource_not_granted deploy'],
    ['every resource', deploy, [every('read')], 'resource_not_granted deploy'],
  ];
  it.each(table)('on orders: %s', (_name, presented, operations, expected) => {
    expect(summarize(authorizer.forService('orders')(presented, operations))).toBe(expected);
  });

  it.each([
    [['**'], 'grant it'],
    [['x', '**'], 'grant it'],
    [['*', 'x/**', '*/**', '/**', '**/x'], 'resource_not_granted it'],
    [['{claims.star}'], 'resource_not_granted it'],
  ])('on every resource needs ** exactly: %j', (resources, expected) => {
    const grants = [{ service: 'npm', scopes: ['read'], resources }];
    const npm = createAuthorizer(settings({ identities: [identity('it', { grants })] })).forService('npm');
    expect(summarize(npm(credential({ project_id: '20', star: '**' }), [every('read')]))).toBe(expected);
  });

  it('applies the grants of the requested service only', () => {
    const npm = authorizer.forService('npm');
    expect(summarize(npm(deploy, [one('read', '/v1/x')]))).toBe('grant deploy');
    expect(summarize(npm(deploy, [one('write', '/v1/a')]))).toBe('scope_not_granted deploy');
    expect(summarize(npm(undefined, [one('read', '/public/x')]))).toBe('no_credential');
  });

  it('is the same frozen object for every allowed request of a caller', () => {
    const orders = authorizer.forService('orders');
    const first = orders(deploy, [one('read', '/v1/x')]);
    expect(orders(deploy, [one('write', '/v1/a')])).toBe(first);
    expect(first).toEqual({
      kind: 'allow',
      basis: 'grant',
      caller: authorizer.identify(deploy),
      relaxed: undefined,
    });
    expect(Object.isFrozen(first)).toBe(true);
    expect(authorizer.forService('npm')(deploy, [])).not.toBe(first);
  });

  it('C2: is not reused for another path', () => {
    const orders = authorizer.forService('orders');
    expect(summarize(orders(deploy, [one('read', '/v1/x')]))).toBe('grant deploy');
    expect(summarize(orders(deploy, [one('read', '/v2/x')]))).toBe('resource_not_granted deploy');
  });

  it('C6: is not reused by a later policy', () => {
    const without = createAuthorizer({ ...policy, identities: policy.identities.slice(1) });
    expect(summarize(authorizer.forService('orders')(deploy, []))).toBe('grant deploy');
    expect(summarize(without.forService('orders')(deploy, []))).toBe('no_matching_identity');
  });
});

describe('the detail of a denial', () => {
  const table: readonly (readonly [string, typeof deploy | undefined, Operation, string])[] = [
    [
      'scope',
      deploy,
      one('delete', '/v1/a'),
      'identity "deploy" does not have scope "delete" on service "orders"',
    ],
    [
      'resource',
      deploy,
      one('read', '/v2'),
      'identity "deploy" has scope "read" on service "orders", but not for resource "/v2"',
    ],
    [
      'a claim that is missing',
      deploy,
      one('purge', '/x'),
      'identity "deploy" has scope "purge" on service "orders", but not for resource "/x"; ' +
        'claim "absent" is missing or empty',
    ],
    ['any', deploy, any('purge'), 'but not for any resource'],
    ['every', deploy, every('read'), 'but not for all resources ("**")'],
    ['no identity', unmatched, one('read', '/x'), 'no identity matches this id_token of issuer "gitlab"'],
    [
      'no credential',
      undefined,
      one('read', '/x'),
      'service "orders" does not allow this request without a credential',
    ],
    ['control characters', deploy, one('read', '\n\u001b[2J'), 'resource "\\n\\u001b[2J"'],
  ];
  it.each(table)('names the %s', (_name, presented, operation, expected) => {
    const decision = authorizer.forService('orders')(presented, [operation]);
    expect(decision).toMatchObject({ kind: 'deny', detail: expect.stringContaining(expected) });
  });
});

describe('shadow mode', () => {
  const preview = authorizer.forService('preview');

  it('allows requests that policy denies to a caller', () => {
    expect(preview(deploy, [one('read', '/v1')])).toMatchObject({
      kind: 'allow',
      basis: 'shadow',
      caller: authorizer.identify(deploy),
      relaxed: {
        kind: 'deny',
        reason: 'scope_not_granted',
        detail: 'identity "deploy" does not have scope "read" on service "preview"',
        caller: authorizer.identify(deploy),
      },
    });
  });

  it('allows a verified credential that matches no identity', () => {
    expect(preview(unmatched, [one('read', '/v1')])).toEqual({
      kind: 'allow',
      basis: 'shadow',
      caller: undefined,
      relaxed: authorizer.identify(unmatched),
    });
  });

  it('does not relax a missing credential', () => {
    expect(summarize(preview(undefined, [one('read', '/v1')]))).toBe('no_credential');
  });

  it('does not change allowed requests', () => {
    expect(summarize(preview(undefined, [one('read', '/public/x')]))).toBe('anonymous');
    expect(summarize(preview(unmatched, [one('read', '/public/x')]))).toBe('anonymous');
    expect(summarize(preview(deploy, [one('read', '/public/x')]))).toBe('grant deploy');
  });
});
