/** The token of a Conan login ends with its source, and is valid for its service only. */
import { hash } from 'node:crypto';
import { beforeEach, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { startIssuer } from '../support/issuer.ts';
import { rawResponse, type RawResponse } from '../support/raw-client.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { useScenarioPerTest } from '../support/scenario.ts';
import { createTokenClient, outcomeOf, payloadOf, type TokenClient } from '../support/token-client.ts';

const SECRETS = ['a', 'b'].map((digit) => `ghdt_edge_${digit.repeat(64)}`) as [string, string];
const [HASH, ROTATED] = SECRETS.map((secret) => hash('sha256', secret)) as [string, string];

let ahead = 0;
let client: TokenClient;

// Before the gateway starts.
beforeEach(() => {
  ahead = 0;
});

const scenario = useScenarioPerTest({
  backends: { issuer: () => startIssuer(), upstream: () => startRecordingUpstream() },
  config: ({ issuer, upstream }) => `
issuers: { gitlab: { type: gitlab, issuer: "${issuer.url}" } }
identities:
  ci:
    issuer: gitlab
    match: { project_id: "20" }
    tokenLifetime: 1h
    grants:
      - { service: conan, scopes: [read_package_registry, write_package_registry], resources: ["acme/*@team/*"] }
      - { service: orders, scopes: [read_api], resources: ["**"] }
deployTokens:
  edge:
    username: edge
    secretHash: "sha256:${HASH}"
    expires: 2999-12-31
    grants: [{ service: conan, scopes: [read_package_registry], resources: ["**"] }]
services:
  conan: { type: conan, path: /conan/, upstream: { url: "${upstream.url}/" } }
  orders: { type: http, path: /orders/, upstream: { url: "${upstream.url}/" } }
`,
  clock: { now: () => Date.now() + ahead },
});

beforeEach(() => {
  client = createTokenClient(scenario.gateway.port, 'gateway.example.com');
});

const READ = 'GET /conan/v2/conans/acme/1.0/team/stable/latest';

async function logIn(secret: string, user = 'ci'): Promise<string> {
  const basic = `Authorization: Basic ${btoa(`${user}:${secret}`)}`;
  const { status, body } = await client.request('GET /conan/v2/users/authenticate', [basic]);
  expect([status, body]).toEqual([200, expect.stringMatching(/^eyJ/)]);
  return body;
}

/** The responses to a use of the token, and to a login with it. */
async function uses(token: string): Promise<readonly string[]> {
  const basic = `Authorization: Basic ${btoa(`ci:${token}`)}`;
  const login = await client.request('GET /conan/v2/users/authenticate', [basic]);
  return [outcomeOf(await client.use(token, READ)), outcomeOf(login)].map(
    (text) => text.split(' ', 1)[0] ?? '',
  );
}

function revoke(entry: object): Promise<RawResponse> {
  const body = JSON.stringify({ reason: 'leaked', ...entry });
  const lines = ['POST /revocations HTTP/1.1', 'Host: localhost', 'Content-Type: application/json'];
  const head = [...lines, `Content-Length: ${body.length}`, 'Connection: close', '', body].join('\r\n');
  return rawResponse(Number(new URL(scenario.gateway.adminUrl).port), head);
}

test.each([
  ['the source', (source: string) => ({ issuer: 'gitlab', jti: payloadOf(source)['jti'] })],
  ['the token', (_source: string, token: string) => ({ tokenHash: hash('sha256', token) })],
  ['the identity', () => ({ identity: 'ci' })],
])('a revocation of %s ends the token', async (_what, entry) => {
  const source = scenario.issuer.mint();
  const token = await logIn(source);
  expect(await uses(token)).toEqual(['200', '200']);
  const revoked = await revoke(entry(source, token));
  expect(revoked.status, revoked.body).toBe(201);
  scenario.upstream.reset();
  expect(await uses(token)).toEqual(['401', '401']);
  expect(scenario.upstream.bytes()).toBe('');
});

test('the end of its lifetime ends the token, and a login with it does not prolong it', async () => {
  const token = await logIn(scenario.issuer.mint());
  const usesAfter = (minutes: number): Promise<readonly string[]> => {
    ahead = minutes * 60_000;
    // The revocation list is read first.
    return eventually('a decision', async () => {
      const statuses = await uses(token);
      return statuses.includes('503') ? undefined : statuses;
    });
  };
  expect(await usesAfter(59)).toEqual(['200', '200']);
  expect(await logIn(token)).toBe(token);
  expect(await usesAfter(61)).toEqual(['401', '401']);
});

test('a changed policy applies to tokens issued before', async () => {
  const token = await logIn(scenario.issuer.mint());
  expect(await scenario.gateway.reload((yaml) => yaml.replace('acme/*@team/*', 'other/*@team/*'))).toBe(true);
  expect(await uses(token)).toEqual(['403', '200']);
  expect(await scenario.gateway.reload((yaml) => yaml.replace('project_id: "20"', 'project_id: "21"'))).toBe(
    true,
  );
  expect(await uses(token)).toEqual(['403', '403']);
});

test('a rotated deploy token ends the tokens of its logins', async () => {
  const token = await logIn(SECRETS[0], 'edge');
  expect(await uses(token)).toEqual(['200', '200']);
  expect(await scenario.gateway.reload((yaml) => yaml.replace(HASH, ROTATED))).toBe(true);
  expect(await uses(token)).toEqual(['401', '401']);
});

test('the token is not exchanged for another service', async () => {
  const token = await logIn(scenario.issuer.mint());
  const exchanged = await client.exchange(token, { audience: 'orders' }, 'access_token');
  expect([exchanged.status, exchanged.body]).toEqual([400, expect.not.stringContaining('eyJ')]);
  expect((await client.use(token, 'GET /orders/x')).status).toBe(401);
});
