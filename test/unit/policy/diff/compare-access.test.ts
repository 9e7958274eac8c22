import { describe, expect, test } from 'vitest';
import type { ComparedSettings } from '../../../../src/policy/tools/diff/access-difference.ts';
import { compareAccess } from '../../../../src/policy/tools/diff/compare-access.ts';

type Identity = ComparedSettings['identities'][number];

const write = { service: 'npm', scopes: ['write_package_registry'], resources: ['**'] };
const read = { service: 'npm', scopes: ['read_package_registry'], resources: ['@web/**'] };

function identity(name: string, match: Identity['match'], grants: Identity['grants'] = [write]): Identity {
  return { name, issuer: 'lab', via: ['id_token'], match, roles: [], grants };
}

function policy(identities: readonly Identity[], changes: Partial<ComparedSettings> = {}): ComparedSettings {
  return {
    issuers: [{ name: 'lab', type: 'gitlab', issuer: 'https://lab.test', audiences: ['gw'] }],
    identities,
    roles: {},
    services: [{ name: 'npm', type: 'npm', anonymous: [], mode: 'enforce' }],
    deployTokens: [],
    jobTokenAllowlist: {},
    workloadIdentities: [],
    ...changes,
  };
}

function gains(old: ComparedSettings, next: ComparedSettings): readonly string[] {
  return compareAccess(old, next).gains.map(
    ({ identity: name, scope, certainty, witness }) =>
      `${certainty} ${name} ${scope} ${JSON.stringify(witness?.credential && 'claims' in witness.credential ? witness.credential.claims : undefined)}`,
  );
}

describe('compareAccess', () => {
  test('a condition that replaces a guard admits the jobs that the guard refused', () => {
    const old = policy([identity('job', { project_id: '20' })]);
    const next = policy([identity('job', { project_id: '20', job_project_id: { in: ['20', '21'] } })]);
    expect(gains(old, next)).toEqual([
      'certain job write_package_registry {"project_id":"20","job_project_id":"21"}',
    ]);
    expect(compareAccess(old, next).losses).toMatchObject([{ identity: 'job', certainty: 'certain' }]);
  });

  test.each([
    ['hcp-terraform', 'terraform_run_phase', ['apply', 'plan'], 'plan'],
    ['circleci', 'oidc.circleci.com/ssh-rerun', ['true', 'false'], 'true'],
    ['aws', 'subject_mode', ['OriginIdentity'], 'OriginIdentity'],
    ['google', 'email_verified', ['true', 'false'], 'false'],
  ] as const)('%s: a condition on %s admits what the default refused', (type, claim, values, gained) => {
    const issuers = [{ name: 'lab', type, issuer: 'https://lab.test', audiences: ['gw'] }];
    const old = policy([identity('job', { id: '20' })], { issuers });
    const next = policy([identity('job', { id: '20', [claim]: { in: [...values] } })], { issuers });
    const witness = `certain job write_package_registry {"id":"20","${claim}":"${gained}"`;
    expect(gains(old, next)).toEqual([expect.stringContaining(witness)]);
    expect(gains(old, old)).toEqual([]);
  });

  test('the order decides: an exception that moves behind its general case gains its rights', () => {
    const general = identity('general', { project_id: '20' });
    const exception = identity('exception', { project_id: '20', ref: 'dev' }, [read]);
    expect(gains(policy([exception, general]), policy([general, exception]))).toEqual([
      'certain general write_package_registry {"project_id":"20","ref":"dev"}',
    ]);
  });

  test('several identities of the old policy together cover one of the new policy', () => {
    const refs = ['main', 'dev'].map((ref) => identity(ref, { project_id: '20', ref }));
    const both = identity('both', { project_id: '20', ref: { in: ['main', 'dev'] } });
    expect(gains(policy(refs), policy([both]))).toEqual([]);
  });

  test('a workload identity lets token requests name an identity behind another one', () => {
    const identities = [
      identity('first', { project_id: '20' }, [read]),
      identity('second', { project_id: '20', ref: 'main' }),
    ];
    const workloadIdentities = [{ name: 'w@x', identity: 'second', audiences: ['gw'] }];
    const { gains: found } = compareAccess(policy(identities), policy(identities, { workloadIdentities }));
    expect(found).toMatchObject([
      {
        identity: 'second',
        certainty: 'certain',
        reason: 'token requests that name identity "second"',
        witness: { credential: { requestedIdentity: 'second', claims: { project_id: '20', ref: 'main' } } },
      },
    ]);
  });

  test('tokens that were issued before the change keep their identity, whose grants are wider now', () => {
    const general = (grants: Identity['grants']): Identity =>
      identity('general', { project_id: '20' }, grants);
    const exact = identity('exact', { project_id: '20' }, []);
    const { gains: found } = compareAccess(
      policy([general([read])]),
      policy([exact, general([read, write])]),
    );
    expect(found).toMatchObject([
      { identity: 'general', scope: 'write_package_registry', certainty: 'certain' },
    ]);
    expect(found[0]?.reason).toBe('tokens that the other configuration issued to "general"');
  });

  test('a renamed issuer or identity is no gain, another URL is', () => {
    const old = policy([identity('job', { project_id: '20' })]);
    const renamed = policy([{ ...identity('renamed', { project_id: '20' }), issuer: 'gl' }], {
      issuers: old.issuers.map((issuer) => ({ ...issuer, name: 'gl' })),
    });
    expect(gains(old, renamed)).toEqual([]);
    const moved = policy(old.identities, {
      issuers: old.issuers.map((issuer) => ({ ...issuer, issuer: 'https://other.test' })),
    });
    expect(gains(old, moved)).toEqual(['certain job write_package_registry {"project_id":"20"}']);
  });

  test('shadow mode is access for every verified credential', () => {
    const services = [{ name: 'npm', type: 'npm', anonymous: [], mode: 'shadow' }] as const;
    const { gains: found } = compareAccess(policy([]), policy([], { services }));
    expect(found).toMatchObject([
      { identity: '*', class: 'id_token', scope: '*', resource: '**', certainty: 'certain' },
    ]);
  });

  test('conditions are compared per claim', () => {
    const change = (before: Identity['match'], after: Identity['match']) =>
      compareAccess(policy([identity('job', before)]), policy([identity('job', after)])).changes.map(
        (each) => each.change,
      );
    expect(change({ ref: 'main' }, { ref: { glob: 'm*' } })).toEqual(['wider']);
    expect(change({ ref: { glob: 'release/**' } }, { ref: { glob: 'release/*' } })).toEqual(['narrower']);
    expect(change({ ref: { notIn: ['a'] } }, { ref: { notIn: ['a', 'b'] } })).toEqual(['narrower']);
    expect(change({ groups: { contains: 'ops' } }, {})).toEqual(['wider']);
    expect(change({ ref: 'main' }, { ref: 'dev' })).toEqual(['different']);
  });
});
