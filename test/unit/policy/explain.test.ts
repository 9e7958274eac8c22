import { describe, expect, it } from 'vitest';
import { createAuthorizer } from '../../../src/policy/index.ts';
import { formatExplanation } from '../../../src/policy/tools.ts';
import type { Operation } from '../../../src/core/request/operation.ts';
import { credential, identity, mintedFor, one, service, settings } from './fixtures.ts';

const authorizer = createAuthorizer(
  settings({
    roles: {
      reader: [
        { service: 'orders', scopes: ['read'], resources: ['/v2/**', '/{claims.project_path}/**'] },
        { service: 'npm', scopes: ['read'], resources: ['**'] },
      ],
    },
    identities: [
      identity('elsewhere', { issuer: 'github', match: { repository_id: '1' } }),
      identity('jobs-only', { via: ['job_token'] }),
      identity('release', { match: { project_id: '20', ref: { glob: ['release/*', 'v*'] } } }),
      identity('forks', { match: { user_id: '5' } }),
      identity('deploy', {
        match: { project_id: '20', job_project_id: { notIn: ['1'] } },
        roles: ['reader'],
        grants: [
          { service: 'orders', scopes: ['write'], resources: ['/{claims.absent}', '/x/{claims.star}'] },
        ],
      }),
      identity('never-reached', { match: { project_id: '20' } }),
      identity('on-request', { match: { project_id: '20' }, onRequest: true }),
    ],
    services: [
      service('orders', { anonymous: [{ scopes: ['read'], resources: ['/public/**'] }] }),
      service('npm', { type: 'npm' }),
      service('preview', { mode: 'shadow' }),
    ],
  }),
);

const claims = {
  project_id: '20',
  project_path: 'acme/app',
  ref: 'main',
  job_project_id: '21',
  user_id: '5',
  star: '*',
};
const deploy = credential(claims);

describe('explain', () => {
  it('gives the first mismatch of each identity of the issuer, up to the first match', () => {
    const { identities } = authorizer.explain({ service: 'orders', credential: deploy, operations: [] });
    expect(identities).toEqual([
      {
        identity: 'jobs-only',
        outcome: 'failed',
        mismatch: { kind: 'class', expected: ['job_token'], actual: 'id_token' },
      },
      {
        identity: 'release',
        outcome: 'failed',
        mismatch: {
          kind: 'condition',
          claim: 'ref',
          operator: 'glob',
          expected: ['release/*', 'v*'],
          actual: 'main',
        },
      },
      {
        identity: 'forks',
        outcome: 'failed',
        mismatch: {
          kind: 'guard',
          claim: 'job_project_id',
          actual: '21',
          why: expect.stringContaining('in a project other than project_id'),
        },
      },
      { identity: 'deploy', outcome: 'matched' },
    ]);
  });

  it.each([
    ['deploy', ['jobs-only: failed', 'release: failed', 'forks: failed', 'deploy: matched']],
    // It matches now, but a token keeps the identity that it was issued for.
    ['never-reached', ['jobs-only: failed', 'release: failed', 'forks: failed', 'never-reached: matched']],
    ['forks', ['jobs-only: failed', 'release: failed', 'forks: failed']],
    ['on-request', ['on-request: matched']],
    ['removed', []],
  ])('gives the mismatches before the identity %s of an access token', (name, expected) => {
    const own = { ...claims, job_project_id: '20', user_id: '6' };
    const token = credential(own, { class: 'access_token', minted: mintedFor(name) });
    const { identities } = authorizer.explain({ service: 'orders', credential: token, operations: [] });
    expect(identities.map(({ identity: tried, outcome }) => `${tried}: ${outcome}`)).toEqual(expected);
  });

  it('traces each grant on the service for each operation', () => {
    const { operations } = authorizer.explain({
      service: 'orders',
      credential: deploy,
      operations: [one('read', '/acme/app/x'), one('write', '/x/y')],
    });
    const role = {
      origin: { kind: 'role', role: 'reader' },
      index: 0,
      scopes: ['read'],
      resources: [
        { kind: 'pattern', template: '/v2/**', pattern: '/v2/**', matches: false },
        { kind: 'pattern', template: '/{claims.project_path}/**', pattern: '/acme/app/**', matches: true },
      ],
    };
    const own = {
      origin: { kind: 'identity' },
      index: 0,
      scopes: ['write'],
      resources: [
        { kind: 'unusable', template: '/{claims.absent}', claim: 'absent', why: 'is missing or empty' },
        { kind: 'pattern', template: '/x/{claims.star}', pattern: '/x/\\*', matches: false },
      ],
    };
    const anonymous = {
      origin: { kind: 'anonymous' },
      index: 0,
      scopes: ['read'],
      resources: [{ kind: 'pattern', template: '/public/**', pattern: '/public/**', matches: false }],
    };
    const [read, write] = operations;
    expect(read).toEqual({
      operation: one('read', '/acme/app/x'),
      granted: true,
      grants: [
        { ...role, outcome: 'hit' },
        { ...own, outcome: 'scope_differs' },
        { ...anonymous, outcome: 'resource_differs' },
      ],
    });
    expect(write?.granted).toBe(false);
    expect(write?.grants.map(({ outcome }) => outcome)).toEqual([
      'scope_differs',
      'resource_differs',
      'scope_differs',
    ]);
    expect(write?.grants[1]).toEqual({ ...own, outcome: 'resource_differs' });
  });

  const any: Operation = { scope: 'read', resource: '', extent: 'any' };
  const every: Operation = { scope: 'read', resource: '', extent: 'every' };
  it.each([
    ['orders', any, true],
    ['orders', every, false],
    ['npm', every, true],
  ])('judges as a decision does: %s, %j', (name, operation, granted) => {
    const question = { service: name, credential: deploy, operations: [operation] };
    expect(authorizer.explain(question).operations[0]?.granted).toBe(granted);
    expect(authorizer.forService(name)(deploy, [operation]).kind).toBe(granted ? 'allow' : 'deny');
  });

  it('ends with the decision', () => {
    const verdict = (name: string, presented: typeof deploy | undefined, operation: Operation) =>
      authorizer.explain({ service: name, credential: presented, operations: [operation] }).verdict;
    expect(verdict('orders', deploy, one('read', '/v2'))).toEqual({
      kind: 'allow',
      basis: 'grant',
      identity: 'deploy',
    });
    expect(verdict('orders', undefined, one('read', '/public'))).toEqual({
      kind: 'allow',
      basis: 'anonymous',
      identity: undefined,
    });
    expect(verdict('orders', deploy, one('admin', '/v2'))).toEqual({
      kind: 'deny',
      reason: 'scope_not_granted',
      detail: 'identity "deploy" does not have scope "admin" on service "orders"',
      identity: 'deploy',
    });
    expect(verdict('preview', credential({}), one('read', '/v2'))).toEqual({
      kind: 'allow',
      basis: 'shadow',
      identity: undefined,
      relaxed: {
        reason: 'no_matching_identity',
        detail: 'no identity matches this id_token of issuer "gitlab"',
      },
    });
  });

  it('is plain data that does not contain the token', () => {
    const explanation = authorizer.explain({
      service: 'orders',
      credential: deploy,
      operations: [one('read', '/v2')],
    });
    const json = JSON.stringify(explanation);
    expect(JSON.parse(json)).toEqual(explanation);
    expect(json).not.toContain(deploy.tokenHash);
  });

  it('throws for an unknown service', () => {
    expect(() => authorizer.explain({ service: 'nowhere', operations: [] })).toThrow(
      'there is no service "nowhere"',
    );
  });
});

