/** Installation tokens of a GitHub App as the upstream credential, from a stand-in for GitHub's API. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FrozenClock } from '../support/authentication.ts';
import { eventually } from '../support/eventually.ts';
import { startGithubApi, type GithubApi } from '../support/github-api.ts';
import { startIssuer, type TestIssuer } from '../support/issuer.ts';
import type { RawResponse } from '../support/raw-client.ts';
import { startScenario, type Scenario } from '../support/scenario.ts';
import { reasonOf } from '../support/scenario/attack.ts';
import { createTokenClient, tokenOf } from '../support/token-client.ts';

type Started = Scenario<{ readonly github: GithubApi; readonly issuer: TestIssuer }> & {
  readonly clock: FrozenClock;
  /** Asks the API for a repository as a job with these claims. */
  ask(claims?: Readonly<Record<string, unknown>>, repository?: string): Promise<RawResponse>;
  tokenCalls(): number;
};

const BY_ID = 'permissions: { contents: read }, repositoryIds: ["{claims.repository_id}"]';
const BY_NAME = 'permissions: { contents: read }, repositories: ["{claims.repository}"]';

async function start(
  narrowing = BY_ID,
  installation = '7',
  key: keyof GithubApi['pem'] = 'pkcs1',
): Promise<Started> {
  const clock = new FrozenClock();
  const github = await startGithubApi(clock);
  const issuer = await startIssuer({ type: 'github', clock });
  const scenario = await startScenario({
    backends: {
      github: () => Promise.resolve(github),
      issuer: () => Promise.resolve(issuer),
    },
    clock,
    files: { 'app.pem': github.pem[key], 'jwks.json': JSON.stringify({ keys: issuer.published }) },
    config: () => `
issuers: { github: { type: github, issuer: "${issuer.url}", jwksFile: jwks.json } }
identities:
  jobs: { issuer: github, match: { repository_owner_id: "7" }, grants: [{ service: api, scopes: [read_api], resources: ["/**"] }] }
services:
  api:
    type: http
    path: /api/
    anonymous: [{ scopes: [read_api], resources: ["/public/**"] }]
    upstream:
      url: "${github.url}/"
      auth: { githubApp: { apiUrl: "${github.url}", appId: ${github.appId}, keyFile: app.pem, installation: ${installation}, ${narrowing} } }
`,
  });
  return {
    ...scenario,
    clock,
    ask(claims = { repository: 'acme/payments', repository_id: '20' }, repository = 'acme/payments') {
      const token = issuer.mint({ repository_owner_id: '7', ...claims }, { lifetime: 86_400 });
      const headers = ['User-Agent: test', `Authorization: Bearer ${token}`];
      // After a step of the clock, the gateway first reads the revocations again.
      return eventually('the revocations', async () => {
        const answer = await scenario.respond(`GET /api/repos/${repository}`, headers);
        return answer.status === 503 ? undefined : answer;
      });
    },
    tokenCalls: () => github.calls.filter(({ method }) => method === 'POST').length,
  };
}

test.each([
  ['by installation id, PKCS#1', '7', 'pkcs1'],
  ['by a repository of the installation, PKCS#8', 'acme/web', 'pkcs8'],
] as const)('one token for all waiting requests with equal narrowing: %s', async (_, installation, key) => {
  const { github, ask, tokenCalls } = await start(BY_ID, installation, key);
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask()));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  expect(tokenCalls()).toBe(1);
  const [issued] = github.issued;
  expect(issued?.token.length).toBeGreaterThan(500);
  expect(issued?.permissions).toEqual({ contents: 'read', metadata: 'read' });
  expect(issued?.repositories).toEqual([{ id: 20, fullName: 'acme/payments' }]);
});

