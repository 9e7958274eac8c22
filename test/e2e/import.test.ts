/** `gatehouse import`: configurations of other programs, in the formats that they document. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gatehouse } from '../support/gateway-process.ts';
import { ROOT } from '../support/repository.ts';
import type { Outcome } from '../support/run.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

const FIXTURES = join(ROOT, 'test/fixtures/import');
let folder: TemporaryFolder;
beforeAll(() => {
  folder = temporaryFolder('import');
});
afterAll(() => folder.close());

function source(name: string, text: string): string {
  const file = join(folder.path, name);
  writeFileSync(file, text);
  return file;
}

/** Saves the output, which must pass `check`, with the policy enforced. */
async function checked({ stdout }: Outcome): Promise<string> {
  const file = source('gatehouse.yaml', stdout);
  const check = await gatehouse('check', '--config', file);
  expect(check).toExitWith(0);
  writeFileSync(file, stdout.replace('mode: shadow', 'mode: enforce'));
  return file;
}

/** `SCOPE RESOURCE` → the callers that have access. */
async function callersOf(config: string, scope: string, resource: string): Promise<readonly string[]> {
  const options = ['--config', config, '--service', 'registry', '--scope', scope, '--resource', resource];
  const { stdout } = await gatehouse('access', ...options, '--json');
  return (JSON.parse(stdout) as { readonly name: string }[]).map(({ name }) => name);
}