describe('formatExplanation', () => {
  const format = (name: string, presented: typeof deploy | undefined, operations: readonly Operation[]) =>
    formatExplanation(authorizer.explain({ service: name, credential: presented, operations }));

  it('formats identities, operations and grants as aligned text', () => {
    expect(format('orders', deploy, [one('read', '/acme/app/x'), one('write', '/x/y')])).toBe(
      [
        'service     orders (enforce)',
        'credential  id_token of gitlab, subject "project_path:acme/payments:ref_type:branch:ref:main"',
        'decision    deny as deploy: resource_not_granted (identity "deploy" has scope "write" on service ' +
          '"orders", but not for resource "/x/y"; claim "absent" is missing or empty)',
        '',
        'identities',
        '  - jobs-only  accepts job_token, not id_token',
        '  - release    ref glob "release/*", "v*": the claim is "main"',
        '  - forks      job_project_id is "21": a job that runs in a project other than project_id ' +
          'matches only if the identity has a condition on job_project_id',
        '  + deploy     matches',
        '',
        '+ read on "/acme/app/x"',
        '    + role reader: read',
        '      - /v2/**                     does not match',
        '      + /{claims.project_path}/**  matches (expanded: "/acme/app/**")',
        '    - grants of the identity: write  (other scopes)',
        '    - anonymous: read',
        '      - /public/**  does not match',
        '',
        '- write on "/x/y"',
        '    - role reader: read  (other scopes)',
        '    - grants of the identity: write',
        '      - /{claims.absent}  matches nothing: claim absent is missing or empty',
        '      - /x/{claims.star}  does not match (expanded: "/x/\\\\*")',
        '    - anonymous: read  (other scopes)',
        '',
      ].join('\n'),
    );
  });

  it('names a missing credential, identity or grant', () => {
    const nothing = format('orders', undefined, []);
    expect(nothing).toContain('credential  none\ndecision    deny: no_credential (');
    expect(nothing).not.toContain('identities');
    const foreign = format('preview', credential({}, { issuer: 'cluster' }), [one('read', '/v1')]);
    expect(foreign).toContain('allow in shadow mode only; enforce mode denies it: no_matching_identity (');
    expect(foreign).toContain('  no identity of this issuer');
    expect(foreign).toContain('    no grant: grants apply to the identity that matches');
    expect(format('orders', undefined, [one('read', '/public')])).toContain('decision    allow (anonymous)');
    expect(format('npm', deploy, [{ scope: 'read', resource: '', extent: 'any' }])).toContain(
      '+ read on any resource',
    );
    expect(format('npm', deploy, [{ scope: 'read', resource: '', extent: 'every' }])).toContain(
      'decision    allow as deploy (grant)',
    );
  });

  it('K6: escapes control and format characters in token values', () => {
    const hostile = 'x\u001b[2J\u009b\r\n\u202e\u2028"';
    const text = format('orders', credential({ ...claims, ref: hostile }, { subject: hostile }), [
      one('read', hostile),
    ]);
    expect(text).not.toMatch(/[^\P{C}\n]|[\u2028\u2029]/u);
    expect(text).toContain('the claim is "x\\u001b[2J\\u{9b}\\r\\n\\u{202e}\\u{2028}\\""');
  });
});
