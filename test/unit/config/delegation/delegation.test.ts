import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadConfig, type LoadResult } from '../../../../src/config/index.ts';
import { NOW, writeFiles } from '../loading.ts';

const DELEGATION = `
  - files: teams/web/*.yaml
    grants:
      - { service: npm, scopes: [read_package_registry, write_package_registry], resources: ["@web/**"] }
      - { service: npm, scopes: [read_package_registry], resources: ["lib-*"] }
    issuers: [gitlab]
    match: { namespace_path: web }
    roles: [lib-reader, reader]
    namePrefix: web-`;

function main(delegations = DELEGATION, rest = ''): string {
  return `version: 1
server: { publicUrl: https://gateway.example.com }
issuers:
  gitlab: { type: gitlab, issuer: https://gitlab.example.com }
  other: { type: gitlab, issuer: https://other.example.com }
identities:
  payments: { issuer: gitlab, match: { project_id: "20" }, roles: [reader, lib-reader, admin] }
roles:
  reader: [{ service: npm, scopes: [read_package_registry], resources: ["**"] }]
  lib-reader: [{ service: npm, scopes: [read_package_registry], resources: ["lib-a*"] }]
  admin: []
services:
  npm: { type: npm, path: /npm/, upstream: { url: http://npm.internal/ } }
delegations: ${delegations}
${rest}`;
}

const MATCH = 'match: { namespace_path: web, project_id: "31" }';
const GRANT = '{ service: npm, scopes: [read_package_registry], resources: ["@web/ui"] }';
const file = (body: string): string => `version: 1\n${body}`;
const identity = (body: string): string => file(`identities:\n  web-ci: { ${body} }`);
const VALID = identity(`issuer: gitlab, ${MATCH}, grants: [${GRANT}]`);

function loadFiles(files: Record<string, string>, previous?: Parameters<typeof loadConfig>[3]) {
  const folder = writeFiles({ 'gatehouse.yaml': main(), ...files });
  const result = loadConfig(join(folder, 'gatehouse.yaml'), { SECRET: 'hunter2' }, NOW, previous);
  return { folder, result };
}

/** `file:line:column path: message`, with the file relative to the configuration. */
function errorsIn({ folder, result }: { folder: string; result: LoadResult }): string[] {
  const problems =
    result.kind === 'invalid'
      ? result.problems
      : result.config.delegated.files.flatMap((each) => each.problems);
  return problems.map(
    ({ file: name, line, column, path, message }) =>
      `${name.replace(`${folder}/`, '')}:${line}:${column} ${path}: ${message}`,
  );
}

const names = (result: LoadResult): readonly string[] =>
  result.kind === 'loaded' ? result.config.identities.map(({ name }) => name) : [];

test('identities of delegated files come after the identities of the main configuration', () => {
  const roles = file(`
identities:
  - { name: web-list, issuer: gitlab, match: { namespace_path: web, project_id: "32" }, roles: [web-reader, lib-reader] }
roles:
  web-reader: [${GRANT}]
`);
  const { result, folder } = loadFiles({
    'teams/web/b.yaml': roles,
    'teams/web/a.yaml': VALID,
    'teams/web/a.test.yaml': 'nothing',
  });
  expect(errorsIn({ result, folder })).toEqual([]);
  expect(names(result)).toEqual(['payments', 'web-ci', 'web-list']);
  expect(result).toMatchObject({
    config: { delegated: { files: [{ state: 'current' }, { state: 'current' }] } },
  });
});