describe('docker-auth', () => {
  const FILE = join(FIXTURES, 'auth_config.yml');

  test('the ACL becomes grants of each user, and rules without an equivalent are listed with their line', async () => {
    const outcome = await gatehouse('import', 'docker-auth', FILE);
    expect(outcome).toExitWith(1);
    const config = await checked(outcome);
    expect(outcome.stdout).toContain('mode: shadow');

    const pull = (name: string) => callersOf(config, 'read_registry', name);
    const push = (name: string) => callersOf(config, 'write_registry', name);
    expect(await pull('acme/api')).toEqual(['admin']);
    expect(await push('test-1')).toEqual(['admin', 'test']);
    expect(await push('test/own')).toEqual(['admin']);
    expect(await push('website/ui')).toEqual(['admin', 'busy-guy']);
    expect(await push('releases/base/alpine')).toEqual(['admin', 'ci-base']);
    expect(await pull('base-images/alpine')).toEqual(['admin', 'busy-guy', 'ci-base']);
    expect(await push('base-images/alpine')).toEqual(['admin']);
    expect(await pull('base-images')).toEqual(['admin']);
    expect(await pull('hello-world')).toContain('anonymous');

    const lines = readFileSync(FILE, 'utf8').split('\n');
    const listed = [...outcome.stderr.matchAll(/^(.*auth_config\.yml):(\d+): (.*)$/gm)].map(
      ([, , line, message]) => `${lines[Number(line) - 1]?.trim()} → ${message}`,
    );
    expect(listed).toEqual([
      expect.stringMatching(/^google_auth: → google_auth: its accounts are not in this file/),
      expect.stringMatching(/ip: .127.*→ omitted: no grant has the condition ip "127\.0\.0\.0\/8"/),
      expect.stringMatching(
        /web-\?\?.*→ omitted: no pattern is equivalent to "web-\?\?"; "web-\*" matches more/,
      ),
      expect.stringMatching(/catalog.*→ the catalog needs read_registry on "\*\*"/),
      expect.stringMatching(/people.*→ omitted: no account of users matches/),
    ]);
    for (const [, place] of outcome.stderr.matchAll(/^(.*auth_config\.yml:\d+): /gm))
      expect(outcome.stdout).toContain(`#   ${place}: `);
  });

  test('a file whose rules all have an equivalent: exit code 0', async () => {
    const file = source(
      'simple.yml',
      `server: { addr: ":5001", hsts: true, tls_cipher_suites: [TLS_AES_128_GCM_SHA256] }
token: { issuer: "Acme auth server", expiration: 900 }
users:
  ci@example.com: { password: "$2y$05$LO.vzwpWC5LZGqThvEfznu8qhb5SGqvBSWY1J3yZ4AxtMRZ3kN5jC" }
  reader: { password: "$2y$05$LO.vzwpWC5LZGqThvEfznu8qhb5SGqvBSWY1J3yZ4AxtMRZ3kN5jC" }
  unused: { password: "$2y$05$LO.vzwpWC5LZGqThvEfznu8qhb5SGqvBSWY1J3yZ4AxtMRZ3kN5jC" }
acl:
  - { match: { account: "ci@example.com" }, actions: ["pull", "push"] }
  - { match: { account: "reader" }, actions: ["pull"] }
`,
    );
    const outcome = await gatehouse('import', 'docker-auth', file);
    expect(outcome).toMatchObject({ code: 0, stderr: '' });
    expect(outcome.stdout).toContain('server.addr ":5001": server.listen');
    expect(outcome.stdout).toContain('server.tls_cipher_suites: not used');
    const config = await checked(outcome);
    expect(await callersOf(config, 'read_registry', 'acme/api')).toEqual(['ci-example.com', 'reader']);
  });

  test('a rule whose pattern has no equivalent in JavaScript still removes access', async () => {
    const denies = [
      String.raw`account: '/\Aci\z/'`,
      `account: '/^[[:alpha:]]+$/'`,
      String.raw`account: '/^\pL+$/'`,
      `account: '[^z-a]?'`,
      "account: '/^(\\pL)i$/', name: '${account:1}/*'",
      `name: '/^acme/[^]x]+$/'`,
      `name: '/^c😀?/'`,
    ];
    for (const deny of denies) {
      const file = source(
        'denied.yml',
        `users:\n  ci: { password: x }\nacl:\n  - { match: { ${deny} }, actions: [] }\n  - { match: {}, actions: ["pull"] }\n`,
      );
      const { stdout, stderr } = await gatehouse('import', 'docker-auth', file);
      expect([deny, stderr, stdout]).toEqual([
        deny,
        expect.any(String),
        expect.not.stringContaining('scopes:'),
      ]);
    }
  });

  test('text of the source cannot end a comment', async () => {
    const file = source(
      'hostile.yml',
      `users:
  "x\\nservices: {}": { password: a }
  "# y: [\\u2028": { password: a }
acl:
  - { match: { ip: "1\\nserver: {}" }, actions: ["pull"] }
  - { match: {}, actions: ["pull", "x\\n  evil: y"] }
`,
    );
    const outcome = await gatehouse('import', 'docker-auth', file);
    expect(outcome).toExitWith(1);
    await checked(outcome);
    expect(outcome.stdout).not.toMatch(/^(services: \{\}|server: \{\}|\s*evil)/m);
  });

  test.each([
    ['a missing file', undefined, ':1:1: does not exist'],
    ['an empty file', '# nothing\n', ':1:1: is empty'],
    ['malformed YAML', 'users:\n  a: {password: "x"\nacl: []\n', ':3:1: not valid YAML'],
    ['another file', 'version: 1\nservices: {}\n', ':1:1: has no users and no acl'],
    ['an acl that is a mapping', 'users: {}\nacl:\n  match: {}\n', ':3:3: acl: must be a list'],
    ['a rule without actions', 'users: {}\nacl:\n  - match: {}\n', ':3:5: acl[0]: needs actions'],
    [
      'a list as a pattern',
      'users: {}\nacl:\n  - match: { name: [a] }\n    actions: []\n',
      ':3:20: acl[0].match.name',
    ],
    ['a key twice', 'users: {}\nusers: {}\n', ':2:1: users: the key is given twice'],
  ])('%s: file, line and reason, exit code 2', async (name, text, message) => {
    const file = join(folder.path, `${name}.yml`);
    if (text !== undefined) writeFileSync(file, text);
    const outcome = await gatehouse('import', 'docker-auth', file);
    expect(outcome).toMatchObject({ code: 2, stdout: '' });
    expect(outcome.stderr).toContain(file + message);
  });
});

