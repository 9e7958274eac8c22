import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAuthorizer } from '../../src/policy/index.ts';
import type { PolicySettings } from '../../src/policy/index.ts';
import type { Operation } from '../../src/core/request/operation.ts';
import { credential, identity, one, service, settings } from '../unit/policy/fixtures.ts';
import { plainReading, withBase } from './plain-reading.ts';

type Condition = PolicySettings['identities'][number]['match'][string];

/** Few names and values, so that policies and credentials meet often. */
const value = fc.constantFrom('1', '2', 'a', 'a/b', 'a:b', '*');
const values = fc.uniqueArray(value, { minLength: 1, maxLength: 3 });
const pattern = fc.constantFrom('*', '**', 'a*', 'a/*', '1', '*:*');
const claimName = fc.constantFrom('project_id', 'namespace_id', 'ref', 'job_project_id', 'groups');
const condition: fc.Arbitrary<Condition> = fc.oneof(
  value,
  fc.record({ equals: value }),
  fc.record({ in: values }),
  fc.record({ notIn: values }),
  fc.record({ contains: value }),
  fc.record({ glob: fc.oneof(pattern, fc.array(pattern, { minLength: 1, maxLength: 2 })) }),
  fc.record({ notIn: values, glob: pattern }),
);
const claimValue = fc.oneof(
  { weight: 6, arbitrary: value },
  fc.constantFrom(1, 2, true, null, ''),
  fc.array(value, { maxLength: 3 }),
);
const claims = fc.dictionary(claimName, claimValue, { maxKeys: 5 });
const scope = fc.constantFrom('read', 'write');
const resource = fc.constantFrom('a', 'a/b', 'a/b/c', '1', '1/x', '*');
const template = fc.constantFrom('**', '*', 'a/**', 'a', '{claims.ref}', '{claims.project_id}/**');
const anonymous = fc.record({
  scopes: fc.uniqueArray(scope, { minLength: 1 }),
  resources: fc.uniqueArray(template, { minLength: 1, maxLength: 3 }),
});
const grant = anonymous.chain((rest) =>
  fc.constantFrom('npm', 'orders').map((name) => ({ ...rest, service: name })),
);
const identities = fc
  .array(
    fc.record({
      issuer: fc.constantFrom('gitlab', 'gitlab', 'cluster'),
      match: fc.dictionary(claimName, condition, { minKeys: 1, maxKeys: 3 }),
      grants: fc.array(grant, { maxLength: 3 }),
    }),
    { maxLength: 8 },
  )
  .map((list) => list.map((overrides, position) => identity(`i${position}`, overrides)));
const policy = fc
  .record({ identities, open: fc.array(anonymous, { maxLength: 1 }) })
  .map(({ identities: list, open }) =>
    settings({
      identities: list,
      services: [service('npm', { type: 'npm', anonymous: open }), service('orders')],
    }),
  );
const presented = fc
  .tuple(claims, fc.constantFrom('gitlab', 'cluster'))
  .map(([of, issuer]) => credential(of, { issuer }));
const operations = fc.array(
  fc.record<Operation>({ scope, resource, extent: fc.constantFrom('one', 'one', 'one', 'any', 'every') }),
  { minLength: 1, maxLength: 3 },
);

describe('a policy', () => {
  it('decides as its plain reading does, identity by identity, grant by grant', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(policy, fc.option(presented, { nil: undefined }), operations, (rules, who, what) => {
        const decision = createAuthorizer(rules).forService('npm')(who, what);
        const outcome = decision.kind === 'allow' ? decision.basis : decision.reason;
        const caller = decision.kind === 'unable' ? undefined : decision.caller?.identity;
        expect([outcome, caller]).toEqual(plainReading(rules, who, what));
        seen.add(outcome);
      }),
      { numRuns: 5000 },
    );
    // The property would be empty if the generator did not reach them all.
    expect([...seen].sort()).toEqual([
      'anonymous',
      'grant',
      'no_credential',
      'no_matching_identity',
      'resource_not_granted',
      'scope_not_granted',
    ]);
  });

  it('without a grant allows nothing', () => {
    fc.assert(
      fc.property(identities, fc.option(presented, { nil: undefined }), operations, (list, who, what) => {
        const rules = settings({ identities: list.map((entry) => ({ ...entry, grants: [] })) });
        expect(createAuthorizer(rules).forService('npm')(who, what).kind).toBe('deny');
      }),
    );
  });

  it('never matches an identity that names a claim which is missing', () => {
    fc.assert(
      fc.property(condition, claims, (of, rest) => {
        const rules = settings({
          identities: [identity('it', { issuer: 'cluster', match: { wanted: of } })],
        });
        const result = createAuthorizer(rules).identify(credential(rest, { issuer: 'cluster' }));
        expect(result).toMatchObject({ reason: 'no_matching_identity' });
      }),
    );
  });

  it('keeps its answer when identities are added behind the one that matched', () => {
    fc.assert(
      fc.property(identities, identities, presented, (list, more, who) => {
        const before = createAuthorizer(settings({ identities: list })).identify(who);
        fc.pre('identity' in before);
        const longer = [...list, ...more.map((entry) => ({ ...entry, name: `x-${entry.name}` }))];
        expect(createAuthorizer(settings({ identities: longer })).identify(who)).toEqual(before);
      }),
    );
  });
});

describe('a claim in a resource pattern', () => {
  const text = fc.oneof(
    fc.string({ unit: fc.constantFrom('a', 'A', '/', '.', '*', '{', '}', '|', '%', '\u212a'), maxLength: 6 }),
    fc.string({ unit: 'binary', maxLength: 6 }),
  );
  const frame = fc.constantFrom(
    ['', ''],
    ['', '/**'],
    ['', '/*'],
    ['a/', ''],
    ['*/', '/x'],
    ['**', '*'],
  ) as fc.Arbitrary<[string, string]>;

  it('never stands for more than its own characters', () => {
    let hits = 0;
    const type = fc.constantFrom('npm', 'registry');
    const source = fc.constantFrom('claim', 'lower', 'other');
    fc.assert(
      fc.property(type, frame, text, text, source, (name, [before, after], claim, other, from) => {
        const lower = claim.replaceAll(/[A-Z]/g, (letter) => String.fromCharCode(letter.charCodeAt(0) + 32));
        const spelled = name === 'registry' ? lower : claim;
        // Some resources are made to fit, the others are anything.
        const fill = (wild: string) => wild.replaceAll(/\*+/g, 'w');
        const middle = { claim, lower, other }[from];
        const target = from === 'other' ? other : `${fill(before)}${middle}${fill(after)}`;
        const grants = [
          { service: name, scopes: ['read'], resources: [`${before}{claims.project_path}${after}`] },
        ];
        const rules = settings({ identities: [identity('it', { match: { id: '1' }, grants })] });
        const who = credential({ id: '1', project_path: claim });
        const allowed = createAuthorizer(rules).forService(name)(who, [one('read', target)]).kind === 'allow';
        const literal = new RegExp(`^(?:${withBase(before, spelled, after)})$`);
        const plain =
          !claim.split('/').some((segment) => ['', '.', '..'].includes(segment)) &&
          !/[\p{Cc}\\%?#]/u.test(claim) &&
          claim.isWellFormed();
        expect(allowed).toBe(plain && literal.test(target));
        hits += allowed ? 1 : 0;
      }),
      { numRuns: 5000 },
    );
    expect(hits).toBeGreaterThan(100);
  });
});