describe('a delegated file', () => {
  test.each<[what: string, body: string, error: string]>([
    ['has another section', file('services: {}'), '2:1 services: is not allowed in a delegated file'],
    ['is no mapping', '- a', '1:1 : must be a mapping'],
    ['has no version', 'identities: {}', '1:1 version: each file must say "version: 1"'],
    [
      'uses a variable',
      identity(`issuer: gitlab, match: { namespace_path: web, project_id: "\${SECRET}" }`),
      'variables are not available',
    ],
    [
      'uses an unset variable',
      identity(`issuer: gitlab, match: { namespace_path: web, project_id: "\${UNSET}" }`),
      'variables are not available',
    ],
    [
      'names another issuer',
      identity(`issuer: other, ${MATCH}, grants: [${GRANT}]`),
      '3:21 identities.web-ci.issuer: "other" is not delegated; write "gitlab"',
    ],
    [
      'accepts another class',
      identity(`issuer: gitlab, via: [job_token], ${MATCH}, grants: [${GRANT}]`),
      'identities.web-ci.via[0]: "job_token" is not delegated; write "id_token"',
    ],
    [
      'omits the condition',
      identity(`issuer: gitlab, match: { project_id: "31" }, grants: [${GRANT}]`),
      'identities.web-ci.match: must contain the condition of the delegation on "namespace_path"',
    ],
    [
      'has a wider condition',
      identity(
        `issuer: gitlab, match: { project_id: "31", namespace_path: { in: [web, ops] } }, grants: [${GRANT}]`,
      ),
      'must contain the condition',
    ],
    [
      'has a wider pattern',
      identity(
        `issuer: gitlab, match: { project_id: "31", namespace_path: { glob: "we*" } }, grants: [${GRANT}]`,
      ),
      'must contain the condition',
    ],
    [
      'allows mutable names',
      identity(`issuer: gitlab, match: { namespace_path: web }, allowMutableNames: true, grants: [${GRANT}]`),
      'identities.web-ci.allowMutableNames: the delegation does not allow mutable names',
    ],
    [
      'binds no immutable id',
      identity(`issuer: gitlab, match: { namespace_path: web }, grants: [${GRANT}]`),
      'identities.web-ci.match: must bind project_id or namespace_id',
    ],
    [
      'has a long token lifetime',
      identity(`issuer: gitlab, ${MATCH}, tokenLifetime: 1h, grants: [${GRANT}]`),
      'tokenLifetime: is longer than the delegation allows (default 900s); write at most 900s',
    ],
    [
      'replaces the guard of the issuer type',
      identity(
        `issuer: gitlab, match: { namespace_path: web, project_id: "31", /job_project_id: { in: ["31", "99"] } }, grants: [${GRANT}]`,
      ),
      'identities.web-ci.match["/job_project_id"]: replaces the default check of job_project_id, which the delegation does not',
    ],
    [
      'has a role of the main configuration that is not delegated',
      identity(`issuer: gitlab, ${MATCH}, roles: [admin]`),
      'identities.web-ci.roles[0]: role "admin" is not delegated; write "lib-reader" or "reader", or define a role in this file',
    ],
    [
      'grants another resource',
      identity(
        `issuer: gitlab, ${MATCH}, grants: [{ service: npm, scopes: [read_package_registry], resources: ["@ops/ui"] }]`,
      ),
      'identities.web-ci.grants[0].resources[0]: is not contained in the delegation for read_package_registry on service "npm"; write a pattern within "@web/**" or "lib-*"',
    ],
    [
      'grants everything',
      identity(
        `issuer: gitlab, ${MATCH}, grants: [{ service: npm, scopes: [read_package_registry], resources: ["**"] }]`,
      ),
      'is not contained',
    ],
    [
      'grants a scope elsewhere',
      identity(
        `issuer: gitlab, ${MATCH}, grants: [{ service: npm, scopes: [write_package_registry], resources: [lib-a] }]`,
      ),
      'is not contained',
    ],
    [
      'grants a claim of any value',
      identity(
        `issuer: gitlab, ${MATCH}, grants: [{ service: npm, scopes: [read_package_registry], resources: ["@{claims.ref}/a"] }]`,
      ),
      'is not contained',
    ],
    [
      'grants on another service',
      identity(
        `issuer: gitlab, ${MATCH}, grants: [{ service: oci, scopes: [read_registry], resources: [a] }]`,
      ),
      'grants[0].service: "oci" is not delegated; write "npm"',
    ],
    [
      'uses a wide role of the main configuration',
      identity(`issuer: gitlab, ${MATCH}, roles: [reader]`),
      'identities.web-ci.roles[0]: role "reader" grants more than the delegation',
    ],
    [
      'has a wide role of its own',
      `${identity(`issuer: gitlab, ${MATCH}, roles: [web-all]`)}\nroles: { web-all: [{ service: npm, scopes: [read_package_registry], resources: ["*"] }] }`,
      '4:81 roles.web-all[0].resources[0]: is not contained',
    ],
    [
      'has a wide role that is not used',
      file('roles: { web-all: [{ service: npm, scopes: [read_package_registry], resources: ["*"] }] }'),
      'roles.web-all[0].resources[0]: is not contained',
    ],
    [
      'redefines an identity',
      file(`identities: { payments: { issuer: gitlab, ${MATCH} } }`),
      '2:15 identities.payments: exists at',
    ],
    ['redefines a role', file(`roles: { reader: [${GRANT}] }`), 'roles.reader: exists at'],
    [
      'names an unknown role',
      identity(`issuer: gitlab, ${MATCH}, roles: [web-none]`),
      'no role is named "web-none"',
    ],
    [
      'omits the prefix',
      file(`identities: { ops: { issuer: gitlab, ${MATCH}, grants: [${GRANT}] } }`),
      'identities.ops: must start with "web-"',
    ],
    ['is no YAML', 'version: [', 'not valid YAML'],
    ['has an unknown key', identity(`issuer: gitlab, ${MATCH}, grant: []`), 'identities.web-ci.grant'],
  ])('that %s is an error in that file', (_, body, error) => {
    const loaded = loadFiles({ 'teams/web/a.yaml': body });
    const errors = errorsIn(loaded);
    expect(errors.join('\n')).toContain(error);
    expect(errors.every((each) => each.startsWith('teams/web/a.yaml:'))).toBe(true);
    expect(loaded.result.kind).toBe('invalid');
  });

  test.each<[what: string, body: string]>([
    [
      'a narrower value',
      identity(
        `issuer: gitlab, match: { /namespace_path: { in: [web] }, project_id: "31" }, grants: [${GRANT}]`,
      ),
    ],
    [
      'a claim with one value',
      identity(
        `issuer: gitlab, ${MATCH}, grants: [{ service: npm, scopes: [read_package_registry], resources: ["@{claims.namespace_path}/*"] }]`,
      ),
    ],
    [
      'patterns that several grants contain',
      identity(
        `issuer: gitlab, ${MATCH}, grants: [{ service: npm, scopes: [read_package_registry], resources: ["@web/a*", lib-x*] }]`,
      ),
    ],
    [
      'a claim within a segment',
      identity(
        `issuer: gitlab, ${MATCH}, grants: [{ service: npm, scopes: [read_package_registry], resources: ["@web/{claims.ref}"] }]`,
      ),
    ],
    ['a short token lifetime', identity(`issuer: gitlab, ${MATCH}, tokenLifetime: 5m, grants: [${GRANT}]`)],
  ])('with %s is accepted', (_, body) => {
    expect(errorsIn(loadFiles({ 'teams/web/a.yaml': body }))).toEqual([]);
  });

  const bounded = (bounds: string): string =>
    main(
      `[{ files: a.yaml, grants: [${GRANT}], issuers: [hub], match: { repository_owner_id: "7" }, ${bounds} }]`,
    ).replace(
      '  other: {',
      '  hub: { type: github, issuer: https://token.actions.githubusercontent.com }\n  other: {',
    );
  const onEvent = (condition: string): string =>
    identity(
      `issuer: hub, match: { repository_owner_id: "7", event_name: ${condition} }, grants: [${GRANT}]`,
    );

  test.each([
    ['a list with an untrusted event', 'tokenLifetime: 15m', '{ in: [push, pull_request_target] }', 1],
    ['a list without one', 'tokenLifetime: 15m', '{ in: [push, release] }', 0],
    ['the default lifetime, longer than delegated', 'tokenLifetime: 5m', 'push', 1],
  ])('with %s', (_, bounds, condition, errors) => {
    const loaded = loadFiles({ 'gatehouse.yaml': bounded(bounds), 'a.yaml': onEvent(condition) });
    expect(errorsIn(loaded), errorsIn(loaded).join()).toHaveLength(errors);
  });

  test.each([
    ['the delegation lists it', '{ in: [push, pull_request_target] }', 0],
    ['the delegation has a pattern, which leaves the guard', '{ glob: "p*" }', 1],
  ])('with an untrusted event: %s', (_, condition, errors) => {
    const text = bounded('via: [id_token]').replace(
      'owner_id: "7"',
      `owner_id: "7", event_name: ${condition}`,
    );
    const loaded = loadFiles({ 'gatehouse.yaml': text, 'a.yaml': onEvent('pull_request_target') });
    expect(errorsIn(loaded)).toHaveLength(errors);
  });

  test('cannot be used by the main configuration', () => {
    const text = main().replace('roles: [reader, lib-reader, admin]', 'roles: [reader, web-reader]');
    const loaded = loadFiles({
      'gatehouse.yaml': text,
      'teams/web/a.yaml': file(`roles: { web-reader: [${GRANT}] }`),
    });
    expect(errorsIn(loaded).join()).toContain('no role is named "web-reader"');
  });

  test('cannot delay a reload by patterns that are expensive to compare', { timeout: 60_000 }, () => {
    const wild = Array.from({ length: 400 }, (_, index) => `@web/${'**a'.repeat(12)}${index}**`);
    const grants = `[{ service: npm, scopes: [read_package_registry], resources: ${JSON.stringify(wild)} }]`;
    const bounds = main().replace('"@web/**"', '"@web/**b**c**d", "@web/*x*y*z*", "@web/**"');
    const loaded = loadFiles({
      'gatehouse.yaml': bounds,
      'teams/web/a.yaml': identity(`issuer: gitlab, ${MATCH}, grants: ${grants}`),
    });
    expect(errorsIn(loaded)).toEqual([expect.stringContaining('the patterns of the file are too complex')]);
  });

  test('cannot use a role of another delegated file', () => {
    const loaded = loadFiles({
      'teams/web/a.yaml': file(`roles: { web-reader: [${GRANT}] }`),
      'teams/web/b.yaml': identity(`issuer: gitlab, ${MATCH}, roles: [web-reader]`),
    });
    expect(errorsIn(loaded)).toEqual([
      expect.stringMatching(/^teams\/web\/b.yaml.*is visible in .*a.yaml only/),
    ]);
  });

  test('that is a symbolic link to a place elsewhere is an error', () => {
    const folder = writeFiles({ 'in/gatehouse.yaml': main(), 'out.yaml': VALID, 'in/teams/web/keep': '' });
    symlinkSync(join(folder, 'out.yaml'), join(folder, 'in/teams/web/a.yaml'));
    const result = loadConfig(join(folder, 'in/gatehouse.yaml'), {}, NOW);
    expect(errorsIn({ folder, result })).toEqual([expect.stringContaining('is a symbolic link that leaves')]);
  });
});

