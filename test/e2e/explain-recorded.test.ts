/** `gatehouse explain` of requests in the audit log, of minted tokens and with a Content-Type, as a process. */
import { hash } from 'node:crypto';
import { appendFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { gatehouse } from '../support/gateway-process.ts';
import { startIssuer } from '../support/issuer.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { ROOT } from '../support/repository.ts';
import { run } from '../support/run.ts';
import { useScenario } from '../support/scenario.ts';

const SECRET = `ghdt_edge_${'a'.repeat(64)}`;

const scenario = useScenario({
  backends: { issuer: () => startIssuer(), upstream: () => startRecordingUpstream() },
  config: ({ issuer, upstream }) => `
issuers:
  gitlab: { type: gitlab, issuer: "${issuer.url}" }
identities:
  payments:
    issuer: gitlab
    match: { project_id: "20", ref: main }
    grants:
      - { service: orders, scopes: [read_api], resources: ["/{claims.project_path}/**"] }
      - { service: limited, scopes: [read_api], resources: ["/**"] }
deployTokens:
  edge:
    username: edge
    secretHash: "sha256:${hash('sha256', SECRET)}"
    grants: [{ service: orders, scopes: [read_api], resources: ["/**"] }]
services:
  limited:
    type: http
    path: /limited/
    upstream: { url: "${upstream.url}/" }
    limits: { requestsPerSecond: 0.01 }
  orders:
    type: http
    path: /orders/
    upstream: { url: "${upstream.url}/" }
    anonymous: [{ scopes: [read_api], resources: [/public/**] }]
`,
});

/** Request ids by name. */
const ids: Record<string, string> = {};
let config: string;
let minted: string;

async function ask(name: string, path: string, token?: string, method = 'GET'): Promise<void> {
  const headers: Record<string, string> = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  await remember(name, await fetch(scenario.gateway.url + path, { method, headers }));
}

async function remember(name: string, answer: Response): Promise<void> {
  await answer.text();
  const id = answer.headers.get('x-request-id') ?? '';
  ids[name] = id;
  await scenario.gateway.audited(id);
}

beforeAll(async () => {
  const { issuer, gateway } = scenario;
  const main = issuer.mint({ project_id: '20', ref: 'main', project_path: 'acme/payments' });
  const answer = await fetch(`${gateway.url}/oauth/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: main,
      subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
    }),
  });
  minted = ((await answer.json()) as { access_token: string }).access_token;
  await ask('allowed', '/orders/acme/payments/x', main);
  await ask('written', '/orders/acme/payments/x', main, 'POST');
  await ask('feature', '/orders/acme/payments/x', issuer.mint({ project_id: '20', ref: 'feature' }));
  await ask('anonymous', '/orders/public/x');
  await ask('minted', '/orders/acme/payments/x', minted);
  await ask('forged', '/orders/acme/payments/x', `${main.slice(0, -8)}AAAAAAAA`);
  await ask('edge', '/orders/acme/payments/x', SECRET);
  await ask('nowhere', '/nothing/', main);
  await remember(
    'exchange',
    await fetch(`${gateway.url}/oauth/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        subject_token: issuer.mint({ project_id: '21', ref: 'main' }),
        subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
      }),
    }),
  );
  for (let n = 0; n < 2; n++) await ask('limited', '/limited/x', main);
  config = join(gateway.folder, 'gatehouse.yaml');
});

const explain = (id: string | undefined, audit: string, ...more: string[]) =>
  gatehouse('explain', '--config', config, '--request-id', id ?? 'no id', '--audit', audit, ...more);

