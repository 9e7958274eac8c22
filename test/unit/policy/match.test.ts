import { describe, expect, it } from 'vitest';
import { createAuthorizer } from '../../../src/policy/index.ts';
import type { PolicySettings } from '../../../src/policy/index.ts';
import type { Claims } from '../../../src/core/credentials/credential.ts';
import { credential, identity, settings } from './fixtures.ts';

type Match = PolicySettings['identities'][number]['match'];

/** Returns the matched identity or the deny reason. */
function identified(policy: PolicySettings, presented = credential({})): string {
  const result = createAuthorizer(policy).identify(presented);
  return 'identity' in result ? result.identity : result.reason;
}

function matches(match: Match, claims: Claims, issuer = 'cluster'): boolean {
  const policy = settings({ identities: [identity('it', { issuer, match })] });
  return identified(policy, credential(claims, { issuer })) === 'it';
}

describe('a condition', () => {
  const table: readonly (readonly [string, Match, Claims, boolean])[] = [
    ['equals', { ref: 'main' }, { ref: 'main' }, true],
    ['equals, another case', { ref: 'main' }, { ref: 'Main' }, false],
    ['equals, longer', { ref: 'main' }, { ref: 'main2' }, false],
    ['equals, a number', { runner_id: '7' }, { runner_id: 7 }, true],
    ['equals, a boolean', { ref_protected: 'true' }, { ref_protected: true }, true],
    ['equals, a string', { ref_protected: 'true' }, { ref_protected: 'true' }, true],
    ['equals, missing', { ref: 'main' }, {}, false],
    ['equals, null', { ref: 'null' }, { ref: null }, false],
    ['equals, empty', { ref: '' }, { ref: '' }, false],
    ['equals, a list of the value', { ref: 'main' }, { ref: ['main'] }, false],
    ['equals, an object', { ref: '[object Object]' }, { ref: {} }, false],
    ['equals, not a number', { ref: 'NaN' }, { ref: Number.NaN }, false],
    ['equals takes * as it is', { ref: '*' }, { ref: 'main' }, false],
    ['in, first', { ref: { in: ['a', 'b'] } }, { ref: 'a' }, true],
    ['in, last', { ref: { in: ['a', 'b'] } }, { ref: 'b' }, true],
    ['in, none', { ref: { in: ['a', 'b'] } }, { ref: 'c' }, false],
    ['in, empty list', { ref: { in: [] } }, { ref: 'c' }, false],
    ['notIn, another', { ref: { notIn: ['a'] } }, { ref: 'b' }, true],
    ['notIn, that one', { ref: { notIn: ['a'] } }, { ref: 'a' }, false],
    ['notIn, missing', { ref: { notIn: ['a'] } }, {}, false],
    ['notIn, empty', { ref: { notIn: ['a'] } }, { ref: '' }, false],
    ['notIn, a list', { ref: { notIn: ['a'] } }, { ref: ['b'] }, false],
    ['contains', { roles: { contains: 'Deploy' } }, { roles: ['Read', 'Deploy'] }, true],
    ['contains, a number', { roles: { contains: '7' } }, { roles: [7] }, true],
    ['contains, not in it', { roles: { contains: 'Deploy' } }, { roles: ['Deployer'] }, false],
    ['contains, no list', { roles: { contains: 'Deploy' } }, { roles: 'Deploy' }, false],
    ['contains, nested', { roles: { contains: 'Deploy' } }, { roles: [['Deploy']] }, false],
    ['glob', { ref: { glob: 'release/*' } }, { ref: 'release/1' }, true],
    ['glob, anchored', { ref: { glob: 'release/*' } }, { ref: 'x/release/1' }, false],
    ['glob, case', { ref: { glob: 'release/*' } }, { ref: 'Release/1' }, false],
    ['glob, J16: * stops at /', { sub: { glob: 'repo:acme/*' } }, { sub: 'repo:acme/a/b' }, false],
    ['glob, J16: * stops at :', { sub: { glob: 'repo:acme/*' } }, { sub: 'repo:acme/a:ref:x' }, false],
    ['glob, ** does not', { sub: { glob: 'repo:acme/**' } }, { sub: 'repo:acme/a:ref:x' }, true],
    ['glob, /** needs the slash', { ref: { glob: 'release/**' } }, { ref: 'release' }, false],
    ['glob, no claim', { ref: { glob: '**' } }, {}, false],
    ['glob, empty claim', { ref: { glob: '**' } }, { ref: '' }, false],
    ['glob, one of several', { ref: { glob: ['main', 'v*'] } }, { ref: 'v1' }, true],
    ['glob, none of several', { ref: { glob: ['main', 'v*'] } }, { ref: 'x' }, false],
    ['all operators hold', { ref: { glob: 'v*', notIn: ['v2'] } }, { ref: 'v1' }, true],
    ['one operator fails', { ref: { glob: 'v*', notIn: ['v2'] } }, { ref: 'v2' }, false],
    ['equals and glob', { ref: { equals: 'v1', glob: 'w*' } }, { ref: 'v1' }, false],
    ['all claims hold', { ref: 'main', env: 'prod' }, { ref: 'main', env: 'prod' }, true],
    ['one claim fails', { ref: 'main', env: 'prod' }, { ref: 'main', env: 'test' }, false],
    ['no operator at all', { ref: {} }, { ref: 'main' }, false],
    ['undefined operators are none', { ref: { equals: 'a', glob: undefined } }, { ref: 'a' }, true],
    ['JSON pointer', { '/k.io/sa/name': 'web' }, { 'k.io': { sa: { name: 'web' } } }, true],
    ['JSON pointer, escaped', { '/k~1io/a~0b': 'web' }, { 'k/io': { 'a~b': 'web' } }, true],
    ['a dot is no path', { 'a.b': 'x' }, { a: { b: 'x' } }, false],
    ['J15: inherited names are no claims', { constructor: { glob: '**' } }, {}, false],
    ['J15: nor through a pointer', { '/a/constructor/name': 'Object' }, { a: {} }, false],
  ];

  it.each(table)('%s', (_name, match, claims, expected) => {
    expect(matches(match, claims)).toBe(expected);
  });
});

