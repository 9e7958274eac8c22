import { describe, expect, test } from 'vitest';
import { configuration, warningsOf } from '../loading.ts';

const SERVICES =
  '{ registry: { type: oci, upstream: { url: http://a } }, files: { type: generic, path: /files/, upstream: { url: http://b/ } } }';

function grant(scopes: string, service = 'registry'): string {
  return `{ service: ${service}, scopes: [${scopes}], resources: ["acme/**"] }`;
}

function warnings(
  grants: readonly string[],
  role: readonly string[] = [grant('read_package_registry', 'files')],
) {
  return warningsOf(
    configuration({
      services: SERVICES,
      roles: `{ used: [${role.join(', ')}] }`,
      identities: `{ ci: { issuer: gitlab, match: { project_id: "20" }, roles: [used], grants: [${grants.join(', ')}] } }`,
    }),
  );
}

describe('a grant to push without a grant to pull', () => {
  const ADVICE =
    'allows no push: a push to a registry needs read_registry too, which identity "ci" does not have on service "registry"; add it to the scopes';

  test.each([
    ['write_registry', '0].scopes[0]'],
    ['delete_registry, write_registry', '0].scopes[1]'],
  ])('[%s] is reported', (scopes, place) => {
    expect(warnings([grant(scopes)])).toEqual([
      expect.stringContaining(`identities.ci.grants[${place}: ${ADVICE}`),
    ]);
  });

  test('also in a role', () => {
    expect(warnings([], [grant('write_registry')])).toContainEqual(
      expect.stringContaining(`roles.used[0].scopes[0]: ${ADVICE}`),
    );
  });

  test('also in a deploy token', () => {
    const deployTokens = `{ edge: { username: edge, secretHash: "sha256:${'0'.repeat(64)}", expires: 2099-01-01, grants: [${grant('write_registry')}] } }`;
    expect(warningsOf(configuration({ services: SERVICES, deployTokens }))).toContainEqual(
      expect.stringContaining('which deploy token "edge" does not have on service "registry"'),
    );
  });

  test.each([
    ['both', [grant('read_registry, write_registry')]],
    ['another grant to pull', [grant('write_registry'), grant('read_registry')]],
    ['a service without this rule', [grant('write_package_registry', 'files')]],
  ])('%s is not', (_name, grants) => {
    expect(warnings(grants)).not.toContainEqual(expect.stringContaining('allows no push'));
  });

  test('neither is a role that allows to pull, nor a registry that everyone may pull from', () => {
    expect(warnings([grant('write_registry')], [grant('read_registry')])).not.toContainEqual(
      expect.stringContaining('allows no push'),
    );
    const open = SERVICES.replace(
      'upstream: { url: http://a }',
      'anonymous: [{ scopes: [read_registry], resources: ["**"] }], upstream: { url: http://a }',
    );
    const identities = `{ ci: { issuer: gitlab, match: { project_id: "20" }, grants: [${grant('write_registry')}] } }`;
    expect(warningsOf(configuration({ services: open, identities }))).not.toContainEqual(
      expect.stringContaining('allows no push'),
    );
  });
});
