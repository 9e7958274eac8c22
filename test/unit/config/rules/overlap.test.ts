import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { VerifiedCredential } from '../../../../src/core/credentials/credential.ts';
import type { IssuerType } from '../../../../src/core/issuers/issuer-presets.ts';
import type { DraftIdentity } from '../../../../src/config/model/draft.ts';
import { positioned } from '../../../../src/config/rules/identities/cover-index.ts';
import { indexOverlaps } from '../../../../src/config/rules/identities/overlap-index.ts';
import { commonToken, type WitnessClaims } from '../../../../src/config/rules/identities/witness.ts';
import { compileIdentity, mismatch } from '../../../../src/policy/compile/identity.ts';
import { configuration, errorsOf, load, warningsOf } from '../loading.ts';

const ISSUERS = `{
  gitlab: { type: gitlab, issuer: https://gitlab.example.com },
  github: { type: github, issuer: https://token.actions.githubusercontent.com },
  idp: { type: oidc, issuer: https://idp.example.com } }`;
const ROLES = `{
  reader: [{ service: orders, scopes: [read_api], resources: ["/v1/**"] }],
  viewer: [{ service: orders, scopes: [read_api], resources: ["/v1/**"] }],
  writer: [{ service: orders, scopes: [write_api], resources: ["/v1/**"] }] }`;

/** Each entry: issuer, match, role. */
function policy(...identities: readonly (readonly [string, string, string, string?])[]): string {
  const entries = identities.map(
    ([issuer, match, role, more = ''], at) =>
      `i${at}: { issuer: ${issuer}, match: { ${match} }, roles: [${role}]${more} }`,
  );
  return configuration({ issuers: ISSUERS, roles: ROLES, identities: `{ ${entries.join(', ')} }` });
}

const overlaps = (yaml: string): string[] =>
  warningsOf(yaml).filter((text) => text.includes('can match the same token'));

describe('two identities that can match the same token', () => {
  test('are reported with both names, the position of the first and a token', () => {
    const yaml = policy(
      ['gitlab', 'project_id: 20, ref_type: branch', 'reader'],
      ['gitlab', 'project_id: 20, ref_protected: true', 'writer'],
    );
    expect(errorsOf(yaml)).toEqual([]);
    expect(overlaps(yaml)).toEqual([
      expect.stringMatching(
        /identities\.i1: can match the same token as "i0" \(.*gatehouse\.yaml:\d+:\d+\), which comes first .*a token with \{"project_id":"20","ref_type":"branch","ref_protected":"true"\} gets those of "i0"\. To keep this order, add the conditions on ref_protected to "i0"/,
      ),
    ]);
  });

  test.each<[string, readonly [string, string, string, string?], readonly [string, string, string, string?]]>(
    [
      ['other values', ['idp', 'a: x', 'reader'], ['idp', 'a: y', 'writer']],
      [
        'values outside the pattern',
        ['idp', 'a: { glob: "x*" }, b: "1"', 'reader'],
        ['idp', 'a: y, c: "1"', 'writer'],
      ],
      [
        'patterns without a common text',
        ['idp', 'a: { glob: "x/*" }, b: "1"', 'reader'],
        ['idp', 'a: { glob: "*:y" }, c: "1"', 'writer'],
      ],
      [
        'an excluded value',
        ['idp', 'a: x, b: "1"', 'reader'],
        ['idp', 'a: { notIn: [x] }, c: "1"', 'writer'],
      ],
      [
        'a list and a scalar',
        ['idp', 'a: { contains: x }, b: "1"', 'reader'],
        ['idp', 'a: x, c: "1"', 'writer'],
      ],
      ['other issuers', ['gitlab', 'project_id: 20', 'reader'], ['idp', 'project_id: "20"', 'writer']],
      [
        'other credential classes',
        ['gitlab', 'project_id: 20, ref: main', 'reader', ', via: [deploy_token]'],
        ['gitlab', 'project_id: 20, sha: a', 'writer'],
      ],
      ['the same grants', ['idp', 'a: x', 'reader'], ['idp', 'b: x', 'viewer']],
      ['a catch-all in last place', ['idp', 'a: x, b: x', 'writer'], ['idp', 'a: { glob: "**" }', 'reader']],
      ['a special case before the general one', ['idp', 'a: x, b: x', 'writer'], ['idp', 'a: x', 'reader']],
      [
        'a project before its group',
        ['gitlab', 'project_id: 20', 'writer'],
        ['gitlab', 'namespace_id: 7', 'reader'],
      ],
      [
        'an event that only one accepts',
        ['github', 'repository_id: 1, event_name: pull_request_target', 'writer'],
        ['github', 'repository_id: 1, actor_id: 1', 'reader'],
      ],
    ],
  )('%s: no warning', (_, first, second) => {
    expect(overlaps(policy(first, second))).toEqual([]);
  });

  test('a value of a variable is not printed', () => {
    const yaml = policy(['idp', 'a: "${SECRET}"', 'reader'], ['idp', 'b: y', 'writer']);
    const { warnings } = load(yaml, { SECRET: 'canary' });
    expect(JSON.stringify(warnings)).not.toContain('canary');
    expect(warnings.map(({ message }) => message).join('')).toContain('{"a":"…","b":"y"}');
  });
});