describe('explain --request-id', () => {
  const log = () => join(scenario.gateway.folder, 'audit.log');

  test('the URL has the scheme of publicUrl', async () => {
    const file = join(scenario.gateway.folder, 'http.yaml');
    writeFileSync(file, readFileSync(config, 'utf8').replace('publicUrl: https:', 'publicUrl: http:'));
    const options = ['--config', file, '--request-id', ids['allowed'] ?? '', '--audit', log()];
    expect((await gatehouse('explain', ...options)).stdout).toContain('"GET" "http://127.0.0.1:');
  });

  test('an allowed request: exit 0, the recorded decision and the grant', async () => {
    const { code, stdout, stderr } = await explain(ids['allowed'], log());
    expect({ code, stdout, stderr }).toExitWith(0);
    expect(stdout).toContain('"GET" "https://127.0.0.1:');
    expect(stdout).toMatch(/recorded .*: 200 allow as payments: granted\n/);
    expect(stdout).toContain('+ read_api on "/acme/payments/x"');
    expect(stdout).toContain('(expanded: "/acme/payments/**")');
  });

  test('a denied one: exit 1, and the condition that failed', async () => {
    const { code, stdout, stderr } = await explain(ids['feature'], log());
    expect({ code, stdout, stderr }).toExitWith(1);
    expect(stdout).toContain('ref equals "main": the claim is "feature"');
    expect(stdout).toContain('deny: no_matching_identity');
  });

  test.each([
    ['written', 1, 'scope_not_granted'],
    ['anonymous', 0, 'allow (anonymous)'],
    ['minted', 0, 'limits of the minted token are not recorded'],
    ['nowhere', 1, 'no_service'],
    ['exchange', 1, 'not evaluated: a request to an endpoint of the gateway, such as the token exchange'],
    ['limited', 0, 'policy allows the request; the recorded reason, identity_limited, has another cause'],
  ])('a request: %s', async (name, code, says) => {
    const outcome = await explain(ids[name], log());
    expect(outcome).toMatchObject({ code, stdout: expect.stringContaining(says) });
  });

  test('a request with a deploy token that the configuration no longer contains', async () => {
    const file = join(scenario.gateway.folder, 'without-token.yaml');
    writeFileSync(file, readFileSync(config, 'utf8').replace(/^deployTokens:\n(?: .*\n)+/m, ''));
    const options = ['--config', file, '--request-id', ids['edge'] ?? '', '--audit', log()];
    const { code, stdout, stderr } = await gatehouse('explain', ...options);
    expect({ code, stdout, stderr }).toExitWith(1);
    expect(stdout).toContain('no identity matches this deploy_token of the configuration');
    expect(stdout).toContain('identities\n  no deploy token of this name\n');
    expect(stdout).not.toContain(':deploy-tokens');
  });

  test('--json', async () => {
    const { stdout } = await explain(ids['feature'], log(), '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      recorded: { requestId: ids['feature'], reason: 'no_matching_identity', status: 403, service: 'orders' },
      kind: 'explained',
      explanation: { verdict: { kind: 'deny' } },
      notes: [],
    });
  });

  test('a credential that was not verified: exit 2, file, line and reason', async () => {
    const { code, stdout, stderr } = await explain(ids['forged'], log());
    expect({ code, stdout, stderr }).toExitWith(2);
    expect(stderr).toMatch(
      /audit\.log:\d+: request .* cannot be evaluated: the credential was not verified; recorded: 401 \w+ \(".+"\)\n/,
    );
  });

  test('another configuration: the decision differs, and a note says so', async () => {
    const other = join(scenario.gateway.folder, 'other.yaml');
    writeFileSync(
      other,
      readFileSync(config, 'utf8')
        .replace('ref: main', 'ref: [main, feature]')
        .replace('[main, feature]', '{ in: [main, feature] }'),
    );
    const { code, stdout, stderr } = await gatehouse(
      'explain',
      '--config',
      other,
      '--request-id',
      ids['feature'] ?? '',
      '--audit',
      log(),
    );
    expect({ code, stdout, stderr }).toExitWith(0);
    expect(stdout).toContain('the recorded decision was deny, and this configuration allows the request');
  });

  test('a claim that the recording policy did not refer to: a note that the decision depends on it', async () => {
    const other = join(scenario.gateway.folder, 'claims.yaml');
    writeFileSync(other, readFileSync(config, 'utf8').replace('ref: main', 'ref: main, user_login: root'));
    const options = ['--config', other, '--request-id', ids['allowed'] ?? '', '--audit', log()];
    const { code, stdout, stderr } = await gatehouse('explain', ...options);
    expect({ code, stdout, stderr }).toExitWith(1);
    expect(stdout).toContain(
      'Note: the decision depends on the claim "user_login", which the event does not contain',
    );
    const json = await gatehouse('explain', ...options, '--json');
    expect(JSON.parse(json.stdout)).toMatchObject({ notes: [expect.stringContaining('"user_login"')] });
  });

  test('rotated and gzipped files, standard input, a truncated last line and other lines', async () => {
    const folder = join(scenario.gateway.folder, 'logs');
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
    const text = readFileSync(log(), 'utf8');
    const file = join(folder, 'audit.log');
    writeFileSync(`${file}.2.gz`, gzipSync(text));
    writeFileSync(`${file}.1`, 'not json\n{"event.dataset":"gatehouse.access"}\n');
    expect(await explain(ids['allowed'], file)).toExitWith(0);
    expect(await explain(ids['allowed'], `${file}.2.gz`)).toExitWith(0);
    appendFileSync(file, text.slice(0, 200));
    expect(await explain(ids['allowed'], file)).toExitWith(0);
    renameSync(`${file}.2.gz`, `${file}-20261127.gz`);
    expect(await explain(ids['allowed'], file)).toExitWith(0);
    const piped = await run('bash', [
      '-c',
      `'${process.execPath}' '${join(ROOT, 'src/main.ts')}' explain --config '${config}' --request-id '${ids['allowed']}' --audit - < '${file}-20261127.gz'`,
    ]);
    expect(piped).toMatchObject({ code: 0, stdout: expect.stringContaining('allow as payments') });
    const damaged = join(folder, 'damaged.gz');
    writeFileSync(damaged, gzipSync(text).subarray(0, 300));
    expect(await explain('nothing', damaged)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('damaged.gz cannot be read'),
    });
  });

  test('invalid usage: exit 2', async () => {
    const missing = await explain('no-such-id', log());
    expect(missing).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('no audit event has the request id'),
    });
    expect(await explain(ids['allowed'], join(scenario.gateway.folder, 'none.log'))).toExitWith(2);
    expect((await explain(ids['allowed'], log(), '--url', 'https://x.example.com/')).stderr).toContain(
      'mutually exclusive',
    );
    expect((await gatehouse('explain', '--config', config, '--audit', log())).stderr).toContain(
      'requires --request-id',
    );
  });
});