describe('an identity', () => {
  const deploy = identity('deploy');
  const reader = identity('reader', { match: { project_id: { glob: '*' } } });

  it('is the first match in policy order', () => {
    const presented = credential({ project_id: '20' });
    expect(identified(settings({ identities: [deploy, reader] }), presented)).toBe('deploy');
    expect(identified(settings({ identities: [reader, deploy] }), presented)).toBe('reader');
  });

  it('matches credentials of its issuer only', () => {
    const policy = settings({ identities: [deploy] });
    expect(identified(policy, credential({ project_id: '20' }, { issuer: 'cluster' }))).toBe(
      'no_matching_identity',
    );
    expect(identified(policy, credential({ project_id: '20' }, { issuer: 'unheard-of' }))).toBe(
      'no_matching_identity',
    );
  });

  it('matches only the credential classes in via', () => {
    const presented = credential({ project_id: '20' }, { class: 'job_token' });
    const either = identity('either', { via: ['id_token', 'job_token'] });
    expect(identified(settings({ identities: [deploy] }), presented)).toBe('no_matching_identity');
    expect(identified(settings({ identities: [deploy, either] }), presented)).toBe('either');
  });

  it('returns the same caller object for the same credential', () => {
    const authorizer = createAuthorizer(settings({ identities: [deploy] }));
    const presented = credential({ project_id: '20' });
    const caller = authorizer.identify(presented);
    expect(caller).toEqual({ identity: 'deploy', roles: [], credential: presented });
    expect(authorizer.identify(presented)).toBe(caller);
    expect(authorizer.identify({ ...presented })).not.toBe(caller);
  });
});

