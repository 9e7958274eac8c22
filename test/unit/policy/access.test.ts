/** Access lists, compared with the decisions of the evaluator. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAuthorizer } from '../../../src/policy/index.ts';
import { listAccess } from '../../../src/policy/tools.ts';
import { credential, identity, one, service, settings } from './fixtures.ts';

type Settings = Parameters<typeof listAccess>[0];
type Grants = Settings['identities'][number]['grants'];

function grant(on: string, scope: string, ...resources: string[]): Grants[number] {
  return { service: on, scopes: [scope], resources };
}

function policy(overrides: Partial<Settings> = {}): Settings {
  return { ...settings(), deployTokens: [], ...overrides };
}

function reaching(rules: Settings, on: string, resource: string, scope = 'read') {
  return listAccess(rules, { service: on, resource, scope }).map(({ name, conditions }) => [
    name,
    conditions.at(-1),
  ]);
}

describe('who reaches a resource', () => {
  it('identities by grant and role, deploy tokens and anonymous rules, with their rules', () => {
    const rules = policy({
      identities: [
        identity('a', { match: { project_id: '1' }, roles: ['reader'] }),
        identity('b', {
          match: { project_id: '2' },
          grants: [grant('npm', 'read', 'other'), grant('npm', 'read', '@web/*')],
        }),
        identity('c', { match: { project_id: '3' }, grants: [grant('npm', 'write', '**')] }),
      ],
      roles: { reader: [grant('orders', 'read', '**'), grant('npm', 'read', '@web/ui')] },
      deployTokens: [
        { name: 'edge', username: 'edge', expires: '2035-01-01', grants: [grant('npm', 'read', '@web/**')] },
      ],
      services: [
        service('orders'),
        service('npm', { type: 'npm', anonymous: [{ scopes: ['read'], resources: ['@web/ui'] }] }),
      ],
    });
    const entries = listAccess(rules, { service: 'npm', resource: '@web/ui', scope: 'read' });
    expect(entries.map(({ kind, name, rule }) => [kind, name, rule.join('.')])).toEqual([
      ['identity', 'a', 'roles.reader.1'],
      ['identity', 'b', 'identities.b.grants.1'],
      ['deploy_token', 'edge', 'deployTokens.edge.grants.0'],
      ['anonymous', 'anonymous', 'services.npm.anonymous.0'],
    ]);
    expect(entries[0]?.conditions).toEqual([
      'issuer gitlab',
      'credential id_token',
      'project_id equals "1"',
      expect.stringContaining('job_project_id'),
    ]);
    expect(entries[2]?.conditions).toEqual(['user name edge', 'before 2035-01-01 (00:00 UTC)']);
    expect(listAccess(rules, { identities: new Set(['c']) }).map(({ name, scope }) => [name, scope])).toEqual(
      [
        ['c', 'write'],
        ['anonymous', 'read'],
      ],
    );
    expect(listAccess(rules, { identities: new Set(['deploy-token:edge']) })).toHaveLength(2);
  });

  it('the claim values that a pattern needs', () => {
    const rules = policy({
      identities: [
        identity('own', { grants: [grant('registry', 'read', '{claims.project_path}/**')] }),
        identity('team', { grants: [grant('npm', 'read', '@{claims.team}/pkg-*')] }),
        identity('bound', {
          match: { project_path: { in: ['acme/a', 'acme/b'] } },
          grants: [grant('registry', 'read', '{claims.project_path}/img')],
        }),
      ],
    });
    expect(reaching(rules, 'registry', 'acme/a/img')).toEqual([
      ['own', 'project_path is "acme" or project_path is "acme/a" or project_path is "acme/a/img"'],
      ['bound', 'project_path is "acme/a"'],
    ]);
    expect(reaching(rules, 'npm', '@web/pkg-x')).toEqual([['team', 'team is "web"']]);
    expect(reaching(rules, 'npm', '@web/other')).toEqual([]);
  });

  it('not: identities of issuers that the service does not trust, and scopes that a job token cannot have', () => {
    const rules = policy({
      identities: [
        identity('a', { grants: [grant('orders', 'read', '**')] }),
        identity('job', {
          via: ['job_token'],
          grants: [grant('gl', 'read_api', '**'), grant('gl', 'read_artifacts', '**')],
        }),
      ],
      services: [{ ...service('orders'), issuers: ['github'] }, service('gl', { type: 'gitlab' })],
    });
    expect(listAccess(rules, {}).map(({ name, scope }) => [name, scope])).toEqual([
      ['job', 'read_artifacts'],
    ]);
  });

  it('every verified credential, in shadow mode', () => {
    const rules = policy({ services: [service('orders', { mode: 'shadow' })] });
    expect(listAccess(rules, { service: 'orders', resource: '/x' })).toMatchObject([
      { kind: 'shadow', scope: '*', resource: '/x', rule: ['services', 'orders', 'mode'] },
    ]);
  });

  it('the own project of a GitLab caller, by path and by id', () => {
    const rules = policy({
      identities: [
        identity('own', {
          match: { project_id: '20' },
          grants: [grant('gl', 'read', '{claims.project_path}')],
        }),
      ],
      services: [service('gl', { type: 'gitlab' })],
    });
    expect(reaching(rules, 'gl', 'acme/x')).toEqual([['own', 'project_path is "acme/x"']]);
    expect(reaching(rules, 'gl', 'id:20')).toHaveLength(1);
    expect(reaching(rules, 'gl', 'id:21')).toEqual([]);
  });
});

it('a project of gitlab that is not the own one, by another claim', () => {
  const rules = policy({
    identities: [
      identity('i0', {
        match: { project_path: { glob: 'b' } },
        grants: [grant('s', 'read', '{claims.env}/a')],
      }),
    ],
    services: [service('s', { type: 'gitlab' })],
  });
  const listed = listAccess(rules, { service: 's', resource: 'A/a', scope: 'read' });
  expect(listed.map(({ name, conditions }) => [name, conditions])).toEqual([
    ['i0', expect.arrayContaining(['env is "A"'])],
  ]);
});

it.each([{ glob: 'ACME/*' }, { notIn: ['acme/app'] }])(
  'an image of a project whose path has upper case, matched by %j',
  (condition) => {
    const rules = policy({
      identities: [
        identity('i0', {
          match: { project_path: condition },
          grants: [grant('s', 'read', '{claims.project_path}/**')],
        }),
      ],
      services: [service('s', { type: 'oci' })],
    });
    const reaching = (resource: string) =>
      listAccess(rules, { service: 's', resource, scope: 'read' }).length;
    expect(reaching('acme/app/image')).toBe(1);
    expect(reaching('other')).toBe('glob' in condition ? 0 : 1);
  },
);

it('no decision of the evaluator is missing', () => {
  const segment = fc.constantFrom('a', 'b', 'A');
  const path = fc.array(segment, { minLength: 1, maxLength: 2 }).map((parts) => parts.join('/'));
  const piece = fc.constantFrom(
    'a',
    'b',
    '*',
    '**',
    '{claims.project_path}',
    '{claims.env}',
    'a-{claims.env}',
    'id:{claims.project_id}',
  );
  const pattern = fc.array(piece, { minLength: 1, maxLength: 2 }).map((parts) => parts.join('/'));
  const type = fc.constantFrom('npm', 'oci', 'gitlab', 'generic');
  const match = fc.record(
    {
      project_path: fc.oneof(
        path,
        path.map((glob) => ({ glob })),
      ),
      project_id: fc.constantFrom('1', '2'),
      ref: fc.constant('main'),
    },
    { requiredKeys: [] },
  );
  const claims = fc.record(
    { project_path: path, project_id: fc.constantFrom('1', '2'), env: segment, ref: fc.constant('main') },
    { requiredKeys: ['ref'] },
  );
  let allowed = 0;
  fc.assert(
    fc.property(
      fc.array(fc.record({ match: fc.oneof(fc.constant({ ref: 'main' }), match), pattern }), {
        minLength: 1,
        maxLength: 3,
      }),
      type,
      claims,
      fc.oneof(path, fc.constantFrom('id:1', 'id:2', 'a-b', 'a/a-ab')),
      (entries, kind, held, resource) => {
        const rules = policy({
          identities: entries.map((entry, n) =>
            identity(`i${n}`, { match: entry.match, grants: [grant('s', 'read', entry.pattern)] }),
          ),
          services: [service('s', { type: kind })],
        });
        const decision = createAuthorizer(rules).forService('s')(credential(held), [one('read', resource)]);
        const listed = listAccess(rules, { service: 's', resource, scope: 'read' }).map(({ name }) => name);
        if (decision.kind !== 'allow') return;
        allowed += 1;
        expect(listed).toContain(decision.caller?.identity);
      },
    ),
    { numRuns: 5000 },
  );
  expect(allowed).toBeGreaterThan(100);
});