test('a loop of symbolic links in the directory of a team does not prevent the load', () => {
  const text = main().replace('teams/web/*.yaml', 'teams/web/*/*.yaml');
  const folder = writeFiles({ 'gatehouse.yaml': text, 'teams/web/a/ci.yaml': VALID });
  symlinkSync('loop', join(folder, 'teams/web/loop'));
  symlinkSync('loop.yaml', join(folder, 'teams/web/a/loop.yaml'));
  const result = loadConfig(join(folder, 'gatehouse.yaml'), {}, NOW, []);
  expect(names(result)).toEqual(['payments', 'web-ci']);
  expect(errorsIn({ folder, result })).toEqual(['teams/web/a/loop.yaml:1:1 : cannot be read (ELOOP)']);
});

describe('the key files', () => {
  const named = (files: string): string =>
    `[{ files: ${files}, grants: [${GRANT}], issuers: [gitlab], match: { namespace_path: web } }]`;

  test.each([
    ['../web.yaml', 'must stay in the directory'],
    ['/etc/web.yaml', 'must be relative'],
    ['teams/**/a.yaml', '"**" is not supported'],
    ['teams/a.test.yaml', 'must end with .yaml'],
    ['teams/a.yml', 'must end with .yaml'],
    ['gatehouse.yaml', 'is part of the main configuration'],
  ])('refuses %s', (pattern, error) => {
    const loaded = loadFiles({ 'gatehouse.yaml': main(named(`"${pattern}"`)) });
    expect(errorsIn(loaded)).toEqual([
      expect.stringMatching(/^gatehouse.yaml:14:\d+ delegations\[0\].files: /),
    ]);
    expect(errorsIn(loaded).join()).toContain(error);
  });

  test('refuses a file that two delegations name', () => {
    const both = `${DELEGATION}${DELEGATION.replace('web/*', 'web/a*')}`;
    const loaded = loadFiles({ 'gatehouse.yaml': main(both), 'teams/web/a.yaml': VALID });
    expect(errorsIn(loaded).join()).toContain('as delegations[0] does; name each file once');
  });

  test('is not part of a directory that is merged', () => {
    const folder = writeFiles({ 'main/gatehouse.yaml': main(), 'main/teams/web/a.yaml': VALID });
    expect(names(loadConfig(join(folder, 'main'), {}, NOW))).toEqual(['payments', 'web-ci']);
  });

  test('warns about a pattern without files', () => {
    const { result } = loadFiles({});
    expect(result.warnings.map(({ message }) => message).join()).toContain('names no file');
  });
});

