/** Exit codes and output of the commands that only read, as processes. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gatehouse } from '../support/gateway-process.ts';
import { defaultClaims } from '../support/issuer-claims.ts';
import { startIssuer, type TestIssuer } from '../support/issuer.ts';
import { startRecordingUpstream, type RecordingUpstream } from '../support/recording-upstream.ts';
import { MANIFEST, ROOT, readText } from '../support/repository.ts';

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-cli-'));
const good = join(folder, 'good.yaml');
const bad = join(folder, 'bad.yaml');
const unreachable = join(folder, 'unreachable.yaml');
let issuer: TestIssuer;
let upstream: RecordingUpstream;

beforeAll(async () => {
  [issuer, upstream] = await Promise.all([startIssuer(), startRecordingUpstream()]);
  writeFileSync(good, policy(issuer.url, upstream.url));
  writeFileSync(unreachable, policy('http://127.0.0.1:1', 'http://127.0.0.1:1'));
  writeFileSync(
    bad,
    policy(issuer.url, upstream.url)
      .replace('project_id', 'project_path')
      .replace('issuer: gitlab', 'issuer: gitlob'),
  );
});
afterAll(async () => {
  await Promise.all([issuer.close(), upstream.close()]);
  rmSync(folder, { recursive: true, force: true });
});

describe('check', () => {
  test('a valid configuration: exit 0 and a summary', async () => {
    expect(await gatehouse('check', '--config', good)).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^ok: .*good\.yaml: 1 issuer, 1 identity, 1 service, 0 warnings\n$/),
      stderr: '',
    });
  });

  test('an invalid configuration: exit 1, every problem with its position', async () => {
    const { code, stdout, stderr } = await gatehouse('check', '--config', bad);
    expect({ code, stdout, stderr }).toExitWith(1);
    expect(stdout).toMatch(/error: .*bad\.yaml:9:13: identities\.payments\.issuer: .*did you mean "gitlab"/);
    expect(stdout).toMatch(/failed: .*bad\.yaml: \d+ errors?, 0 warnings\n$/);
  });

  test('--json reports the same', async () => {
    const fine = await gatehouse('check', '--config', good, '--json');
    expect(fine).toExitWith(0);
    expect(JSON.parse(fine.stdout)).toEqual({ ok: true, problems: [], warnings: [], workloadIdentities: [] });
    const wrong = await gatehouse('check', '--config', bad, '--json');
    expect(wrong).toExitWith(1);
    expect(JSON.parse(wrong.stdout)).toMatchObject({
      ok: false,
      problems: [{ file: bad, line: 9, column: 13, path: 'identities.payments.issuer', severity: 'error' }],
    });
  });

  test('--online contacts issuers and upstreams: exit 0 if all respond, otherwise 1', async () => {
    const fine = await gatehouse('check', '--config', good, '--online');
    expect(fine).toExitWith(0);
    expect(fine.stdout).toContain(
      'ok: issuers.gitlab: 1 key\nok: services.orders.upstream: responds (status 200)\n',
    );
    const wrong = await gatehouse('check', '--config', unreachable, '--online', '--json');
    expect(wrong).toExitWith(1);
    expect(JSON.parse(wrong.stdout)).toMatchObject({
      ok: false,
      problems: [],
      online: [
        { name: 'issuers.gitlab', ok: false, detail: expect.stringContaining('ECONNREFUSED') },
        { name: 'services.orders.upstream', ok: false, detail: expect.stringContaining('ECONNREFUSED') },
        { name: 'state.sqlite', ok: true },
      ],
    });
  });
});

describe('explain', () => {
  const url = 'https://gateway.example.com/orders/v1/acme/payments/list';
  const claimsFile = join(folder, 'claims.json');
  const tokenFile = join(folder, 'token.jwt');
  const explain = (...args: string[]) => gatehouse('explain', '--config', good, ...args);

  test('allowed claims: exit 0, and the grant', async () => {
    writeFileSync(claimsFile, JSON.stringify(defaultClaims('gitlab')));
    const { code, stdout, stderr } = await explain(
      '--claims',
      claimsFile,
      '--issuer',
      'gitlab',
      '--url',
      url,
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('payments');
    expect(stdout).toMatch(/allow/i);
  });

  test('denied claims: exit 1, and the first condition that does not match', async () => {
    writeFileSync(claimsFile, JSON.stringify({ ...defaultClaims('gitlab'), project_id: '99' }));
    const { code, stdout, stderr } = await explain(
      '--claims',
      claimsFile,
      '--issuer',
      'gitlab',
      '--url',
      url,
    );
    expect({ code, stdout, stderr }).toExitWith(1);
    expect(stdout).toContain('no_matching_identity');
    expect(stdout).toContain('project_id');
  });

  test('a token is verified with the keys of its issuer; --json', async () => {
    const token = issuer.mint();
    writeFileSync(tokenFile, `${token}\n`);
    const { code, stdout, stderr } = await explain('--token-file', tokenFile, '--url', url, '--json');
    expect({ code, stdout, stderr }).toExitWith(0);
    expect(JSON.parse(stdout)).toMatchObject({
      kind: 'explained',
      explanation: { verdict: { kind: 'allow' } },
    });
    expect(stdout).not.toContain(token);
  });

  test('an invalid token: exit 1, and the stage that refused it', async () => {
    writeFileSync(tokenFile, issuer.mint({ aud: 'https://elsewhere.example.com' }));
    const { code, stdout, stderr } = await explain('--token-file', tokenFile, '--url', url, '--json');
    expect({ code, stdout, stderr }).toExitWith(1);
    expect(JSON.parse(stdout)).toMatchObject({
      kind: 'refused',
      stage: 'authenticate',
      refusal: { reason: 'audience_mismatch' },
    });
  });

  test('a WebSocket handshake: --websocket or the URL scheme, and the required scope', async () => {
    writeFileSync(claimsFile, JSON.stringify(defaultClaims('gitlab')));
    const claims = ['--claims', claimsFile, '--issuer', 'gitlab'];
    for (const args of [
      ['--websocket', '--url', url],
      ['--url', url.replace('https:', 'wss:')],
    ]) {
      const { code, stdout } = await explain(...claims, ...args);
      expect({ code, stdout }).toEqual({ code: 1, stdout: expect.stringMatching(/scope_not_granted/) });
      expect(stdout).toContain('websocket');
    }
    const post = await explain(...claims, '--websocket', '--method', 'POST', '--url', url);
    expect(post).toMatchObject({ code: 1, stdout: expect.stringContaining('request_malformed') });
  });

  test('no credential; another method; an unknown service', async () => {
    expect(await explain('--url', url)).toExitWith(1);
    writeFileSync(claimsFile, JSON.stringify(defaultClaims('gitlab')));
    const claims = ['--claims', claimsFile, '--issuer', 'gitlab'];
    const deleted = await explain(...claims, '--method', 'delete', '--url', url);
    expect(deleted).toExitWith(1);
    expect(deleted.stdout).toContain('scope_not_granted');
    const nowhere = await explain(...claims, '--url', 'https://gateway.example.com/nothing/');
    expect(nowhere).toMatchObject({ code: 1, stdout: expect.stringContaining('no_service') });
  });

  test('a service without hosts, on a host that another service lists', async () => {
    const file = join(folder, 'shared-host.yaml');
    writeFileSync(
      file,
      `version: 1
server: { publicUrl: https://gateway.example.com }
services:
  images: { type: oci, hosts: [gateway.example.com], upstream: { url: http://127.0.0.1:5000 } }
  npm: { type: npm, path: /npm/, upstream: { url: http://127.0.0.1:4873/ } }
`,
    );
    const { code, stdout } = await gatehouse(
      'explain',
      '--config',
      file,
      '--url',
      'https://gateway.example.com:8443/npm/left-pad',
    );
    expect({ code, stdout }).toEqual({
      code: 1,
      stdout: expect.stringContaining(
        'no_service: no service at gateway.example.com:8443/npm/left-pad; this host reaches only services that list it in hosts: "images"',
      ),
    });
  });

  test.each(['/v1/users/me', '/api/v1/trusted_publishing/tokens'])(
    'a built-in endpoint: %s',
    async (path) => {
      const file = join(folder, 'endpoints.yaml');
      writeFileSync(
        file,
        `version: 1
server: { publicUrl: https://gateway.example.com }
services:
  crates:
    type: cargo
    hosts: [gateway.example.com]
    path: /cargo/
    trustedPublishing: { audience: gateway.example.com }
    upstream: { url: http://127.0.0.1:5000/ }
`,
      );
      const url = `https://gateway.example.com${path}`;
      const { code, stdout } = await gatehouse('explain', '--config', file, '--url', url);
      expect({ code, stdout }).toEqual({
        code: 1,
        stdout: expect.stringContaining(`no_service: gateway.example.com${path} is a built-in endpoint`),
      });
    },
  );

  test('an operation that depends on the body is reported as such', async () => {
    writeFileSync(claimsFile, JSON.stringify({ ...defaultClaims('gitlab'), project_id: '20' }));
    const batch = 'https://gateway.example.com/git/acme/payments.git/info/lfs/objects/batch';
    const example = ['explain', '--config', join(ROOT, 'config/git.yaml')];
    const claims = ['--claims', claimsFile, '--issuer', 'gitlab', '--method', 'POST', '--url', batch];
    const { code, stdout, stderr } = await gatehouse(...example, ...claims);
    expect({ code, stdout, stderr }).toExitWith(0);
    expect(stdout).toContain('+ read_repository on "acme/payments"');
    expect(stdout).toContain('depends on the request body');
    const json = JSON.parse((await gatehouse(...example, ...claims, '--json')).stdout) as object;
    expect(json).toMatchObject({ kind: 'explained', inBody: true });
  });

  test.each([
    ['no --url', []],
    ['an unknown issuer', ['--url', url, '--claims', claimsFile, '--issuer', 'nobody']],
    ['claims without an issuer', ['--url', url, '--claims', claimsFile]],
    ['claims and token', ['--url', url, '--claims', claimsFile, '--token-file', claimsFile]],
    ['a missing file', ['--url', url, '--token-file', join(folder, 'nothing')]],
    ['a relative URL', ['--url', '/orders/']],
  ])('%s: exit 2', async (_, args) => {
    const { code, stdout, stderr } = await explain(...args);
    expect({ code, stdout, stderr }).toExitWith(2);
    expect(stderr).toMatch(/^gatehouse explain: /);
    expect(stderr).not.toContain('    at ');
  });
});

describe('schema, version', () => {
  test('schema prints the published schema, and --check compares a file with it', async () => {
    const printed = await gatehouse('schema');
    expect(printed).toEqual({ code: 0, stdout: readText('config/gatehouse.schema.json'), stderr: '' });
    const file = join(folder, 'schema.json');
    writeFileSync(file, printed.stdout);
    expect(await gatehouse('schema', '--check', file)).toExitWith(0);
    writeFileSync(file, printed.stdout.replace('version', 'versio'));
    expect(await gatehouse('schema', '--check', file)).toExitWith(1);
  });

  test('version --json', async () => {
    const { code, stdout, stderr } = await gatehouse('version', '--json');
    expect({ code, stdout, stderr }).toExitWith(0);
    expect(JSON.parse(stdout)).toEqual({ gatehouse: MANIFEST.version, node: process.versions.node });
  });
});

describe('invalid usage and help', () => {
  test('--help lists the commands, and COMMAND --help explains each: exit 0', async () => {
    const overview = await gatehouse('--help');
    expect(overview).toMatchObject({ code: 0, stderr: '' });
    const names = [...overview.stdout.matchAll(/^  ([a-z]+) {2,}/gm)].map(([, name]) => name ?? '');
    expect(names).toEqual([
      'init',
      'serve',
      'check',
      'access',
      'explain',
      'test',
      'replay',
      'suggest',
      'diff',
      'schema',
      'demo',
      'health',
      'version',
    ]);
    for (const name of names) {
      const { code, stdout, stderr } = await gatehouse(name, '--help');
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toMatch(new RegExp(`^gatehouse ${name}(?: \\[?[A-Z]+…\\]?| OLD NEW)?: [^]*--help`));
    }
  });

  test.each([
    ['an unknown command', ['serv'], 'unknown command "serv"; did you mean "serve"?'],
    ['the name of a built-in object property', ['constructor'], 'unknown command "constructor"'],
    ['an unknown option', ['serve', '--confg', 'x'], 'unknown option --confg; did you mean --config?'],
    ['an option without its value', ['serve', '--config'], '--config'],
    ['a positional argument', ['serve', '--config', 'a', 'b'], 'b'],
    ['a missing file', ['token', 'inspect', '--token-file', 'none'], '--token-file: none does not exist'],
    ['no --config', ['check'], '--config is required'],
  ])('%s: exit 2', async (_, args, says) => {
    const { code, stdout, stderr } = await gatehouse(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(says);
    expect(stderr).toContain('--help');
    expect(stderr).not.toContain('    at ');
  });
});

function policy(issuerUrl: string, upstreamUrl: string): string {
  return `version: 1
server:
  listen: 127.0.0.1:0
  publicUrl: https://gateway.example.com
issuers:
  gitlab: { type: gitlab, issuer: "${issuerUrl}" }
identities:
  payments:
    issuer: gitlab
    match: { project_id: "20" }
    grants: [{ service: orders, scopes: [read_api], resources: ["/v1/{claims.project_path}/**"] }]
services:
  orders: { type: http, path: /orders/, upstream: { url: "${upstreamUrl}/" } }
`;
}