test('each repository has its own token, which does not reach another repository', async () => {
  const { ask, tokenCalls, github } = await start();
  const web = { repository: 'acme/web', repository_id: '21' };
  expect((await ask(web, 'acme/web')).status).toBe(200);
  expect((await ask(web, 'acme/payments')).status).toBe(404);
  expect((await ask()).status).toBe(200);
  expect(tokenCalls()).toBe(2);
  const scopes = github.issued.map(({ repositories }) => repositories.map(({ id }) => id));
  expect(scopes).toEqual([[21], [20]]);
});

test.each([
  ['a missing claim', BY_ID, { repository_id: undefined }],
  ['an empty claim', BY_ID, { repository_id: '' }],
  ['a claim that is a list', BY_ID, { repository_id: ['20'] }],
  ['a claim that is no id', BY_ID, { repository_id: '20,21' }],
  ['a name with a path', BY_NAME, { repository: '../payments' }],
  ['a name of three segments', BY_NAME, { repository: 'acme/payments/x' }],
  [
    'a permission without a value',
    'permissions: { contents: "{claims.level}" }, repositories: [payments]',
    {},
  ],
  [
    'an unknown permission level',
    'permissions: { contents: "{claims.level}" }, repositories: [payments]',
    { level: 'owner' },
  ],
  [
    'one of several templates',
    'permissions: { contents: read }, repositories: ["{claims.repository}", "{claims.other}"]',
    {},
  ],
])('%s denies the request and requests no token', async (_, narrowing, claims) => {
  const { ask, audited, github } = await start(narrowing);
  const answer = await ask({ repository: 'acme/payments', repository_id: '20', ...claims });
  expect([answer.status, reasonOf(answer)]).toEqual([403, 'narrowing_empty']);
  expect(answer.body).not.toContain('claims.');
  expect(await audited(answer)).toMatchObject({
    event: { reason: 'narrowing_empty', outcome: 'failure', type: ['access', 'denied'] },
    gatehouse: { decision: 'deny' },
    user: { name: 'jobs' },
  });
  expect(github.calls).toEqual([]);
});

test('an anonymous request has no claims: 401', async () => {
  const { respond, github } = await start();
  const answer = await respond('GET /api/public/a');
  expect([answer.status, reasonOf(answer)]).toEqual([401, 'no_credential']);
  expect(github.calls).toEqual([]);
});

test('an access token of the gateway has the claims that narrow the upstream credential', async () => {
  const { issuer, gateway, github } = await start(
    'permissions: { contents: "{claims.level}" }, repositories: [payments]',
  );
  const client = createTokenClient(gateway.port, 'gateway.example.com');
  const token = tokenOf(await client.exchange(issuer.mint({ level: 'write' })));
  await client.use(token, 'GET /api/repos/acme/payments');
  expect(github.issued[0]?.permissions).toMatchObject({ contents: 'write' });
});

test('a repository of another owner is not replaced by one of the same name', async () => {
  const { ask, tokenCalls } = await start(BY_NAME);
  expect((await ask({ repository: 'acme/DOCS' }, 'acme/docs')).status).toBe(200);
  for (let n = 0; n < 3; n++) {
    const answer = await ask({ repository: 'evil/payments' });
    expect([answer.status, reasonOf(answer)]).toEqual([403, 'upstream_credential_missing']);
  }
  expect(tokenCalls()).toBe(2);
});

test('a repository that the installation does not cover is remembered per caller for 30 s', async () => {
  const { ask, tokenCalls, clock } = await start();
  const unknown = { repository: 'acme/none', repository_id: '99' };
  for (let n = 0; n < 3; n++) expect(reasonOf(await ask(unknown))).toBe('upstream_credential_missing');
  expect(tokenCalls()).toBe(1);
  expect((await ask()).status).toBe(200);
  clock.advance(31_000);
  expect((await ask(unknown)).status).toBe(403);
  expect(tokenCalls()).toBe(3);
});

test('fixed limits that GitHub refuses are a fault of the gateway', async () => {
  const { ask, audited } = await start('permissions: { administration: write }, repositories: [payments]');
  const answer = await ask();
  expect([answer.status, reasonOf(answer)]).toEqual([502, 'upstream_unauthorized']);
  expect((await audited(answer)).gatehouse['detail']).toContain('responded with 422');
});

