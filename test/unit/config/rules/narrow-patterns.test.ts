import { describe, expect, test } from 'vitest';
import { configuration, errorsOf, load, warningsOf } from '../loading.ts';

const READ: Readonly<Record<string, string>> = { oci: 'read_registry', git: 'read_repository' };

const granted = (type: string, resource: string): string =>
  configuration({
    roles: '{}',
    identities: `{ ci: { issuer: gitlab, match: { project_id: "20" }, grants: [{ service: s, scopes: [${READ[type] ?? 'read_package_registry'}], resources: ["${resource}"] }] } }`,
    services: `{ s: { type: ${type}, ${type === 'terraform' ? 'hosts: [s.example.com], ' : ''}upstream: { url: http://a/ } } }`,
  });

describe('resources', () => {
  test.each([
    ['oci', '*', /matches only names without "\/".*write "\*\*"/],
    ['npm', '*', /matches only names without "\/"/],
    ['oci', 'Acme/app', /never matches: names of type oci are lowercase, so none contains "A"/],
    ['pypi', 'my_project', /never matches: .*so none contains "_"/],
    ['cargo', 'my_crate', /never matches: .*so none contains "_"; write "my-crate"/],
    ['oci', 'acme/app:1.2', /never matches: .*contains ":"; write "acme\/app"/],
    ['oci', 'acme/', /never matches: .*; write "acme\/\*\*"/],
    ['npm', 'acme/ui', /never matches: names of type npm are "name" or "@scope\/name"; write "@acme\/ui"/],
    ['npm', '@acme', /never matches: .*; write "@acme\/\*"/],
    ['npm', '@acme/ui/**/x', /never matches: .*; correct the pattern or remove it/],
    ['npm', '@acme/ui@1.*', /never matches: .*contains "@"|never matches: .*write "@acme\/ui"/],
    ['nuget', 'Acme.*', /never matches: .*lowercase, so none contains "A"; write "acme\.\*"/],
    ['nuget', 'acme/core', /never matches: .*contains "\/"/],
    ['conan', 'zlib', /never matches: names of type conan are NAME\/VERSION@USER.*; write "zlib\/\*@\*\/\*"/],
    ['conan', 'zlib/*', /never matches: .*; write "zlib\/\*@_\/_"/],
    ['conan', 'acme/1.0@team', /never matches: .*; write "acme\/1.0@team\/_"/],
    ['conan', 'Acme/1.0@team/stable', /never matches: .*contains "A"; write "acme\/1.0@team\/stable"/],
    ['go', 'acme/lib', /never matches: names of type go start with a domain/],
    ['go', 'Git.example.com/acme/**', /never matches: .*; write "git\.example\.com\/acme\/\*\*"/],
    ['go', 'git.example.com/!acme/lib', /never matches: .*contains "!"; write "git.example.com\/Acme\/lib"/],
    ['go', 'git.example.com/lib@v1', /never matches: .*contains "@"; write "git.example.com\/lib"/],
    ['git', 'acme/app.git', /never matches: .*without "\.git".*; write "acme\/app"/],
    ['git', 'acme/*.git', /never matches: .*; write "acme\/\*"/],
    ['git', 'git@example.com:acme/app', /never matches: .*contains ":"/],
    ['deb', 'pool/main/Acme_*', /never matches: .*contains "\/"; write "acme"/],
    ['deb', 'Acme', /never matches: .*write "acme"/],
    ['rpm', 'el9/acme-1.0-1.noarch.rpm', /never matches: .*contains "\/"; write "acme"/],
    ['helm', 'stable/chart', /never matches: .*contains "\/"; write "chart"/],
    ['maven', 'com.acme:app', /never matches: .*contains ":"; write "com\/acme\/app\/\*\*"/],
    [
      'terraform',
      'acme/vpc/aws',
      /never matches: .*start with "modules\/".*; write "modules\/acme\/vpc\/aws"/,
    ],
    [
      'terraform',
      'tf.example.com/acme/null',
      /never matches: .*; write "providers\/tf\.example\.com\/acme\/null"/,
    ],
    ['terraform', 'state/prod', /never matches: .*"states\/"; correct the pattern/],
    ['terraform', 'modules/acme/vpc aws', /never matches: .*contains " "/],
    ['maven', 'com/acme/a-1.jar.sha1', /never matches: .*; write "com\/acme\/a-1\.jar"/],
  ])('%s %s', (type, resource, message) => {
    expect(errorsOf(granted(type, resource))).toEqual([]);
    expect(warningsOf(granted(type, resource))).toEqual([
      expect.stringMatching(
        new RegExp(`identities\\.ci\\.grants\\[0\\]\\.resources\\[0\\]: ${message.source}`),
      ),
    ]);
  });

  test.each([
    ['terraform', 'modules/**'],
    ['terraform', 'providers/*/acme/*'],
    ['terraform', 'providers/127.0.0.1:8443/acme/null'],
    ['terraform', 'states/{claims.project_path}'],
    ['terraform', '{claims.project_path}/x'],
    ['terraform', '**/aws'],
    ['oci', '**'],
    ['oci', 'acme/*'],
    ['oci', '{claims.project_path}/App'.toLowerCase()],
    ['pypi', '*'],
    ['pypi', 'my-project'],
    ['npm', '@acme/Old_Name'],
    ['npm', '@acme/**'],
    ['npm', 'acme-*'],
    ['npm', '{claims.project_path}'],
    ['nuget', 'acme.*'],
    ['nuget', '**.core'],
    ['conan', 'acme/*@team/stable'],
    ['conan', '**@team/*'],
    ['conan', '*/*/stable'],
    ['conan', '{claims.project_path}'],
    ['go', '**'],
    ['go', '**/lib'],
    ['go', 'git.example.com/**'],
    ['go', 'git.example.com/{claims.project_path}/**'],
    ['git', 'acme/*/x'],
    ['git', '{claims.project_path}'],
    ['git', 'acme/app.github.io'],
    ['deb', 'libacme++'],
    ['rpm', 'Acme_tools*'],
    ['helm', '*'],
    ['helm', 'acme-**'],
    ['maven', 'com/acme/**'],
    ['maven', '**/maven-metadata.xml'],
    ['maven', '**/*.asc'],
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
