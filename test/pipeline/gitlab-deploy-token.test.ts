/** Deploy tokens issued by GitLab, verified at GitLab. */
import { beforeEach, expect, test } from 'vitest';
import { startGitlab, type TestDeployToken } from '../support/gitlab.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { useScenarioPerTest } from '../support/scenario.ts';

let token: TestDeployToken;
/** Milliseconds that the gateway's clock is ahead. */
let ahead = 0;

beforeEach(() => {
  ahead = 0;
});
const scenario = useScenarioPerTest({
  backends: {
    gitlab: async () => {
      const gitlab = await startGitlab({ bans: ['jwtAuth'] });
      gitlab.project(20, 'acme/payments');
      token = gitlab.deployToken({ scopes: ['read_registry'], project: 'acme/payments' });
      return gitlab;
    },
    upstream: () => startRecordingUpstream(),
  },
  clock: { now: () => Date.now() + ahead },
  config: ({ gitlab, upstream }) => `
issuers:
  gitlab: { type: gitlab, issuer: "${gitlab.url}", deployTokens: { cache: 60s, probe: acme/payments } }
identities:
  puller:
    issuer: gitlab
    via: [deploy_token]
    match: { deploy_token_id: "${token.id}", registry_access: { contains: "repository:acme/payments:pull" } }
    grants: [{ service: registry, scopes: [read_registry], resources: ["acme/payments/**"] }]
services:
  registry: { type: oci, upstream: { url: "${upstream.url}" } }
`,
});

const basic = (user: string, secret: string): string =>
  `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`;

async function login(user: string, secret: string): Promise<string> {
  const { host } = new URL(scenario.gateway.url);
  const response = await fetch(
    `${scenario.gateway.url}/token?service=${host}&scope=repository:acme/payments/api:pull,push`,
    {
      headers: { authorization: basic(user, secret) },
    },
  );
  return `${response.status} ${await response.text()}`;
}

test('a login with one: what policy grants it, for five minutes, and GitLab is asked once', async () => {
  const before = scenario.gitlab.count('jwtAuth');
  const answer = await login(token.username, token.token);
  expect(answer).toMatch(/^200 .*"expires_in":300,"scope":"repository:acme\/payments\/api:pull"/);
  expect(await login(token.username, token.token)).toMatch(/^200/);
  expect(scenario.gitlab.count('jwtAuth')).toBe(before + 1);
  // A probe with push would make a repository there.
  expect(scenario.gitlab.state.repositories.size).toBe(0);
});

test.each([
  ['another user name', () => ['someone-else', token.token], '401 .*credential_invalid'],
  ['another secret', () => [token.username, 'gldt-wrong'], '401 .*credential_invalid'],
  ['the token of a person', () => ['ana', scenario.gitlab.personalToken()], '401 .*credential_invalid'],
  [
    'no registry scope',
    () => {
      const other = scenario.gitlab.deployToken({ scopes: ['read_repository'] });
      return [other.username, other.token];
    },
    '401 .*credential_invalid',
  ],
  [
    'one that no identity binds',
    () => {
      const other = scenario.gitlab.deployToken({ scopes: ['read_registry'] });
      return [other.username, other.token];
    },
    '401 .*no_matching_identity',
  ],
])('%s', async (_what, credential, answer) => {
  const [user = '', secret = ''] = credential();
  expect(await login(user, secret)).toMatch(new RegExp(`^${answer}`));
});

test.each([
  ['untyped', 200],
  // Without `user` there is no id, which the identity requires.
  ['absent', 'no_matching_identity'],
] as const)('`auth_type` alone identifies a deploy token: the user is %s', async (user, answer) => {
  scenario.gitlab.state.registryUser = user;
  expect(await login(token.username, token.token)).toContain(String(answer));
  expect(await login('ana', scenario.gitlab.personalToken())).toMatch(/^401 .*credential_invalid/);
});

test('without its user name a deploy token cannot be verified', async () => {
  const response = await fetch(`${scenario.gateway.url}/v2/`, {
    headers: { authorization: 'Bearer gldt-something' },
  });
  expect(response.status).toBe(401);
  expect(await response.text()).toContain('credential_malformed');
});

test('revoked at GitLab: refused once its word is old', async () => {
  const other = scenario.gitlab.deployToken({ scopes: ['read_registry'] });
  expect(await login(other.username, other.token)).toContain('no_matching_identity');
  other.revoke();
  expect(await login(other.username, other.token)).toContain('no_matching_identity');
  ahead = 61_000;
  expect(await login(other.username, other.token)).toContain('credential_invalid');
});

test('a flood of guesses costs GitLab less than what it bans for, and those it knows go on', async () => {
  expect(await login(token.username, token.token)).toMatch(/^200/);
  const before = scenario.gitlab.count('jwtAuth');
  const answers = await Promise.all(
    Array.from({ length: 60 }, (_, n) => login(token.username, `gldt-guess-${n}`)),
  );
  expect(scenario.gitlab.count('jwtAuth') - before).toBeLessThan(30);
  expect(answers.filter((answer) => answer.startsWith('503')).length).toBeGreaterThan(0);
  expect(answers.filter((answer) => answer.startsWith('200'))).toEqual([]);
  expect(await login(token.username, token.token)).toMatch(/^200/);
});

test('a disabled registry or an unreachable GitLab: the token cannot be verified', async () => {
  scenario.gitlab.state.registryEnabled = false;
  expect(await login(token.username, token.token)).toMatch(/^503 .*issuer_unavailable/);
  scenario.gitlab.state.registryEnabled = true;
});
