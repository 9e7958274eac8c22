/** M3: revocation by hash identifies a JWT by the part that its signature covers, so that another valid signature changes nothing. */
import { hash } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { cleanUp } from '../support/clean-up.ts';
import { startGitlab } from '../support/gitlab.ts';
import { startIssuer } from '../support/issuer.ts';
import { mirrored } from '../support/malleable.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { startScenario, useScenarioPerTest } from '../support/scenario.ts';
import type { ScenarioClient } from '../support/scenario/client.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { useStarted } from '../support/use-started.ts';

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const ID_TOKEN = 'urn:ietf:params:oauth:token-type:id_token';
const DEPLOY_SECRET = `ghdt_edge_${'7'.repeat(64)}`;

const keep = cleanUp();
const issuer = useStarted(() => startIssuer({ type: 'oidc', alg: 'ES256' }));
const gitlab = useStarted(() => startGitlab());
const upstream = useStarted(() => startRecordingUpstream());

const options = (file: string) => ({
  backends: { issuer, gitlab, upstream },
  config: () => `
state: { sqlite: { file: "${file}" } }
issuers:
  forge: { type: oidc, issuer: "${issuer.url}" }
  gitlab: { type: gitlab, issuer: "${gitlab.url}", jobTokens: { cache: 1ms } }
identities:
  ci: { issuer: forge, match: { sub: workload-1 }, roles: [reader] }
  job: { issuer: gitlab, via: [job_token], match: { project_id: "20" }, roles: [reader] }
deployTokens:
  edge:
    username: edge
    secretHash: "sha256:${hash('sha256', DEPLOY_SECRET)}"
    grants: [{ service: files, scopes: [read_package_registry], resources: ["**"] }]
roles:
  reader:
    - { service: files, scopes: [read_package_registry], resources: ["**"] }
services:
  files: { type: generic, path: /files/, upstream: { url: "${upstream.url}/" } }
`,
});
const scenario = useScenarioPerTest(options('state.db'));

type Gateway = Pick<ScenarioClient, 'respond'>;

/** Of the part that the signature covers. */
const contentHash = (token: string): string => hash('sha256', token.slice(0, token.lastIndexOf('.')));

async function use(
  token: string,
  header = 'Authorization: Bearer ',
  at: Gateway = scenario,
): Promise<string> {
  const { status, body } = await at.respond('GET /files/a', [`${header}${token}`]);
  return `${status} ${/^error: (\w+)$/m.exec(body)?.[1] ?? ''}`.trim();
}