test('a renewal at 80 % of the lifetime, in the background', async () => {
  const { ask, clock, github, tokenCalls } = await start();
  await ask();
  clock.advance(2_879_000);
  await ask();
  expect(tokenCalls()).toBe(1);
  clock.advance(2_000);
  expect((await ask()).status).toBe(200);
  await eventually('the new token in use', async () => {
    await ask();
    return github.calls.at(-1)?.headers.authorization === `Bearer ${github.issued[1]?.token}`;
  });
  clock.advance(7_200_000);
  expect((await ask()).status).toBe(200);
  expect(tokenCalls()).toBe(3);
});

test('a token that GitHub refuses is replaced once', async () => {
  const { ask, github, tokenCalls } = await start();
  await ask();
  github.revoke(github.issued[0]?.token ?? '');
  expect((await ask()).status).toBe(200);
  expect(tokenCalls()).toBe(2);
});

describe('rate limits', () => {
  test('the primary limit: no call until its reset, and issued tokens stay in use', async () => {
    const { ask, github, clock, tokenCalls } = await start();
    expect((await ask()).status).toBe(200);
    github.remaining = 0;
    const web = { repository: 'acme/web', repository_id: '21' };
    for (let n = 0; n < 3; n++) {
      const answer = await ask(web, 'acme/web');
      expect([answer.status, reasonOf(answer)]).toEqual([502, 'upstream_unreachable']);
    }
    expect(tokenCalls()).toBe(2);
    // The limit of the upstream's own API is relayed.
    github.remaining = 5_000;
    expect((await ask()).status).toBe(200);
    clock.advance(1_799_000);
    expect((await ask(web, 'acme/web')).status).toBe(502);
    clock.advance(2_000);
    expect((await ask(web, 'acme/web')).status).toBe(200);
  });

  test.each([
    ['Retry-After', 429, { 'retry-after': '90' }, {}, 90_000],
    ['403 with Retry-After', 403, { 'retry-after': '90' }, {}, 90_000],
    ['429 without a time', 429, {}, {}, 60_000],
    ['403 with a message', 403, {}, { message: 'You have exceeded a secondary rate limit.' }, 60_000],
    ['an unreasonable time', 429, { 'retry-after': '999999999' }, {}, 3_600_000],
  ])('%s: the next call follows after the time', async (_, status, headers, body, wait) => {
    const { ask, github, clock, tokenCalls } = await start();
    github.fault = { status, headers, body };
    expect(reasonOf(await ask())).toBe('upstream_unreachable');
    github.fault = undefined;
    clock.advance(wait - 1_000);
    expect((await ask()).status).toBe(502);
    expect(tokenCalls()).toBe(1);
    clock.advance(2_000);
    expect((await ask()).status).toBe(200);
  });
});

test('a key that GitHub does not know: 502, one call in 5 s, and again once its file has changed', async () => {
  const { ask, github, gateway } = await start(BY_ID, '7', 'other');
  for (let n = 0; n < 3; n++) expect(reasonOf(await ask())).toBe('upstream_unauthorized');
  expect(github.calls).toHaveLength(1);
  writeFileSync(join(gateway.folder, 'app.pem'), github.pem.pkcs8, { mode: 0o600 });
  await eventually('the other key', async () => (await ask()).status === 200);
});

test('an app that is installed again has another installation id', async () => {
  const { ask, github, clock } = await start(BY_ID, 'acme/web');
  await ask();
  github.fault = { status: 404, body: { message: 'Not Found' } };
  clock.advance(3_600_000);
  expect((await ask()).status).toBe(403);
  github.fault = undefined;
  clock.advance(31_000);
  expect((await ask()).status).toBe(200);
  const lookups = github.calls.filter(({ path }) => path === '/repos/acme/web/installation');
  expect(lookups).toHaveLength(2);
});
