/** A third-party client reads the metadata, exchanges and revokes tokens, and verifies them with the published keys. */
import { createPublicKey, hash, verify } from 'node:crypto';
import * as client from 'openid-client';
import { beforeAll, expect, test } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { startHttpUpstream } from '../support/http-upstream.ts';
import { useJobScenario } from '../support/scenario/job.ts';

const SECRET = `ghdt_edge_${'7'.repeat(64)}`;
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const TYPE = 'urn:ietf:params:oauth:token-type:';

let port: number;
let publicUrl: string;
beforeAll(async () => {
  port = await freePort();
  publicUrl = `http://127.0.0.1:${port}`;
});

const scenario = useJobScenario({
  backends: () => ({ upstream: () => startHttpUpstream((_req, res) => void res.end('here')) }),
  get server() {
    return `server: { listen: "127.0.0.1:${port}", publicUrl: "${publicUrl}", admin: { listen: "127.0.0.1:0" }, limits: { drain: 500ms } }\n`;
  },
  config: ({ gitlab, upstream }) => `
issuers: { gitlab: { type: gitlab, issuer: "${gitlab.url}", jobTokens: {} } }
identities:
  ci:
    issuer: gitlab
    via: [id_token, job_token]
    match: { project_id: "20" }
    grants: [{ service: orders, scopes: [read_api, write_api], resources: ["**"] }]
deployTokens:
  edge:
    username: gitlab+edge
    secretHash: "sha256:${hash('sha256', SECRET)}"
    grants: [{ service: orders, scopes: [read_api], resources: ["**"] }]
services:
  orders: { type: http, path: /orders/, upstream: { url: "${upstream.url}/" } }
`,
});

function discover(id: string, how: client.ClientAuth): Promise<client.Configuration> {
  // Tests speak plain HTTP on loopback.
  return client.discovery(new URL(publicUrl), id, undefined, how, {
    algorithm: 'oauth2',
    execute: [client.allowInsecureRequests],
  });
}

const exchange = (config: client.Configuration, parameters: Record<string, string>) =>
  client.genericGrantRequest(config, EXCHANGE, parameters);

const use = async (token: string, method: string): Promise<number> =>
  (await fetch(`${publicUrl}/orders/x`, { method, headers: { Authorization: `Bearer ${token}` } })).status;

test('the metadata leads to a token that verifies with the published keys', async () => {
  const config = await discover('pipeline', client.None());
  const metadata = config.serverMetadata();
  expect(metadata).toMatchObject({ issuer: publicUrl, jwks_uri: `${publicUrl}/.well-known/jwks.json` });
  const tokens = await exchange(config, {
    subject_token: scenario.job.idToken({ aud: publicUrl }),
    subject_token_type: `${TYPE}id_token`,
    resource: `${publicUrl}/orders/`,
    scope: 'read_api',
  });
  expect(tokens).toMatchObject({ scope: 'read_api', issued_token_type: `${TYPE}access_token` });
  expect(tokens.expiresIn()).toBeGreaterThan(800);

  const [header = '', payload = '', signature = ''] = tokens.access_token.split('.');
  const read = (part: string): Record<string, unknown> =>
    JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as Record<string, unknown>;
  expect(read(header)).toMatchObject({ alg: 'ES256', typ: 'at+jwt' });
  const { keys } = (await (await fetch(String(metadata.jwks_uri))).json()) as {
    keys: Record<string, string>[];
  };
  const jwk = keys.find((each) => each['kid'] === read(header)['kid']);
  const key = createPublicKey({ key: jwk ?? {}, format: 'jwk' });
  const signed = Buffer.from(`${header}.${payload}`);
  const dsaEncoding = 'ieee-p1363';
  expect(verify('sha256', signed, { key, dsaEncoding }, Buffer.from(signature, 'base64url'))).toBe(true);
  expect(read(payload)).toMatchObject({ iss: publicUrl, aud: 'urn:gatehouse:service:orders', sub: 'ci' });

  expect([await use(tokens.access_token, 'GET'), await use(tokens.access_token, 'POST')]).toEqual([200, 403]);
});

test('an ID token is an assertion of RFC 7523', async () => {
  const config = await discover('pipeline', client.None());
  const grant = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
  expect(config.serverMetadata().grant_types_supported).toContain(grant);
  const parameters = { resource: `${publicUrl}/orders`, scope: 'read_api' };
  const tokens = await client.genericGrantRequest(config, grant, {
    assertion: scenario.job.idToken({ aud: publicUrl }),
    ...parameters,
  });
  expect([await use(tokens.access_token, 'GET'), await use(tokens.access_token, 'POST')]).toEqual([200, 403]);
  const refused = client.genericGrantRequest(config, grant, { assertion: scenario.job.token, ...parameters });
  await expect(refused).rejects.toMatchObject({ status: 400, error: 'invalid_grant' });
});

test('a job token is exchanged as an access token, and the issued token revoked', async () => {
  const config = await discover('pipeline', client.None());
  const { access_token } = await exchange(config, {
    subject_token: scenario.job.token,
    subject_token_type: `${TYPE}access_token`,
  });
  expect(await use(access_token, 'POST')).toBe(200);
  await client.tokenRevocation(config, access_token, { token_type_hint: 'access_token' });
  expect(await use(access_token, 'POST')).toBe(401);
});

test('a deploy token is a client secret', async () => {
  const config = await discover('gitlab+edge', client.ClientSecretBasic(SECRET));
  const { access_token, scope } = await client.clientCredentialsGrant(config, { scope: 'read_api' });
  expect(scope).toBe('read_api');
  expect([await use(access_token, 'GET'), await use(access_token, 'POST')]).toEqual([200, 403]);
});

test('refusals have the format of the standard', async () => {
  const config = await discover('pipeline', client.None());
  const subject = {
    subject_token: scenario.job.idToken({ aud: publicUrl }),
    subject_token_type: `${TYPE}id_token`,
  };
  const refusal = (parameters: Record<string, string>): Promise<unknown> =>
    exchange(config, { ...subject, ...parameters }).catch((error: unknown) => error);
  const body = { status: 400 };
  expect(await refusal({ audience: 'nowhere' })).toMatchObject({ ...body, error: 'invalid_target' });
  expect(await refusal({ scope: 'admin' })).toMatchObject({ ...body, error: 'invalid_scope' });
  expect(await refusal({ subject_token: 'x' })).toMatchObject({ ...body, error: 'invalid_request' });
  const stranger = await discover('gitlab+edge', client.ClientSecretBasic('wrong'));
  const refused = await client.clientCredentialsGrant(stranger).catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: 'OAUTH_WWW_AUTHENTICATE_CHALLENGE', status: 401 });
});