describe('a reload', () => {
  const wide = identity(
    `issuer: gitlab, ${MATCH}, grants: [{ service: npm, scopes: [read_package_registry], resources: ["**"] }]`,
  );

  test('keeps the last valid version of a file with an error', () => {
    const { folder } = loadFiles({
      'teams/web/a.yaml': wide,
      'teams/web/b.yaml': VALID.replace('web-ci', 'web-b'),
    });
    const previous = [{ file: join(folder, 'teams/web/a.yaml'), text: VALID }];
    const result = loadConfig(join(folder, 'gatehouse.yaml'), {}, NOW, previous);
    expect(names(result)).toEqual(['payments', 'web-ci', 'web-b']);
    expect(errorsIn({ folder, result })).toEqual([expect.stringContaining('a.yaml:3')]);
    expect(result).toMatchObject({
      config: { delegated: { files: [{ state: 'previous', text: VALID }, { state: 'current' }] } },
    });
  });

  test('removes a last valid version that the delegation does not contain any more', () => {
    const { folder } = loadFiles({ 'teams/web/a.yaml': 'version: [' });
    const previous = [{ file: join(folder, 'teams/web/a.yaml'), text: VALID }];
    const narrower = main().replace('@web/**', '@web/api');
    writeFileSync(join(folder, 'gatehouse.yaml'), narrower);
    const result = loadConfig(join(folder, 'gatehouse.yaml'), {}, NOW, previous);
    expect(names(result)).toEqual(['payments']);
    expect(result).toMatchObject({ config: { delegated: { files: [{ state: 'omitted' }] } } });
    expect(errorsIn({ folder, result }).join('\n')).toMatch(/not valid YAML[\s\S]*is not contained/);
  });

  test('leaves out a new file with an error', () => {
    const loaded = loadFiles({ 'teams/web/a.yaml': wide }, []);
    expect(names(loaded.result)).toEqual(['payments']);
    expect(loaded.result).toMatchObject({
      config: { delegated: { files: [{ state: 'omitted', text: undefined }] } },
    });
  });

  test('keeps the names of an unchanged file when another file takes one', () => {
    const { folder } = loadFiles({ 'teams/web/a.yaml': VALID, 'teams/web/b.yaml': VALID });
    const previous = [{ file: join(folder, 'teams/web/b.yaml'), text: VALID }];
    const result = loadConfig(join(folder, 'gatehouse.yaml'), {}, NOW, previous);
    expect(result).toMatchObject({
      config: { delegated: { files: [{ state: 'omitted' }, { state: 'current' }] } },
    });
  });

  test('leaves out the file that causes an error of the main configuration, and no other changed file', () => {
    const text = main()
      .replace(/\n {4}namePrefix: web-/, '')
      .replace(
        'url: http://npm.internal/',
        '$&, auth: { perIdentity: { default: { bearer: { token: hunter2-hunter2 } } } }',
      );
    const loaded = loadFiles(
      {
        'gatehouse.yaml': text,
        'teams/web/a.yaml': VALID,
        'teams/web/b.yaml': VALID.replace('web-ci', 'default').replace('31', '32'),
      },
      [],
    );
    expect(errorsIn(loaded)).toEqual([expect.stringContaining('an identity is named "default" too')]);
    expect(names(loaded.result)).toEqual(['payments', 'web-ci']);
  });

  test('does not fail for an identity that the main configuration shadows', () => {
    const text = main().replace('project_id: "20"', 'namespace_path: web, project_id: "31"');
    const { result } = loadFiles({ 'gatehouse.yaml': text, 'teams/web/a.yaml': VALID });
    expect(names(result)).toEqual(['payments', 'web-ci']);
    expect(result.warnings.map(({ message }) => message).join()).toContain('shadowed by "payments"');
  });
});