test('a fully shadowed identity is an error, unless a workload identity names it', () => {
  const shadowed = policy(
    ['gitlab', 'project_id: 20', 'reader'],
    ['gitlab', 'project_id: 20, ref: main, ref_type: tag', 'writer'],
  );
  expect(errorsOf(shadowed)).toEqual([
    expect.stringMatching(/identities\.i1: is unreachable: shadowed by "i0" .*move it before "i0"/),
  ]);
  const named = `${shadowed}\nworkloadIdentities: { main@workload.example.com: { identity: i1 } }`;
  expect(errorsOf(named)).toEqual([]);
  expect(load(named).warnings).toContainEqual(
    expect.objectContaining({
      severity: 'note',
      message: expect.stringContaining('reachable only as workload identity'),
    }),
  );
});

type Match = DraftIdentity['match'];

const text = fc.constantFrom('acme/a', 'acme/b', 'acme', 'other/a', 'a:b', 'push', 'pull_request_target');
const glob = fc.constantFrom('**', 'acme/**', 'acme/*', '*', 'a*', '*/a', '**a', 'ac*e/*', '*:b', 'p*_*');
const condition = fc.oneof(
  text,
  fc.record({ in: fc.array(text, { minLength: 1, maxLength: 3 }) }),
  fc.record({ glob: fc.oneof(glob, fc.array(glob, { minLength: 1, maxLength: 2 })) }),
  fc.record({ in: fc.array(text, { minLength: 1, maxLength: 2 }), glob }),
  fc.record({ notIn: fc.array(text, { minLength: 1, maxLength: 2 }) }),
  fc.record({ notIn: fc.array(text, { minLength: 1, maxLength: 2 }), glob }),
  fc.record({ contains: text }),
);
const names = ['ref', '/ref', 'project_id', 'job_project_id', 'event_name', '/event_name', '/a/b', 'a'];
const match = fc.dictionary(fc.constantFrom(...names), condition, { minKeys: 1, maxKeys: 4 });
const types = fc.constantFrom<IssuerType[]>('gitlab', 'github', 'oidc');

function identity(of: Match, at: number): DraftIdentity {
  return {
    name: `i${at}`,
    issuer: 'x',
    via: ['id_token'],
    match: of,
    allowMutableNames: true,
    roles: [],
    grants: [],
  };
}

/** The claims of a token, with pointers as nested objects. */
function claimsOf(witness: WitnessClaims): Record<string, unknown> {
  const claims: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(witness)) {
    const parts = name.startsWith('/') ? name.slice(1).split('/') : [name];
    let place = claims;
    for (const part of parts.slice(0, -1)) place = (place[part] ??= {}) as Record<string, unknown>;
    place[parts.at(-1) ?? ''] = value;
  }
  return claims;
}

function matches(of: Match, type: IssuerType, claims: Record<string, unknown>): boolean {
  const compiled = compileIdentity({ ...identity(of, 0) }, type, () => []);
  const credential = {
    class: 'id_token',
    issuer: 'x',
    claims,
    minted: undefined,
  } as unknown as VerifiedCredential;
  return mismatch(compiled, credential) === undefined;
}

test('the evaluator matches each token to both identities', () => {
  let found = 0;
  fc.assert(
    fc.property(types, match, match, (type, a, b) => {
      const token = commonToken(positioned(identity(a, 0), 0), positioned(identity(b, 1), 1), type);
      if (token === undefined) return;
      found += 1;
      expect([matches(a, type, claimsOf(token)), matches(b, type, claimsOf(token))]).toEqual([true, true]);
    }),
    { numRuns: 3_000 },
  );
  expect(found).toBeGreaterThan(300);
});

test('the index omits no pair that has a common token', () => {
  fc.assert(
    fc.property(types, fc.array(match, { minLength: 2, maxLength: 40 }), (type, all) => {
      const group = all.map((each, at) => positioned(identity(each, at), at));
      const index = indexOverlaps(group);
      for (const later of group) {
        const candidates = new Set(index.candidates(later));
        for (const earlier of group.slice(0, later.position)) {
          if (candidates.has(earlier)) continue;
          expect(commonToken(earlier, later, type)).toBeUndefined();
        }
      }
    }),
    { numRuns: 100 },
  );
});

test('the index compares few pairs', () => {
  const group = Array.from({ length: 2_000 }, (_, at) =>
    positioned(
      identity(
        at % 2 === 0
          ? { project_id: `${at}`, ref_type: 'tag' }
          : { namespace_id: `${at}`, ref_type: 'branch', path: { glob: `acme/${at}/*` } },
        at,
      ),
      at,
    ),
  );
  const index = indexOverlaps(group);
  expect(group.flatMap((each) => [...index.candidates(each)])).toEqual([]);
});
