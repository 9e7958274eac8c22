/** The identity closest to a credential that matches none, for the audit event. */
import { describe, expect, it } from 'vitest';
import { createAuthorizer } from '../../../src/policy/index.ts';
import type { PolicySettings } from '../../../src/policy/index.ts';
import type { VerifiedCredential } from '../../../src/core/credentials/credential.ts';
import { credential, identity, mintedFor, settings } from './fixtures.ts';

type Identity = PolicySettings['identities'][number];

function nearest(identities: readonly Identity[], presented: VerifiedCredential) {
  const found = createAuthorizer(settings({ identities })).identify(presented);
  return 'kind' in found ? found.nearest : undefined;
}

const main = identity('main', { match: { project_id: '20', ref: 'main', ref_protected: 'true' } });
const tags = identity('tags', { match: { project_id: '20', ref_type: 'tag' } });
const other = identity('other', { match: { project_id: '21', ref: 'main' } });

describe('the nearest identity', () => {
  it('satisfies the most conditions; the first failed one is named', () => {
    const claims = { project_id: '20', ref: 'main', ref_protected: 'false', ref_type: 'branch' };
    expect(nearest([tags, other, main], credential(claims))).toEqual({
      identity: 'main',
      claim: 'ref_protected',
      operator: 'equals',
      expected: ['true'],
      actual: 'false',
    });
  });

  it('is the first in policy order in a tie', () => {
    const claims = { project_id: '20', ref: 'x' };
    expect(nearest([tags, main], credential(claims))?.identity).toBe('tags');
    expect(nearest([main, tags], credential(claims))?.identity).toBe('main');
  });

  it('counts every operator', () => {
    const wide = identity('wide', {
      match: {
        ref: { in: ['main', 'main', 'x'] },
        project_path: { glob: 'acme/*' },
        env: { notIn: ['dev'] },
        project_id: '21',
      },
    });
    const claims = { project_id: '20', ref: 'x', project_path: 'acme/a', env: 'prod', groups: ['a'] };
    expect(nearest([tags, main, wide], credential(claims))).toMatchObject({
      identity: 'wide',
      claim: 'project_id',
    });
    expect(nearest([tags, main, wide], credential({ ...claims, env: 'dev', ref: 'y' }))?.identity).toBe(
      'tags',
    );
  });

  it('has the issuer and the class of the credential', () => {
    const github = identity('github', { issuer: 'github', match: { project_id: '20' } });
    const job = identity('job', { via: ['job_token'], match: { project_id: '20', ref: 'main' } });
    const claims = { project_id: '20', ref: 'x' };
    expect(nearest([github, job], credential(claims))).toBeUndefined();
    expect(nearest([github, main, job], credential(claims, { class: 'job_token' }))?.identity).toBe('job');
  });

  it('names a guard that failed', () => {
    const claims = { project_id: '20', job_project_id: '99' };
    expect(nearest([identity('guarded')], credential(claims))).toMatchObject({
      identity: 'guarded',
      claim: 'job_project_id',
      actual: '99',
      why: expect.stringContaining('job_project_id'),
    });
  });

  it('is never an identity that matches only on request', () => {
    expect(nearest([{ ...main, onRequest: true }], credential({ project_id: '20' }))).toBeUndefined();
  });

  it('of a minted token is the identity it was minted for', () => {
    const minted = mintedFor('main');
    const claims = { project_id: '20', ref: 'y', ref_type: 'tag' };
    expect(nearest([tags, main], credential(claims, { class: 'access_token', minted }))).toMatchObject({
      identity: 'main',
      claim: 'ref',
    });
  });
});

describe('the search', () => {
  it('runs once per credential and at most 100 times a second; skipped searches are counted', () => {
    let now = 0;
    let skipped = 0;
    const authorizer = createAuthorizer(settings({ identities: [main] }), {
      now: () => now,
      skipped: () => void (skipped += 1),
    });
    const found = (presented: VerifiedCredential) => {
      const result = authorizer.identify(presented);
      return 'kind' in result ? result.nearest : undefined;
    };
    const first = credential({ project_id: '1' });
    for (let each = 0; each < 500; each++) found(first);
    expect(skipped).toBe(0);
    const many = Array.from({ length: 300 }, (_, n) => found(credential({ project_id: `x${n}` })));
    expect(many.filter((each) => each !== undefined)).toHaveLength(99);
    expect(skipped).toBe(201);
    now = 1000;
    expect(found(credential({ project_id: 'later' }))?.identity).toBe('main');
    expect(found(first)?.identity).toBe('main');
  });
});
