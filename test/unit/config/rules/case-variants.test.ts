import { expect, test } from 'vitest';
import { configuration, errorsOf, warningsOf } from '../loading.ts';

interface Grants {
  readonly ci: string;
  readonly other: string;
  readonly type?: string;
}

/** The warnings about case, where `ci` and `other` have grants on these resources. */
function warned({ ci, other, type = 'npm' }: Grants): readonly string[] {
  const scope = type === 'git' || type === 'gitlab' ? 'read_repository' : 'read_package_registry';
  const grants = (resources: string): string =>
    `[{ service: feed, scopes: [${scope}], resources: [${resources}] }]`;
  const text = configuration({
    roles: '{}',
    identities: `{ ci: { issuer: gitlab, match: { project_id: "20" }, grants: ${grants(ci)} }, other: { issuer: gitlab, match: { project_id: "21" }, grants: ${grants(other)} } }`,
    services: `{ feed: { type: ${type}, path: /feed/, upstream: { url: http://feed.internal/ } } }`,
  });
  expect(errorsOf(text)).toEqual([]);
  return warningsOf(text).filter((warning) => warning.includes('capital letters'));
}

test.each([
  ['"Acme-ui"', '"acme-ui"', 'npm'],
  ['"@acme/UI-*"', '"@acme/ui-*"', 'npm'],
  ['"Acme-*"', '"acme-ui"', 'npm'],
  ['"Acme-ui"', '"acme-*"', 'npm'],
  ['"Acme-ui"', '"ACME-UI"', 'npm'],
  ['"com/Acme/**"', '"com/acme/app/**"', 'maven'],
  ['"Tools/**"', '"tools/a.tgz"', 'generic'],
  ['"Acme/payments"', '"acme/payments"', 'git'],
  ['"Acme/payments"', '"acme/**"', 'gitlab'],
  ['"Acme"', '"acme"', 'rubygems'],
  ['"{claims.project_path}/X"', '"{claims.project_path}/x"', 'generic'],
])('%s and %s of two identities differ only in case: %s', (ci, other, type) => {
  expect(warned({ ci, other, type })[0]).toMatch(
    /identities\.ci\.grants\[0\]\.resources\[0\]: excludes the names of ".+" of identity "other" \(.*\) only by its capital letters/,
  );
});

test.each([
  ['two packages', '"Acme-ui"', '"acme-api"', 'npm'],
  ['the same spelling', '"Acme-ui"', '"Acme-ui"', 'npm'],
  ['both owners have all spellings', '"Acme-ui", "acme-ui"', '"acme-ui"', 'npm'],
  ['the other pattern contains it as it is', '"Acme-ui"', '"**"', 'npm'],
  ['lowercase only', '"acme-ui"', '"acme-*"', 'npm'],
  ['module paths escape capital letters', '"gitlab.example.com/Acme/a"', '"gitlab.example.com/acme/a"', 'go'],
])('no warning: %s', (_, ci, other, type) => {
  expect(warned({ ci, other, type })).toEqual([]);
});

test('a deploy token and a role', () => {
  const text = configuration({
    roles: '{ reader: [{ service: feed, scopes: [read_package_registry], resources: ["acme-*"] }] }',
    deployTokens: `{ kiosk: { username: kiosk, secretHash: "sha256:${'0'.repeat(64)}", grants: [{ service: feed, scopes: [read_package_registry], resources: ["Acme-ui"] }] } }`,
    services: '{ feed: { type: npm, path: /feed/, upstream: { url: http://feed.internal/ } } }',
  });
  expect(errorsOf(text)).toEqual([]);
  expect(warningsOf(text).filter((warning) => warning.includes('capital letters'))).toEqual([
    expect.stringContaining(
      'deployTokens.kiosk.grants[0].resources[0]: excludes the names of "acme-*" of role "reader"',
    ),
  ]);
});