describe('explain --token-file with a minted token', () => {
  const url = 'https://gateway.example.com/orders/acme/payments/x';

  test('the key is in the state store of the running gateway: explained, with a note', async () => {
    const file = join(scenario.gateway.folder, 'minted.jwt');
    writeFileSync(file, minted);
    const { code, stdout, stderr } = await gatehouse(
      'explain',
      '--config',
      config,
      '--token-file',
      file,
      '--url',
      url,
    );
    expect({ code, stdout, stderr }).toExitWith(0);
    expect(stdout).toContain('access_token of gitlab');
    expect(stderr).toContain('signature of the access token is not verified');
    expect(stdout + stderr).not.toContain(minted);
  });

  test('with key files the signature is verified', async () => {
    const key = join(scenario.gateway.folder, 'key.pem');
    const { generateKeyPairSync } = await import('node:crypto');
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    writeFileSync(key, pair.privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 });
    const keyed = join(scenario.gateway.folder, 'keyed.yaml');
    writeFileSync(keyed, `${readFileSync(config, 'utf8')}\nsigning: { keys: [{ file: key.pem }] }\n`);
    const file = join(scenario.gateway.folder, 'minted.jwt');
    const { code, stdout, stderr } = await gatehouse(
      'explain',
      '--config',
      keyed,
      '--token-file',
      file,
      '--url',
      url,
    );
    expect({ code, stdout, stderr }).toExitWith(1);
    expect(stdout).toContain('signature_invalid');
    expect(stderr).not.toContain('not verified');
  });
});

test('explain --content-type: an operation that depends on it', async () => {
  const claims = join(scenario.gateway.folder, 'claims.json');
  writeFileSync(
    claims,
    JSON.stringify({
      project_id: '20',
      project_path: 'acme/payments',
      ref: 'main',
      ref_protected: 'true',
      ref_type: 'branch',
    }),
  );
  const batch = 'https://gateway.example.com/git/acme/payments.git/info/lfs/objects/batch';
  const ask = (type: string) =>
    gatehouse(
      'explain',
      '--config',
      join(ROOT, 'config/git.yaml'),
      '--claims',
      claims,
      '--issuer',
      'gitlab',
      '--method',
      'POST',
      '--url',
      batch,
      '--content-type',
      type,
    );
  expect(await ask('application/vnd.git-lfs+json')).toExitWith(0);
  expect(await ask('text/plain')).toMatchObject({ code: 1, stdout: expect.stringContaining('not JSON') });
});