describe('the guard of GitHub identities', () => {
  const table: readonly (readonly [string, Match, unknown, boolean])[] = [
    ['push', {}, 'push', true],
    ['no event at all', {}, undefined, false],
    ['an empty event', {}, '', false],
    ['a list of events', {}, ['push'], false],
    ['an object', {}, { push: true }, false],
    ['pull_request_target', {}, 'pull_request_target', false],
    ['workflow_run', {}, 'workflow_run', false],
    ['named', { event_name: 'workflow_run' }, 'workflow_run', true],
    ['named in a list', { event_name: { in: ['push', 'workflow_run'] } }, 'workflow_run', true],
    ['named by pointer', { '/event_name': 'workflow_run' }, 'workflow_run', true],
    ['another named', { event_name: 'push' }, 'workflow_run', false],
    ['not excluded', { event_name: { notIn: ['schedule'] } }, 'workflow_run', false],
    ['not excluded, by pointer', { '/event_name': { notIn: ['schedule'] } }, 'pull_request_target', false],
    ['fits a pattern', { event_name: { glob: '**' } }, 'pull_request_target', false],
    ['a trusted one fits a pattern', { event_name: { glob: 'pu*' } }, 'push', true],
    ['a trusted one is not excluded', { event_name: { notIn: ['schedule'] } }, 'push', true],
    ['named, and missing', { event_name: 'push' }, undefined, false],
  ];
  it.each(table)('%s', (_name, match, event, expected) => {
    const claims = { repository_id: '5', event_name: event };
    expect(matches({ repository_id: '5', ...match }, claims, 'github')).toBe(expected);
  });
});

describe('J16: the guard of GitLab identities', () => {
  const table: readonly (readonly [string, Match, Claims, boolean])[] = [
    ['before GitLab 18.3', {}, {}, true],
    ['own pipeline', {}, { job_project_id: '20' }, true],
    ['own pipeline, a number', {}, { job_project_id: 20 }, true],
    ['merge request of a fork', {}, { job_project_id: '99' }, false],
    ['not a scalar', {}, { job_project_id: ['20'] }, false],
    ['null', {}, { job_project_id: null }, false],
    ['empty', {}, { job_project_id: '' }, false],
    ['named', { job_project_id: '99' }, { job_project_id: '99' }, true],
    ['another named', { job_project_id: '98' }, { job_project_id: '99' }, false],
  ];
  it.each(table)('%s', (_name, match, claims, expected) => {
    expect(matches({ project_id: '20', ...match }, { project_id: '20', ...claims }, 'gitlab')).toBe(expected);
  });

  it('rejects a token without project_id', () => {
    expect(matches({ namespace_id: '4' }, { namespace_id: '4', job_project_id: '20' }, 'gitlab')).toBe(false);
    expect(matches({ namespace_id: '4' }, { namespace_id: '4', job_project_id: '' }, 'gitlab')).toBe(false);
  });
});

describe('a policy with unknown names', () => {
  const grant = { service: 'nowhere', scopes: ['a'], resources: ['**'] };
  it.each([
    ['issuer', settings({ identities: [identity('a', { issuer: 'nowhere' })] })],
    ['role', settings({ identities: [identity('a', { roles: ['nowhere'] })] })],
    ['role', settings({ identities: [identity('a', { roles: ['constructor'] })] })],
    ['service', settings({ identities: [identity('a', { grants: [grant] })] })],
    ['service', settings({ roles: { r: [grant] } })],
  ])('is refused: %s', (what, policy) => {
    expect(() => createAuthorizer(policy)).toThrow(expect.objectContaining({ code: 'config_invalid' }));
    expect(() => createAuthorizer(policy)).toThrow(`there is no ${what}`);
  });

  it('has no authorizer for an unknown service', () => {
    expect(() => createAuthorizer(settings()).forService('nowhere')).toThrow('there is no service "nowhere"');
  });
});
