/** `grant_type=…:jwt-bearer` at `/oauth/token` (RFC 7523): the ID token is the assertion. */
import { expect, test } from 'vitest';
import { startGitlab, type TestJob } from '../support/gitlab.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { useScenario } from '../support/scenario.ts';

const TYPE = 'urn:ietf:params:oauth:token-type:';
const GRANT = 'urn:ietf:params:oauth:grant-type:';

let job: TestJob;

const scenario = useScenario({
  backends: {
    gitlab: async () => {
      const gitlab = await startGitlab();
      job = gitlab.job({ project: { id: 20, path: 'acme/payments' } });
      return gitlab;
    },
    upstream: () => startRecordingUpstream(),
  },
  config: ({ gitlab, upstream }) => `
issuers: { gitlab: { type: gitlab, issuer: "${gitlab.url}", replay: once, jobTokens: {} } }
identities:
  ci:
    issuer: gitlab
    via: [id_token, job_token]
    match: { project_id: "20" }
    grants:
      - { service: orders, scopes: [read_api, write_api], resources: ["**"] }
      - { service: own, scopes: [read_api], resources: ["**"] }
services:
  orders: { type: http, path: /orders/, upstream: { url: "${upstream.url}/" } }
  own: { type: http, path: /own/, audiences: ["https://own.example.com"], upstream: { url: "${upstream.url}/" } }
  other: { type: http, path: /other/, upstream: { url: "${upstream.url}/" } }
`,
  server: { limits: 'authFailures: { perAddress: 1000 }' },
});

type Json = Readonly<Record<string, unknown>>;
interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly json: Json;
}

async function post(parameters: Readonly<Record<string, string>>, headers: Json = {}): Promise<Reply> {
  const response = await fetch(`${scenario.gateway.url}/oauth/token`, {
    method: 'POST',
    headers: headers as Record<string, string>,
    body: new URLSearchParams(parameters),
  });
  return { status: response.status, headers: response.headers, json: (await response.json()) as Json };
}

const assert = (assertion: string, parameters: Record<string, string> = {}): Promise<Reply> =>
  post({ grant_type: `${GRANT}jwt-bearer`, assertion, ...parameters });

async function use(token: unknown, method: string, path: string): Promise<number> {
  const headers = { Authorization: `Bearer ${String(token)}` };
  return (await fetch(`${scenario.gateway.url}${path}`, { method, headers })).status;
}

test('an assertion results in a token with all scopes of the identity', async () => {
  const { status, headers, json } = await assert(job.idToken(), { client_id: 'agent' });
  expect(status).toBe(200);
  expect(headers.get('cache-control')).toBe('no-store');
  expect(json).toEqual({
    access_token: expect.any(String),
    token_type: 'Bearer',
    expires_in: 900,
    scope: 'read_api write_api',
  });
  expect(await use(json['access_token'], 'POST', '/orders/x')).toBe(200);
  expect((await scenario.gateway.audited(headers.get('x-request-id'))).event).toMatchObject({
    reason: 'granted',
    outcome: 'success',
  });
});

test('scope and resource restrict the token', async () => {
  const { json } = await assert(job.idToken(), {
    scope: 'read_api',
    resource: 'https://gateway.example.com/orders',
  });
  expect(json['scope']).toBe('read_api');
  expect(await use(json['access_token'], 'GET', '/orders/x')).toBe(200);
  expect(await use(json['access_token'], 'POST', '/orders/x')).toBe(403);
  expect(await use(json['access_token'], 'GET', '/other/x')).toBe(401);
});

test('the audiences of the requested service apply', async () => {
  const aud = 'https://own.example.com';
  const resource = 'https://gateway.example.com/own';
  expect((await assert(job.idToken({ aud }))).json['error']).toBe('invalid_grant');
  expect((await assert(job.idToken(), { resource })).json['error']).toBe('invalid_grant');
  const { json } = await assert(job.idToken({ aud }), { resource });
  expect(await use(json['access_token'], 'GET', '/own/x')).toBe(200);
});

test.each<readonly [string, Record<string, string>, string]>([
  ['no assertion', { assertion: '' }, 'invalid_request'],
  ['a client secret', { client_secret: 'x' }, 'invalid_request'],
  ['a client assertion', { client_assertion: 'x' }, 'invalid_request'],
  ['a subject token', { subject_token: 'x' }, 'invalid_request'],
  ['an unknown resource', { resource: 'https://gateway.example.com/nowhere' }, 'invalid_target'],
  ['a resource of another host', { resource: 'https://evil.example.com/orders' }, 'invalid_target'],
  ['a resource without a grant', { resource: 'https://gateway.example.com/other' }, 'invalid_target'],
  ['a scope beyond the grants', { scope: 'read_api delete_api' }, 'invalid_scope'],
])('with %s: %s %s', async (_what, parameters, error) => {
  const { status, headers, json } = await assert(job.idToken(), parameters);
  expect([status, json['error']]).toEqual([400, error]);
  expect(json['error_description']).toContain(headers.get('x-request-id'));
});

test('a second credential in the head is refused', async () => {
  const assertion = { grant_type: `${GRANT}jwt-bearer`, assertion: job.idToken() };
  const basic = `Basic ${Buffer.from('edge:secret').toString('base64')}`;
  for (const headers of [{ Authorization: basic }, { 'Job-Token': job.token }]) {
    expect((await post(assertion, headers)).json['error']).toBe('invalid_request');
  }
});

test('every assertion that is not accepted has the same response', async () => {
  const minted = String((await assert(job.idToken())).json['access_token']);
  const assertions = [
    job.idToken({ project_id: '9' }),
    job.idToken({ aud: 'elsewhere' }),
    job.idToken({ exp: 1_000_000_000 }),
    `${job.idToken().slice(0, -8)}AAAAAAAA`,
    'hello',
    job.token,
    minted,
  ];
  const responses = new Set<string>();
  for (const assertion of assertions) {
    const { status, headers, json } = await assert(assertion);
    const id = headers.get('x-request-id') ?? '';
    responses.add(`${status} ${JSON.stringify(json).replaceAll(id, 'ID')}`);
  }
  expect([...responses]).toEqual([
    '400 {"error":"invalid_grant","error_description":"The token is not accepted. The audit log of the gateway contains the reason. (request id ID)"}',
  ]);
});

test('replay: once applies across both grants', async () => {
  const token = job.idToken();
  const exchange = {
    grant_type: `${GRANT}token-exchange`,
    subject_token: token,
    subject_token_type: `${TYPE}id_token`,
  };
  // A refused request does not use up the assertion.
  expect((await assert(token, { scope: 'delete_api' })).status).toBe(400);
  expect((await assert(token)).status).toBe(200);
  expect((await assert(token)).json['error']).toBe('invalid_grant');
  expect((await post(exchange)).json['error']).toBe('invalid_request');
});

test('the metadata lists the grant type', async () => {
  const response = await fetch(`${scenario.gateway.url}/.well-known/oauth-authorization-server`);
  const { grant_types_supported: grants } = (await response.json()) as Json;
  expect(grants).toContain(`${GRANT}jwt-bearer`);
});