describe('vault-jwt', () => {
  const CONFIG = join(FIXTURES, 'vault/config.json');
  const role = (name: string, data: object): string =>
    source(
      `${name}.json`,
      `${JSON.stringify({ request_id: 'x', lease_id: '', data: { role_type: 'jwt', user_claim: 'sub', bound_audiences: ['https://vault.example.com'], ...data }, warnings: null }, null, 2)}\n`,
    );
  async function explained(config: string, claims: object): Promise<string> {
    const file = source('claims.json', JSON.stringify(claims));
    const url = 'https://gateway.example.com/api/x';
    const options = ['--config', config, '--claims', file, '--issuer', 'jobs', '--url', url, '--json'];
    const { stdout } = await gatehouse('explain', ...options);
    return stdout;
  }

  test('a role becomes an identity with the bound claims', async () => {
    const file = join(FIXTURES, 'vault/myproject-production.json');
    const outcome = await gatehouse('import', 'vault-jwt', CONFIG, file);
    expect(outcome).toExitWith(1);
    expect(outcome.stderr).toContain(`${file}:32: token_bound_cidrs: `);
    expect(outcome.stdout).toContain('mode: shadow');
    expect(outcome.stdout).toContain('tokenLifetime: 60s');
    expect(outcome.stdout).toContain(`# ${file}:42\n  myproject-production: []`);
    const config = await checked(outcome);

    const claims = {
      project_id: '22',
      ref: 'auto-deploy-2026/11',
      ref_type: 'branch',
      ref_protected: 'true',
    };
    expect(await explained(config, claims)).toContain('"identity": "myproject-production"');
    expect(await explained(config, { ...claims, ref: 'develop' })).toContain('no_matching_identity');
    expect(await explained(config, { ...claims, project_id: '23' })).toContain('no_matching_identity');
  });

  test('a list of several values becomes several identities, and the most specific role is the first', async () => {
    const files = [
      role('all', { bound_claims: { namespace_path: 'acme' }, token_policies: ['default', 'read'] }),
      role('team', {
        bound_claims: { namespace_path: 'acme', groups_direct: ['acme/a', 'acme/b'] },
        policies: ['write'],
        token_ttl: 900,
      }),
    ];
    const outcome = await gatehouse('import', 'vault-jwt', ...files);
    expect(outcome).toMatchObject({ code: 0, stderr: '' });
    expect(outcome.stdout.match(/^ {2}[a-z"-].*:$/gm)).toEqual([
      '  jobs:',
      '  team:',
      '  "team-2":',
      '  all:',
      '  api:',
    ]);
    expect(outcome.stdout).toContain('issuer: "https://gitlab.example.com" # of the tokens');
    const config = await checked(outcome);
    const claims = { namespace_path: 'acme', groups_direct: ['x', 'acme/b'] };
    expect(await explained(config, claims)).toContain('"identity": "team-2"');
    expect(await explained(config, { namespace_path: 'acme' })).toContain('"identity": "all"');
  });

  test('a role for tokens without aud accepts no token with the audience of another role', async () => {
    const files = [
      role('with', { bound_claims: { project_id: '22' }, token_policies: ['deploy'] }),
      role('without', { bound_audiences: [], bound_claims: { project_id: '23' }, token_policies: ['admin'] }),
    ];
    const outcome = await gatehouse('import', 'vault-jwt', ...files);
    expect(outcome.stdout).toContain('  with:\n');
    expect(outcome.stdout).not.toContain('  without:\n');
    expect(outcome.stderr).toMatch(/without\.json:\d+: omitted: bound_audiences is empty/);
  });

  test('roles with different audiences bind them', async () => {
    const files = [
      role('one', { bound_claims: { project_id: '1' } }),
      role('two', { bound_claims: { project_id: '2' }, bound_audiences: ['https://other.example.com'] }),
    ];
    const outcome = await gatehouse('import', 'vault-jwt', CONFIG, ...files);
    expect(outcome).toExitWith(0);
    expect(outcome.stdout).toContain('aud: { in: ["https://other.example.com"] }');
    await checked(outcome);
  });

  test('settings without an equivalent are listed with their line', async () => {
    const files = [
      role('same-as-first', { bound_claims: { project_id: '1' }, token_num_uses: 1 }),
      role('same', { bound_claims: { project_id: '1' } }),
      role('browser', { role_type: 'oidc', bound_claims: { project_id: '1' } }),
      role('unbound', {}),
      role('any', { bound_claims_type: 'glob', bound_claims: { project_path: '*' } }),
      role('groups', { bound_claims_type: 'glob', bound_claims: { groups_direct: 'acme/*' } }),
      role('short', { bound_claims: { project_id: '3' }, token_max_ttl: 30, clock_skew_leeway: 300 }),
      role('open', {
        bound_claims: { project_id: '4' },
        bound_audiences: null,
        groups_claim: 'groups_direct',
      }),
      role('later', { bound_claims: { project_id: '5' }, a_new_setting: true }),
    ];
    const outcome = await gatehouse('import', 'vault-jwt', CONFIG, ...files);
    expect(outcome).toExitWith(1);
    await checked(outcome);
    for (const [file, message] of [
      ['same-as-first.json', 'token_num_uses: the uses of a token are not limited'],
      ['same.json', 'omitted: the identity is unreachable: '],
      ['browser.json', 'omitted: roles of type oidc are for users'],
      ['unbound.json', 'omitted: the role binds no claim'],
      ['any.json', 'omitted: the identity matches every token of "jobs"'],
      ['groups.json', 'omitted: "groups_direct" is a list, and contains accepts no pattern'],
      ['short.json', 'token_max_ttl 30: tokenLifetime is 1m to 24h'],
      ['short.json', 'clock_skew_leeway: the clock skew is 30 s'],
      ['open.json', 'bound_audiences is empty: '],
      ['open.json', 'groups_claim: '],
      ['later.json', 'a_new_setting: '],
    ] as const)
      expect(outcome.stderr).toMatch(
        new RegExp(`^.*/${file}:\\d+: ${message.replaceAll(/[.*"()]/g, '.')}`, 'm'),
      );
  });

  test('settings of the mount without an equivalent are listed with their line', async () => {
    const data = {
      bound_issuer: 'https://issuer.example.com',
      jwks_url: 'https://issuer.example.com/keys',
      jwks_ca_pem: '-----BEGIN CERTIFICATE-----',
      jwt_supported_algs: ['ES256'],
      jwt_validation_pubkeys: [],
      provider_config: { provider: 'azure' },
    };
    const mount = source('mount.json', JSON.stringify({ data }, null, 2));
    const outcome = await gatehouse(
      'import',
      'vault-jwt',
      mount,
      role('one', { bound_claims: { sub: 'a' } }),
    );
    expect(outcome).toExitWith(1);
    expect(outcome.stderr).toBe(
      [
        `${mount}:5: jwks_ca_pem: write it to a file, and set issuers.X.caFile`,
        `${mount}:6: jwt_supported_algs: set issuers.X.algorithms`,
        `${mount}:10: provider_config: no setting of the gateway corresponds to it`,
        '3 rules without an equivalent\n',
      ].join('\n'),
    );
    expect(outcome.stdout).toContain('type: oidc\n    issuer: "https://issuer.example.com"\n    jwksUri: ');
    await checked(outcome);
  });

  test('bound values are text, not patterns, variables or structure', async () => {
    const file = role('hostile', {
      bound_claims: { project_id: '1', ref: ['${HOME}', '*', 'a", evil: "b'], 'x": {}\n': 'y' },
    });
    const outcome = await gatehouse('import', 'vault-jwt', CONFIG, file);
    const config = await checked(outcome);
    expect(outcome.stdout).toContain('"$${HOME}"');
    const claims = { project_id: '1', ref: '${HOME}', 'x": {}\n': 'y' };
    expect(await explained(config, claims)).toContain('"identity": "hostile"');
    expect(await explained(config, { ...claims, ref: 'main' })).toContain('no_matching_identity');
  });

  test.each([
    ['no data', '{ "errors": [] }', ':1:1: has no data'],
    ['truncated JSON', '{\n  "data": {\n', ':3:1: not valid'],
    [
      'a mapping as a value',
      '{"data":\n{"user_claim":"sub","bound_claims":{"a":{"b":"c"}}}}',
      ':2:41: data.bound_claims.a',
    ],
    ['another mount', '{"data": {"max_lease_ttl": 1}}', ':1:10: data: has neither user_claim nor an issuer'],
  ])('%s: file, line and reason, exit code 2', async (name, text, message) => {
    const file = source(`${name}.json`, text);
    const outcome = await gatehouse('import', 'vault-jwt', file);
    expect(outcome).toMatchObject({ code: 2, stdout: '' });
    expect(outcome.stderr).toContain(file + message);
  });
});

test('without a file: usage, exit code 2', async () => {
  for (const command of ['docker-auth', 'vault-jwt'])
    expect(await gatehouse('import', command)).toMatchObject({ code: 2, stdout: '' });
  expect((await gatehouse('import', '--help')).stdout).toContain('gatehouse import vault-jwt: ');
});
