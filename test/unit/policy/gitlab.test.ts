/** Rules of the service type gitlab: the two names of a project, and scopes unavailable to job tokens. */
import { describe, expect, test } from 'vitest';
import { createAuthorizer } from '../../../src/policy/index.ts';
import type { VerifiedCredential } from '../../../src/core/credentials/credential.ts';
import { credential, identity, one, service, settings } from './fixtures.ts';

const JOB = { project_id: '20', project_path: 'acme/payments', ref: 'main' };
const SCOPES = ['read_api', 'write_api', 'admin_api', 'read_releases'];

const authorizer = createAuthorizer(
  settings({
    identities: [
      identity('by-path', {
        via: ['id_token', 'job_token'],
        match: { ref: 'main' },
        grants: [
          { service: 'gitlab', scopes: SCOPES, resources: ['{claims.project_path}'] },
          { service: 'git', scopes: ['read_repository'], resources: ['{claims.project_path}'] },
        ],
      }),
      identity('by-number', {
        match: { ref: 'next' },
        grants: [{ service: 'gitlab', scopes: SCOPES, resources: ['id:20'] }],
      }),
      identity('on-github', {
        issuer: 'github',
        match: { ref: 'main' },
        grants: [{ service: 'gitlab', scopes: SCOPES, resources: ['acme/payments'] }],
      }),
    ],
    services: [service('gitlab', { type: 'gitlab' }), service('git', { type: 'git' })],
  }),
);

function decide(scope: string, resource: string, presented: VerifiedCredential, on = 'gitlab'): string {
  const decision = authorizer.forService(on)(presented, [one(scope, resource)]);
  return decision.kind === 'allow' ? decision.kind : decision.reason;
}

describe('the caller’s own project', () => {
  test.each([
    ['main', 'acme/payments', 'allow'],
    ['main', 'id:20', 'allow'],
    ['next', 'acme/payments', 'allow'],
    ['next', 'id:20', 'allow'],
    ['main', 'id:21', 'resource_not_granted'],
    ['main', 'acme/web', 'resource_not_granted'],
    ['next', 'id:2', 'resource_not_granted'],
  ])('on %s, %s: %s', (ref, resource, expected) => {
    expect(decide('read_api', resource, credential({ ...JOB, ref }))).toBe(expected);
  });

  test.each(['acme/payments', 'id:20'])('explanation and decision agree: %s', (resource) => {
    const [traced] = authorizer.explain({
      service: 'gitlab',
      credential: credential(JOB),
      operations: [one('read_releases', resource)],
    }).operations;
    expect(traced).toMatchObject({
      granted: true,
      grants: [{ outcome: 'hit', resources: [{ template: '{claims.project_path}', matches: true }] }],
    });
  });

  test('has one name on other service types and for other issuer types', () => {
    expect(decide('read_repository', 'id:20', credential(JOB), 'git')).toBe('resource_not_granted');
    const foreign = credential({ ...JOB, repository_id: '1' }, { issuer: 'github' });
    expect(decide('read_releases', 'id:20', foreign)).not.toBe('allow');
  });
});

describe('a job token', () => {
  const jobToken = credential(JOB, { class: 'job_token' });
  const minted = credential(JOB, {
    class: 'access_token',
    minted: {
      identity: 'by-path',
      audience: 'https://gateway.example.com',
      parentAudience: undefined,
      parents: [],
      since: 0,
      publishing: false,
      workload: undefined,
      source: { class: 'job_token', jti: undefined, tokenHash: 'ab'.repeat(32) },
      limits: { kind: 'scopes', scopes: new Set(SCOPES) },
      loginLimits: undefined,
    },
  });

  test.each([
    ['itself', jobToken],
    ['a token minted from it', minted],
  ])('never has a scope of the API as such: %s', (_what, presented) => {
    expect(decide('read_api', 'acme/payments', presented)).toBe('scope_not_granted');
    expect(decide('write_api', 'acme/payments', presented)).toBe('scope_not_granted');
    expect(decide('admin_api', 'acme/payments', presented)).toBe('scope_not_granted');
    const every = [{ scope: 'admin_api', resource: '', extent: 'every' as const }];
    expect(authorizer.forService('gitlab')(presented, every)).toMatchObject({ reason: 'scope_not_granted' });
    expect(decide('read_releases', 'acme/payments', presented)).toBe('allow');
    expect(decide('read_releases', 'id:20', presented)).toBe('allow');
  });
});
