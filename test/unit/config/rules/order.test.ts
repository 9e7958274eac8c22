import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DraftIdentity } from '../../../../src/config/model/draft.ts';
import { indexCovers, positioned } from '../../../../src/config/rules/identities/cover-index.ts';
import { coversIdentity } from '../../../../src/config/rules/identities/order.ts';
import { configuration, errorsOf } from '../loading.ts';

type Match = DraftIdentity['match'];

function identitiesOf(matches: readonly Match[]) {
  return matches.map((match, index) =>
    positioned(
      {
        name: `i${index}`,
        issuer: 'gitlab',
        via: ['id_token'],
        match,
        allowMutableNames: true,
        roles: ['reader'],
        grants: [],
      },
      index,
    ),
  );
}

/** Pairs that the order check compares. */
function comparisons(matches: readonly Match[]): number {
  const identities = identitiesOf(matches);
  const index = indexCovers(identities);
  return identities.reduce((sum, each) => sum + [...index.candidates(each)].length, 0);
}

describe('the order check compares few pairs', () => {
  const COUNT = 2_000;
  const every = (match: (index: number) => Match) =>
    Array.from({ length: COUNT }, (_, index) => match(index));

  test.each<[string, readonly Match[], number]>([
    ['one project each', every((n) => ({ ref_protected: 'true', project_id: `${n}` })), 0],
    ['one project path each', every((n) => ({ project_path: `acme/p-${n}`, ref_protected: 'true' })), 0],
    ['one pattern each', every((n) => ({ project_path: { glob: `acme/p-${n}/**` } })), 0],
    ['patterns with a common start', every((n) => ({ project_path: { glob: `acme/*/p-${n}` } })), 0],
    ['one role each', every((n) => ({ roles: { contains: `r-${n}` }, idtyp: 'app' })), 0],
    [
      'fifty refs of forty projects',
      every((n) => ({ project_id: `${n % 40}`, ref: `release/${Math.floor(n / 40)}` })),
      COUNT * 50,
    ],
  ])('%s', (_, matches, most) => {
    expect(comparisons(matches)).toBeLessThanOrEqual(most);
  });
});

const value = fc.constantFrom('acme/a', 'acme/b', 'acme', 'other/a');
const glob = fc.constantFrom('**', 'acme/**', 'acme/*', '*', 'acme/a*', '*/a');
const condition = fc.oneof(
  value,
  fc.record({ in: fc.array(value, { minLength: 1, maxLength: 3 }) }),
  fc.record({ equals: value, in: fc.array(value, { minLength: 1, maxLength: 2 }) }),
  fc.record({ glob: fc.oneof(glob, fc.array(glob, { minLength: 1, maxLength: 2 })) }),
  fc.record({ in: fc.array(value, { minLength: 1, maxLength: 2 }), glob }),
  fc.record({ notIn: fc.array(value, { minLength: 1, maxLength: 2 }) }),
  fc.record({ notIn: fc.array(value, { minLength: 1, maxLength: 2 }), glob }),
  fc.record({ contains: value }),
);
const match = fc.dictionary(fc.constantFrom('ref', 'job', 'branch'), condition, { minKeys: 1, maxKeys: 3 });

function shadowedIn(matches: readonly Match[]): readonly string[] {
  const identities = Object.fromEntries(
    matches.map((each, index) => [
      `i${index}`,
      { issuer: 'idp', via: ['id_token'], match: each, roles: ['reader'] },
    ]),
  );
  const yaml = configuration({
    issuers: '{ idp: { type: oidc, issuer: https://idp.example.com } }',
    identities: JSON.stringify(identities),
  });
  return errorsOf(yaml).flatMap(
    (text) =>
      /identities\.(i\d+): is unreachable: shadowed by "(i\d+)"/.exec(text)?.slice(1).join(' by ') ?? [],
  );
}

test('the index finds the first identity that matches every token of a later one', () => {
  fc.assert(
    fc.property(fc.array(match, { minLength: 2, maxLength: 6 }), (matches) => {
      const identities = identitiesOf(matches);
      const expected = identities.flatMap((each, second) => {
        const first = identities.slice(0, second).find((earlier) => coversIdentity(earlier, each, () => []));
        return first === undefined ? [] : [`${each.identity.name} by ${first.identity.name}`];
      });
      expect(shadowedIn(matches)).toEqual(expected);
    }),
    { numRuns: 300 },
  );
});
