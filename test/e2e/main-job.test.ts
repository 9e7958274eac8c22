/** The main use case with real components: a third-party OpenID provider, curl, the gateway process, and nginx. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { curl } from '../support/curl.ts';
import { eventually } from '../support/eventually.ts';
import { startGatewayProcess, type GatewayProcess } from '../support/gateway-process.ts';
import { defaultClaims } from '../support/issuer-claims.ts';
import { startIssuer, type TestIssuer } from '../support/issuer.ts';
import { needs } from '../support/needs.ts';
import { startNginx, type Nginx } from '../support/nginx.ts';
import { startOpenIdProvider, type OpenIdProvider } from '../support/openid-provider.ts';
import {
  APPLICATION,
  AUDIENCE,
  CLUSTER,
  SEEN,
  UPSTREAM_SECRET,
  V1,
  V2,
  mainJobPolicy,
} from './main-job-policy.ts';

const GITLAB_JOB = {
  ...defaultClaims('gitlab'),
  sub: 'project_path:acme/payments:ref_type:branch:ref:main',
};

needs('nginx', 'curl').describe('the main job', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-main-job-'));
  let provider: OpenIdProvider;
  let cluster: TestIssuer;
  let entra: TestIssuer;
  let nginx: Nginx;
  let gateway: GatewayProcess;
  const presented: string[] = [];

  beforeAll(async () => {
    [provider, cluster, entra, nginx] = await Promise.all([
      startOpenIdProvider(),
      startIssuer({ type: 'kubernetes', issuer: CLUSTER }),
      // The hosts of these issuers are not available on loopback, so their keys come from files.
      startIssuer({ type: 'entra', issuer: V2, audience: APPLICATION }),
      startNginx(SEEN),
    ]);
    writeFileSync(join(folder, 'cluster.json'), JSON.stringify({ keys: cluster.published }));
    writeFileSync(join(folder, 'entra.json'), JSON.stringify({ keys: entra.published }));
    writeFileSync(join(folder, 'gatehouse.yaml'), mainJobPolicy(provider.url, nginx.url));
    gateway = await startGatewayProcess(join(folder, 'gatehouse.yaml'));
    await eventually('/readyz', async () => (await fetch(`${gateway.adminUrl}/readyz`)).ok);
  });

  afterAll(async () => {
    await Promise.all([gateway, nginx, provider, cluster, entra].map((part) => part?.close()));
    rmSync(folder, { recursive: true, force: true });
  });

  const { test } = needs('nginx', 'curl');
  let forwarded = 0;

  /** Sends a request with this token; returns the headers that nginx received. */
  async function ask(path: string, token: string | undefined, ...more: string[]) {
    if (token !== undefined) presented.push(token);
    const bearer = token === undefined ? [] : ['-H', `Authorization: Bearer ${token}`];
    const before = forwarded;
    const answer = await curl(...bearer, ...more, gateway.url + path);
    if (answer.status === 200) forwarded += 1;
    const received = (await nginx.accesses(forwarded)).slice(before);
    return { ...answer, received };
  }

  test('a job of the project reads: 200, and nginx receives its identity', async () => {
    const token = await provider.token(AUDIENCE, GITLAB_JOB);
    const { status, body, received } = await ask('/orders/v1/acme/payments/list?page=2', token);
    expect(status).toBe(200);
    expect(JSON.parse(body)).toEqual({ seen: '/api/v1/acme/payments/list?page=2', as: 'payments-ci' });
    expect(received).toEqual([
      {
        method: 'GET',
        uri: '/api/v1/acme/payments/list?page=2',
        authorization: '',
        'job-token': '',
        'private-token': '',
        'proxy-authorization': '',
        cookie: '',
        'x-auth-identity': 'payments-ci',
        'x-auth-subject': GITLAB_JOB.sub,
        'x-auth-issuer': provider.url,
        'x-auth-credential': 'id_token',
        'x-auth-scopes': 'read_api',
        'x-forwarded-for': '127.0.0.1',
        'x-forwarded-host': `127.0.0.1:${gateway.port}`,
        'x-project': 'acme/payments',
        'x-request-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
        'x-upstream-key': UPSTREAM_SECRET,
      },
    ]);
  });

  test('as Basic password, the form of package clients: the same result', async () => {
    const token = await provider.token(AUDIENCE, GITLAB_JOB);
    presented.push(token, Buffer.from(`ci:${token}`).toString('base64'));
    const { status, received } = await ask('/orders/v1/acme/payments/list', undefined, '-u', `ci:${token}`);
    expect(status).toBe(200);
    expect(received).toMatchObject([{ 'x-auth-identity': 'payments-ci', authorization: '' }]);
  });

  test('a request that is not granted: 403, with the next step and the request id', async () => {
    const token = await provider.token(AUDIENCE, GITLAB_JOB);
    const { status, headers, body, received } = await ask('/orders/v1/acme/web/list', token);
    expect({ status, received }).toEqual({ status: 403, received: [] });
    expect(JSON.parse(body)).toEqual({
      error: 'resource_not_granted',
      message: expect.any(String),
      hint: expect.stringContaining('/v1/users/me'),
      request_id: headers.get('x-request-id'),
    });
  });

  test('a job of another project: 403', async () => {
    const token = await provider.token(AUDIENCE, {
      ...GITLAB_JOB,
      project_id: '99',
      project_path: 'evil/app',
    });
    const { status, body, received } = await ask('/orders/v1/acme/payments/list', token);
    expect({ status, received }).toEqual({ status: 403, received: [] });
    expect(JSON.parse(body)).toMatchObject({ error: 'no_matching_identity' });
  });

  test('no token: 401 with one challenge', async () => {
    const { status, headers, body, received } = await ask('/orders/v1/acme/payments/list', undefined);
    expect({ status, received }).toEqual({ status: 401, received: [] });
    expect(headers.get('www-authenticate')).toBe(
      `Bearer realm="127.0.0.1:${gateway.port}", scope="read_api", resource_metadata="https://gateway.example.com/.well-known/oauth-protected-resource/orders"`,
    );
    expect(JSON.parse(body)).toMatchObject({ error: 'no_credential' });
  });

  test('a token for another audience: 401', async () => {
    const token = await provider.token('https://elsewhere.example.com', GITLAB_JOB);
    const { status, headers, body, received } = await ask('/orders/v1/acme/payments/list', token);
    expect({ status, received }).toEqual({ status: 401, received: [] });
    expect(headers.get('www-authenticate')).toContain('error="invalid_token"');
    expect(JSON.parse(body)).toMatchObject({ error: 'audience_mismatch' });
  });

  test('spoofed identity headers: nginx receives the verified identity once', async () => {
    const token = await provider.token(AUDIENCE, GITLAB_JOB);
    const spoofed = [
      'X-Auth-Identity: admin',
      'x-auth-identity: admin',
      'X_Auth_Identity: admin',
      'X-Project: evil',
    ];
    const more = spoofed.flatMap((header) => ['-H', header]);
    const { status, received } = await ask('/orders/v1/acme/payments/list', token, ...more);
    expect(status).toBe(200);
    expect(received).toMatchObject([{ 'x-auth-identity': 'payments-ci', 'x-project': 'acme/payments' }]);
    expect(nginx.everything()).not.toContain('admin');
  });

  test('a Kubernetes service account, its keys from a file', async () => {
    const { status, received } = await ask('/ledger/v1/tenants/payments/list', cluster.mint());
    expect(status).toBe(200);
    expect(received).toMatchObject([
      {
        uri: '/v1/tenants/payments/list',
        'x-auth-identity': 'tenants',
        'x-auth-subject': 'system:serviceaccount:payments:deployer',
        'x-auth-issuer': CLUSTER,
      },
    ]);
    const other = await ask('/ledger/v1/tenants/billing/list', cluster.mint());
    expect({ status: other.status, received: other.received }).toEqual({ status: 403, received: [] });
  });

  for (const [version, claims, issuer] of [
    ['v2', {}, V2],
    ['v1', { iss: V1, aud: `api://${APPLICATION}`, ver: '1.0', appid: 'a', azp: undefined }, V1],
  ] as const) {
    test(`an Entra token ${version}, its keys from a file`, async () => {
      const { status, received } = await ask('/reports/v1/list', entra.mint(claims));
      expect(status).toBe(200);
      expect(received).toMatchObject([{ 'x-auth-identity': 'reader', 'x-auth-issuer': issuer }]);
      const stranger = await ask('/reports/v1/list', entra.mint({ ...claims, oid: 'someone-else' }));
      expect({ status: stranger.status, received: stranger.received }).toEqual({ status: 403, received: [] });
    });
  }

  test('issuers are separate: a token of one issuer signed with the key of another is refused', async () => {
    const forged = entra.mint({ iss: CLUSTER, aud: AUDIENCE });
    const { status, received } = await ask('/ledger/v1/tenants/payments/list', forged);
    expect({ status, received }).toEqual({ status: 401, received: [] });
  });

  // The last test: it checks the output of all tests above.
  test('no credential is in the requests to nginx or in the output of the gateway', () => {
    const { stdout, stderr } = gateway.output();
    const written = { nginx: nginx.everything(), stdout, stderr };
    // The log contains every header of every request.
    expect(written.nginx).toContain('http header: "X-Auth-Identity: payments-ci"');
    expect(written.stdout).toContain('"payments-ci"');
    expect(presented.length).toBeGreaterThan(10);
    for (const token of presented) {
      const [, payload = token, signature = token] = token.split('.');
      for (const part of [token, payload, signature])
        for (const text of Object.values(written)) expect(text.includes(part)).toBe(false);
    }
    expect(stdout + stderr).not.toContain(UPSTREAM_SECRET);
  });
});
