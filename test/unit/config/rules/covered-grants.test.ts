import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  createContainment,
  readGrantedPattern,
} from '../../../../src/config/rules/identities/contained-patterns.ts';
import { compileGlob } from '../../../../src/util/text/glob.ts';
import { configuration, warningsOf } from '../loading.ts';

const SERVICES =
  '{ npm: { type: npm, path: /npm/, upstream: { url: http://a/ } }, pypi: { type: pypi, path: /pypi/, upstream: { url: http://b/ } } }';

function grant(resources: string, scopes = 'read', service = 'npm'): string {
  const list = scopes.split(' ').map((scope) => `${scope}_package_registry`);
  return `{ service: ${service}, scopes: [${list.join(', ')}], resources: [${resources}] }`;
}

function identity(
  grants: readonly string[],
  roles: Readonly<Record<string, readonly string[]>> = {},
): string[] {
  const used = grant('"**"', 'read', 'pypi');
  const held = Object.entries({ ...roles, other: [used] });
  return warningsOf(
    configuration({
      services: SERVICES,
      roles: `{ ${held.map(([name, list]) => `${name}: [${list.join(', ')}]`).join(', ')} }`,
      identities: `{ ci: { issuer: gitlab, match: { project_id: "20" }, roles: [${held.map(([name]) => name).join(', ')}], grants: [${grants.join(', ')}] } }`,
    }),
  );
}

describe('a grant that another grant of the identity covers', () => {
  test.each([
    [grant('"@acme/**"'), grant('"@acme/ui"')],
    [grant('"@acme/**"', 'read write'), grant('"@acme/ui-*"')],
    [grant('"**"'), grant('"@acme/**"')],
    [grant('"@acme/**", "@beta/*"'), grant('"@beta/x", "@acme/y*"')],
    [grant('"@acme/**"'), grant('"@acme/{claims.project_path}"')],
    [grant('"@acme/**"'), grant('"@acme/**"')],
  ])('%s, %s', (wide, narrow) => {
    expect(identity([wide, narrow])).toEqual([
      expect.stringMatching(
        /identities\.ci\.grants\[1\]: has no effect: a grant of the same list \(\S+:4:\d+\) covers its scopes and resources; remove it/,
      ),
    ]);
    expect(identity([narrow], { reader: [wide] })).toEqual([
      expect.stringMatching(
        /identities\.ci\.grants\[0\]: has no effect: a grant of role "reader" \(\S+:5:\d+\)/,
      ),
    ]);
    if (wide === narrow) return;
    expect(identity([narrow, wide])).toEqual([
      expect.stringContaining('identities.ci.grants[0]: has no effect'),
    ]);
  });

  test.each([
    [grant('"@acme/ui"', 'read'), grant('"@acme/ui"', 'write')],
    [grant('"@acme/*"', 'read write'), grant('"@acme/**"')],
    [grant('"@acme/**"'), grant('"**"', 'write')],
    [grant('"@acme/a*"'), grant('"@acme/*b"')],
    [grant('"@acme/{claims.sub}"'), grant('"@acme/ui"')],
    [grant('"@acme/*"'), grant('"@acme/{claims.project_path}"', 'write')],
  ])('%s and %s differ', (first, second) => {
    expect(identity([first, second])).toEqual([]);
  });

  test('two roles can overlap, and a role is not narrowed by the grants of one identity', () => {
    const roles = { reader: [grant('"@acme/**"')], ui: [grant('"@acme/ui"')] };
    expect(identity([], roles)).toEqual([]);
    expect(identity([grant('"**"')], { ui: [grant('"@acme/ui"')] })).toEqual([]);
  });
});

test('grants of a role, of a deploy token and without a credential', () => {
  const two = `[${grant('"@acme/**"')}, ${grant('"@acme/ui"')}]`;
  const warnings = warningsOf(
    configuration({
      services: SERVICES.replace(
        'path: /pypi/',
        'path: /pypi/, anonymous: [{ scopes: [read_package_registry], resources: [a] }, { scopes: [read_package_registry], resources: ["*"] }]',
      ),
      roles: `{ reader: ${two} }`,
      deployTokens: `{ edge: { username: edge, expires: 2027-01-01, secretHash: "sha256:${'ab'.repeat(32)}", grants: ${two} } }`,
    }),
  );
  expect(warnings).toEqual([
    expect.stringContaining('roles.reader[1]: has no effect: a grant of the same list'),
    expect.stringContaining('services.pypi.anonymous[0]: has no effect'),
    expect.stringContaining('deployTokens.edge.grants[1]: has no effect'),
  ]);
});

test('a contained pattern matches nothing that the outer patterns do not match', () => {
  const piece = fc.constantFrom('a', 'b', '/', '*', '**', 'a/', '/**');
  const pattern = fc
    .array(piece, { minLength: 1, maxLength: 5 })
    .map((parts) => parts.join('').replaceAll(/\*{3,}/g, '**'));
  const text = fc.array(fc.constantFrom('a', 'b', '/'), { maxLength: 6 }).map((parts) => parts.join(''));
  const property = fc.property(
    pattern,
    fc.array(pattern, { minLength: 1, maxLength: 3 }),
    text,
    (inner, outer, name) => {
      if (!createContainment()(readGrantedPattern(inner), outer.map(readGrantedPattern))) return;
      if (compileGlob(inner).test(name))
        expect(outer.some((each) => compileGlob(each).test(name))).toBe(true);
    },
  );
  fc.assert(property, { numRuns: 5_000 });
});
