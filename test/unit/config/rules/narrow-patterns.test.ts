import { describe, expect, test } from 'vitest';
import { configuration, errorsOf, load, warningsOf } from '../loading.ts';

const granted = (type: string, resource: string): string =>
  configuration({
    roles: '{}',
    identities: `{ ci: { issuer: gitlab, match: { project_id: "20" }, grants: [{ service: s, scopes: [${type === 'oci' ? 'read_registry' : 'read_package_registry'}], resources: ["${resource}"] }] } }`,
    services: `{ s: { type: ${type}, upstream: { url: http://a/ } } }`,
  });

describe('resources', () => {
  test.each([
    ['oci', '*', /matches only names without "\/".*write "\*\*"/],
    ['npm', '*', /matches only names without "\/"/],
    ['oci', 'Acme/app', /never matches: names of type oci are lowercase, so none contains "A"/],
    ['pypi', 'my_project', /never matches: .*so none contains "_"/],
    ['cargo', 'my_crate', /never matches: .*so none contains "_"/],
  ])('%s %s', (type, resource, message) => {
    expect(errorsOf(granted(type, resource))).toEqual([]);
    expect(warningsOf(granted(type, resource))).toEqual([
      expect.stringMatching(
        new RegExp(`identities\\.ci\\.grants\\[0\\]\\.resources\\[0\\]: ${message.source}`),
      ),
    ]);
  });

  test.each([
    ['oci', '**'],
    ['oci', 'acme/*'],
    ['oci', '{claims.project_path}/App'.toLowerCase()],
    ['pypi', '*'],
    ['pypi', 'my-project'],
    ['npm', '@acme/Old_Name'],
  ])('%s %s passes', (type, resource) => {
    expect(warningsOf(granted(type, resource))).toEqual([]);
  });
});

test('a ref with one wildcard after a slash is a note', () => {
  const { warnings } = load(
    configuration({
      identities:
        '{ ci: { issuer: gitlab, match: { project_id: "20", ref_type: branch, ref: { glob: "release/*" } }, roles: [reader] } }',
    }),
  );
  expect(warnings).toMatchObject([
    {
      severity: 'note',
      path: 'identities.ci.match.ref',
      message: expect.stringContaining('write release/**'),
    },
  ]);
});

test('grants on a service that does not accept the issuer', () => {
  const yaml = configuration({
    issuers:
      '{ gitlab: { type: gitlab, issuer: https://gitlab.example.com }, idp: { type: oidc, issuer: https://idp.example.com } }',
    identities:
      '{ ci: { issuer: gitlab, match: { project_id: "20" }, roles: [reader], grants: [{ service: orders, scopes: [read_api], resources: ["/**"] }] }, own: { issuer: idp, match: { sub: a }, roles: [used] } }',
    roles:
      '{ reader: [{ service: orders, scopes: [read_api], resources: ["/v1/**"] }], used: [{ service: orders, scopes: [read_api], resources: ["/v2/**"] }] }',
    services: '{ orders: { type: http, issuers: [idp], upstream: { url: http://a/ } } }',
  });
  expect(warningsOf(yaml)).toEqual([
    expect.stringContaining(
      'identities.ci.grants[0].service: is never used: service "orders" accepts no token',
    ),
    expect.stringContaining('roles.reader[0].service: is never used'),
  ]);
});