async function exchanged(subject_token: string): Promise<string> {
  const response = await fetch(`${scenario.gateway.url}/oauth/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: EXCHANGE, subject_token, subject_token_type: ID_TOKEN }),
  });
  return String(((await response.json()) as { access_token?: string }).access_token);
}

async function revoke(tokenHash: string): Promise<number> {
  const response = await fetch(`${scenario.gateway.adminUrl}/revocations`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ tokenHash, reason: 'leaked' }),
  });
  await response.text();
  return response.status;
}

describe("an issuer's ES256 token", () => {
  test('both valid signatures are accepted, since half of all honest ones are high-s', async () => {
    const token = issuer.mint();
    expect(mirrored(token)).not.toBe(token);
    expect([await use(token), await use(mirrored(token))]).toEqual(['200', '200']);
  });

  test('revoked by the hash of header.payload: (r, n−s) is refused, with what was minted from either', async () => {
    const token = issuer.mint({ jti: undefined });
    const [one, two] = [await exchanged(token), await exchanged(mirrored(token))];
    expect([await use(one), await use(two)]).toEqual(['200', '200']);
    expect(await revoke(contentHash(token))).toBe(201);
    for (const each of [token, mirrored(token), one, two]) expect(await use(each)).toBe('401 revoked');
    expect(await exchanged(mirrored(token))).toBe('undefined');
    expect(await use(issuer.mint())).toBe('200');
  });

  test('revoked by the hash of the whole token: exactly that token, with a token minted from it', async () => {
    const token = issuer.mint({ jti: undefined });
    const minted = await exchanged(token);
    expect(await use(mirrored(token))).toBe('200');
    expect(await revoke(hash('sha256', token))).toBe(201);
    expect([await use(token), await use(minted)]).toEqual(['401 revoked', '401 revoked']);
    expect(await use(mirrored(token))).toBe('200');
  });

  test('a known token vouches for no other signature of the same content', async () => {
    const token = issuer.mint();
    expect(await use(token)).toBe('200');
    const end = token.lastIndexOf('.') + 1;
    const signature = Buffer.from(token.slice(end), 'base64url');
    signature[40] = (signature[40] ?? 0) ^ 1;
    expect(await use(token.slice(0, end) + signature.toString('base64url'))).toBe('401 signature_invalid');
  });

  test('audit events of both carry the hash that revokes both', async () => {
    const token = issuer.mint();
    const minted = await exchanged(mirrored(token));
    await use(token);
    await use(mirrored(token));
    await use(minted);
    const seen = (await scenario.gateway.audit(4)).slice(-3).map(({ gatehouse }) => gatehouse);
    const expected = contentHash(token).slice(0, 16);
    expect(seen.map(({ token_sha256 }) => token_sha256)).toEqual([
      expected,
      expected,
      contentHash(minted).slice(0, 16),
    ]);
    expect(seen[2]?.['source']).toMatchObject({ token_sha256: expected });
  });
});

test('a token of the gateway, revoked by the hash of header.payload: (r, n−s) is refused', async () => {
  const token = await exchanged(issuer.mint());
  expect([await use(token), await use(mirrored(token))]).toEqual(['200', '200']);
  expect(await revoke(contentHash(token))).toBe(201);
  expect([await use(token), await use(mirrored(token))]).toEqual(['401 revoked', '401 revoked']);
});

describe('a job token', () => {
  const asJob = (token: string): Promise<string> => use(token, 'JOB-TOKEN: ');

  test.each([undefined, 'acme'])(
    'in the JWT form (instance prefix %s): any spelling that GitLab accepts',
    async (prefix) => {
      const job = gitlab.job({ form: 'jwt', ...(prefix === undefined ? {} : { instancePrefix: prefix }) });
      const jwt = job.token.slice(job.token.indexOf('eyJ'));
      const record = gitlab.state.jobs.get(job.token);
      if (record === undefined) throw new Error('GitLab does not know its own job');
      // ruby-jwt drops empty parts at the end, lenient base64 the spare bits, and GitLab the prefix.
      const spellings = [job.token, `${job.token}.`, `${job.token}..`, `${job.token}=`, `glcbt-${jwt}`, jwt];
      for (const each of spellings) {
        gitlab.state.jobs.set(each, record);
        expect(await asJob(each)).toBe('200');
      }
      expect(await revoke(contentHash(jwt))).toBe(201);
      for (const each of spellings) expect(await asJob(each)).toBe('401 revoked');
      expect(await asJob(gitlab.job({ form: 'jwt' }).token)).toBe('200');
    },
  );

  test('without a signature: the hash covers the whole token, dots included', async () => {
    const { token } = gitlab.job();
    const dotted = gitlab.job();
    const routable = `${dotted.token}.01.0a1b2c3d4`;
    const record = gitlab.state.jobs.get(dotted.token);
    if (record === undefined) throw new Error('GitLab does not know its own job');
    gitlab.state.jobs.set(routable, record);
    for (const each of [token, routable]) {
      expect(await asJob(each)).toBe('200');
      expect(await revoke(hash('sha256', each))).toBe(201);
      expect(await asJob(each)).toBe('401 revoked');
    }
    expect(await asJob(dotted.token)).toBe('200');
  });
});

test('a deploy token is revoked by the hash of its secret', async () => {
  expect(await use(DEPLOY_SECRET, 'Deploy-Token: ')).toBe('200');
  expect(await revoke(hash('sha256', DEPLOY_SECRET))).toBe(201);
  expect(await use(DEPLOY_SECRET, 'Deploy-Token: ')).toBe('401 revoked');
});

test('hashes of whole tokens that an earlier version stored revoke until they expire', async () => {
  const file = join(keep(temporaryFolder('hash')).path, 'state.db');
  const [token, ended] = [issuer.mint(), issuer.mint()];
  const db = new DatabaseSync(file);
  db.exec(
    'CREATE TABLE revocations (id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT; PRAGMA user_version = 1;',
  );
  const insert = db.prepare('INSERT INTO revocations (id, body) VALUES (?, ?)');
  for (const [each, expires] of [
    [token, '2099-01-01T00:00:00Z'],
    [ended, '2026-01-01T00:00:00Z'],
  ] as const) {
    const id = hash('sha256', each).slice(0, 8);
    const created = '2025-11-21T12:00:00.000Z';
    const entry = {
      id,
      target: 'tokenHash',
      value: hash('sha256', each),
      reason: 'leaked',
      created,
      expires,
    };
    insert.run(id, JSON.stringify(entry));
  }
  db.close();
  const older = await startScenario(options(file));
  expect(await use(token, undefined, older)).toBe('401 revoked');
  expect(await use(ended, undefined, older)).toBe('200');
});
