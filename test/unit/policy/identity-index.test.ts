import { describe, expect, it } from 'vitest';
import { compileIdentity } from '../../../src/policy/compile/identity.ts';
import { runAtOnce } from '../../../src/util/async/steps.ts';
import { indexIdentities } from '../../../src/policy/compile/identity-index.ts';
import type { PolicySettings } from '../../../src/policy/index.ts';
import type { Claims } from '../../../src/core/credentials/credential.ts';
import { credential, identity } from './fixtures.ts';

type Identity = PolicySettings['identities'][number];
type Match = Identity['match'];

function candidates(identities: readonly Identity[], claims: Claims): string[] {
  const index = runAtOnce(
    indexIdentities(identities.map((settings) => compileIdentity(settings, 'gitlab', () => []))),
  );
  return index.candidates(credential(claims)).map(({ name }) => name);
}

function many(count: number, match: (position: number) => Match): Identity[] {
  return Array.from({ length: count }, (_, position) =>
    identity(`identity-${position}`, { match: match(position) }),
  );
}

describe('identity index: the candidates for a credential', () => {
  const claims = { project_id: '7', namespace_id: '1', ref: 'main', ref_protected: 'true' };
  const table: readonly (readonly [string, (position: number) => Match])[] = [
    ['a project each', (n) => ({ project_id: `${n}` })],
    ['a project each, named last', (n) => ({ ref_protected: 'true', ref: 'main', project_id: `${n}` })],
    ['lists of projects', (n) => ({ ref: 'main', project_id: { in: [`${n}`, `x${n}`] } })],
    ['one id for all, a ref each', (n) => ({ namespace_id: '1', ref: n === 7 ? 'main' : `r${n}` })],
  ];

  it.each(table)('are as few among 1,000 identities as among 10: %s', (_name, match) => {
    expect(candidates(many(10, match), claims)).toEqual(['identity-7']);
    expect(candidates(many(1000, match), claims)).toEqual(['identity-7']);
  });

  it('include identities without an equals or in condition, in policy order', () => {
    const identities = [
      identity('first', { match: { project_id: { glob: '*' } } }),
      identity('other', { match: { project_id: '8' } }),
      identity('mine', { match: { project_id: '7' } }),
      identity('excluding', { match: { ref: { notIn: ['x'] } } }),
      identity('by-ref', { match: { ref: 'main' } }),
      identity('last', { match: { groups: { contains: 'x' } } }),
    ];
    expect(candidates(identities, claims)).toEqual(['first', 'mine', 'excluding', 'by-ref', 'last']);
  });

  it('include an identity once if a list repeats a value', () => {
    expect(candidates([identity('a', { match: { project_id: { in: ['7', '7'] } } })], claims)).toEqual(['a']);
  });

  it('are selected by immutable ids if other values are shared', () => {
    const match = { ref: 'main', project_path: 'acme/app', project_id: '7' };
    expect(candidates([identity('a', { match })], { project_id: '7' })).toEqual(['a']);
    expect(candidates([identity('a', { match })], { ref: 'main', project_path: 'acme/app' })).toEqual([]);
  });

  it('do not depend on identities of other issuers', () => {
    const mine = identity('mine', { match: { ref: 'main', project_id: '7' } });
    const foreign = many(5, () => ({ project_id: '7' })).map((entry) => ({ ...entry, issuer: 'github' }));
    expect(candidates([...foreign, mine], { project_id: '7' })).toEqual(['mine']);
    expect(candidates([...foreign, mine], { ref: 'main' })).toEqual([]);
  });

  it('exclude identities of other issuers', () => {
    const foreign = identity('a', { issuer: 'github', match: { project_id: '7' } });
    expect(candidates([foreign], claims)).toEqual([]);
  });
});
