/** `/v1/auth:exchangeToken` and `/v1/users/me`, one request at a time. */
import { describe, expect, test } from 'vitest';
import { startIssuer } from '../support/issuer.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { useScenario } from '../support/scenario.ts';

const SELF_HOSTED = 'https://gitlab.example.com';

const scenario = useScenario({
  backends: { issuer: () => startIssuer(), upstream: () => startRecordingUpstream() },
  server: { limits: 'authFailures: { perAddress: 1000 }' },
  config: ({ issuer, upstream }) => `
issuers: { gitlab: { type: gitlab, issuer: "${issuer.url}" } }
identities:
  release: { issuer: gitlab, match: { project_id: "20", ref: main }, roles: [reader], tokenLifetime: 2m }
  anybody: { issuer: gitlab, match: { namespace_id: "7" }, roles: [] }
roles:
  reader:
    - { service: orders, scopes: [read_api], resources: ["/v1/**"] }
    - { service: files, scopes: [read_package_registry], resources: ["**"] }
    - { service: orders, scopes: [write_api], resources: ["/{claims.project_id}/**"] }
workloadIdentities:
  ci@workload.example.com: { identity: release, audiences: ["${SELF_HOSTED}"] }
  web@workload.example.com: { issuer: gitlab, projectId: "21", branches: [main, "release/*"], roles: [reader] }
  plain@workload.example.com: { identity: release }
services:
  files: { type: generic, path: /files/, upstream: { url: "${upstream.url}/" } }
  orders: { type: http, path: /orders/, upstream: { url: "${upstream.url}/" } }
  own: { type: http, path: /own/, audiences: ["https://own.example.com"], upstream: { url: "${upstream.url}/" } }
`,
});

interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly json: Readonly<Record<string, unknown>>;
}

async function call(path: string, init: RequestInit = {}): Promise<Reply> {
  const response = await fetch(`${scenario.gateway.url}${path}`, init);
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    json: text.startsWith('{') ? (JSON.parse(text) as Reply['json']) : {},
  };
}

function exchange(body: unknown, headers: Record<string, string> = {}): Promise<Reply> {
  return call('/v1/auth:exchangeToken', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

const bearer = (token: unknown): RequestInit => ({ headers: { Authorization: `Bearer ${String(token)}` } });
const mintFor = (claims: object = {}): string => scenario.issuer.mint({ aud: SELF_HOSTED, ...claims });

describe('a token for a workload identity', () => {
  test('is issued for an ID token with its audience, and is accepted by the services', async () => {
    const { status, headers, json } = await exchange({ token: mintFor(), email: 'ci@workload.example.com' });
    expect(status).toBe(200);
    expect(Object.keys(json)).toEqual(['accessToken']);
    expect(headers.get('cache-control')).toBe('no-store');
    const [, payload = ''] = String(json['accessToken']).split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
    expect(claims).toMatchObject({
      iss: 'https://gateway.example.com',
      aud: 'https://gateway.example.com',
      sub: 'release',
      email: 'ci@workload.example.com',
      scope: 'read_api read_package_registry write_api',
    });
    expect(Number(claims['exp']) - Number(claims['iat'])).toBe(120);
    expect((await call('/orders/v1/list', bearer(json['accessToken']))).status).toBe(200);
  });

  test('says who it is', async () => {
    const { json } = await exchange({ token: mintFor(), email: 'ci@workload.example.com' });
    const me = await call('/v1/users/me', bearer(json['accessToken']));
    expect(me.status).toBe(200);
    expect(me.json).toMatchObject({
      name: 'users/ci@workload.example.com',
      email: 'ci@workload.example.com',
      identity: 'release',
      credential: 'access_token',
      mintedFrom: 'id_token',
      roles: ['reader'],
      grants: [
        { service: 'orders', scopes: ['read_api'], resources: ['/v1/**'] },
        { service: 'files', scopes: ['read_package_registry'], resources: ['**'] },
        { service: 'orders', scopes: ['write_api'], resources: ['/20/**'] },
      ],
      claims: { project_id: '20', ref: 'main' },
    });
  });

  test.each<readonly [string, (token: string) => readonly [string, Record<string, string>]]>([
    ['Bearer', (token) => ['', { Authorization: `Bearer ${token}` }]],
    ['Basic', (token) => ['', { Authorization: `Basic ${btoa(`ci:${token}`)}` }]],
    ['Basic of job tokens', (token) => ['', { Authorization: `Basic ${btoa(`gitlab-ci-token:${token}`)}` }]],
    ['a bare Authorization', (token) => ['', { Authorization: token }]],
    ['JOB-TOKEN', (token) => ['', { 'JOB-TOKEN': token }]],
    ['Deploy-Token', (token) => ['', { 'Deploy-Token': token }]],
    ['PRIVATE-TOKEN', (token) => ['', { 'PRIVATE-TOKEN': token }]],
    ['the query', (token) => [`?private_token=${token}`, {}]],
    ['the query of job tokens', (token) => [`?job_token=${token}`, {}]],
  ])('is taken as %s', async (_carrier, at) => {
    const { json } = await exchange({ token: mintFor(), email: 'ci@workload.example.com' });
    const token = String(json['accessToken']);
    const [query, headers] = at(token);
    scenario.upstream.reset();
    expect((await call(`/files/a${query}`, { headers })).status).toBe(200);
    expect(scenario.upstream.bytes()).not.toContain(token);
  });

  test('of the shorthand is bound to project and branch, and matches only when requested', async () => {
    const web = { aud: undefined, project_id: '21', project_path: 'acme/web', job_project_id: '21' };
    const at = (ref: string, type = 'heads'): string =>
      scenario.issuer.mint({
        ...web,
        aud: 'https://gateway.example.com',
        ref,
        ref_path: `refs/${type}/${ref}`,
      });
    const email = 'web@workload.example.com';
    expect((await exchange({ token: at('main'), email })).status).toBe(200);
    expect((await exchange({ token: at('release/7'), email })).status).toBe(200);
    expect((await exchange({ token: at('release/7/x'), email })).status).toBe(401);
    expect((await exchange({ token: at('main', 'tags'), email })).status).toBe(401);
    const direct = await call('/v1/users/me', bearer(at('main')));
    expect(direct.json).toMatchObject({ identity: 'anybody' });
    const { json } = await exchange({ token: at('main'), email });
    expect((await call('/v1/users/me', bearer(json['accessToken']))).json).toMatchObject({ identity: email });
  });

  test('is rejected by a service with its own audiences', async () => {
    const { json } = await exchange({ token: mintFor(), email: 'ci@workload.example.com' });
    const { status, json: denied } = await call('/own/v1/list', bearer(json['accessToken']));
    expect([status, denied['error']]).toEqual([401, 'audience_mismatch']);
  });

  test('the token that is for the exchange opens nothing else', async () => {
    expect((await call('/orders/v1/list', bearer(mintFor()))).json).toMatchObject({
      error: 'audience_mismatch',
    });
    expect((await call('/v1/users/me', bearer(mintFor()))).status).toBe(401);
    const other = await exchange({ token: mintFor(), email: 'plain@workload.example.com' });
    expect(other.status).toBe(401);
  });
});

describe('every refusal has the same text', () => {
  const email = 'ci@workload.example.com';
  test.each<readonly [string, () => { token: string; email: string }, string]>([
    [
      'a name that there is not',
      () => ({ token: mintFor(), email: 'x@workload.example.com' }),
      'no_matching_identity',
    ],
    ['an identity’s name', () => ({ token: mintFor(), email: 'release' }), 'no_matching_identity'],
    ['another branch', () => ({ token: mintFor({ ref: 'dev' }), email }), 'no_matching_identity'],
    ['another project', () => ({ token: mintFor({ project_id: '9' }), email }), 'no_matching_identity'],
    ['another audience', () => ({ token: mintFor({ aud: 'x' }), email }), 'audience_mismatch'],
    ['an audience of another name', () => ({ token: scenario.issuer.mint(), email }), 'audience_mismatch'],
    ['an expired token', () => ({ token: mintFor({ exp: 1_000_000_000 }), email }), 'token_expired'],
    [
      'an unknown issuer',
      () => ({ token: mintFor({ iss: 'https://evil.example.com' }), email }),
      'issuer_unknown',
    ],
    [
      'a broken signature',
      () => ({ token: `${mintFor().slice(0, -8)}AAAAAAAA`, email }),
      'signature_invalid',
    ],
    ['no token at all', () => ({ token: 'hello', email }), 'credential_invalid'],
    ['a job token', () => ({ token: 'glcbt-64_x', email }), 'credential_invalid'],
  ])('%s', async (_what, request, reason) => {
    const { status, headers, json } = await exchange(request());
    const id = headers.get('x-request-id') ?? '';
    expect({ status, json, challenge: headers.get('www-authenticate') }).toEqual({
      status: 401,
      json: {
        code: 16,
        message: `The token is not accepted for this workload identity. The audit log of the gateway contains the reason. To see how the gateway understands a credential, send it to ${scenario.gateway.url}/v1/users/me. (request id ${id})`,
        details: [],
      },
      challenge: null,
    });
    expect((await scenario.gateway.audited(id)).event.reason).toBe(reason);
  });

  test('a minted token is not exchanged again', async () => {
    const { json } = await exchange({ token: mintFor(), email });
    expect((await exchange({ token: String(json['accessToken']), email })).status).toBe(401);
  });
});

describe('malformed requests', () => {
  test.each<readonly [string, () => Promise<Reply>, number, number]>([
    ['another method', () => call('/v1/auth:exchangeToken'), 405, 12],
    ['a form', () => exchange('token=x', { 'Content-Type': 'application/x-www-form-urlencoded' }), 415, 3],
    ['no JSON', () => exchange('{'), 400, 3],
    ['a member twice', () => exchange('{"token":"a","token":"b","email":"c@d"}'), 400, 3],
    ['no token', () => exchange({ email: 'ci@workload.example.com' }), 400, 3],
    ['a number as email', () => exchange({ token: 'x', email: 1 }), 400, 3],
    ['64 KiB and more', () => exchange({ token: 'x'.repeat(64 * 1024), email: 'a@b' }), 413, 3],
  ])('%s', async (_what, ask, status, code) => {
    const reply = await ask();
    expect([reply.status, reply.json['code']]).toEqual([status, code]);
    expect(reply.headers.get('cache-control')).toBe('no-store');
  });

  test('says which method there is', async () => {
    expect((await call('/v1/auth:exchangeToken')).headers.get('allow')).toBe('POST');
    expect((await call('/v1/users/me', { method: 'DELETE' })).headers.get('allow')).toBe('GET');
  });
});

describe('an unknown workload identity', () => {
  test('without a credential: 401 and a challenge without error', async () => {
    const { status, headers, json } = await call('/v1/users/me');
    expect([status, json['code']]).toEqual([401, 16]);
    expect(headers.get('www-authenticate')).toBe(`Bearer realm="127.0.0.1:${scenario.gateway.port}"`);
    const id = headers.get('x-request-id');
    expect(json['message']).toBe(
      `This request needs a credential. Send the token of your job, for example as "Authorization: Bearer TOKEN". (request id ${id})`,
    );
  });

  test('with a bad one: why', async () => {
    const { headers, json } = await call(
      '/v1/users/me',
      bearer(scenario.issuer.mint({ exp: 1_000_000_000 })),
    );
    expect(headers.get('www-authenticate')).toContain('error="invalid_token"');
    expect(json['message']).toContain('The token has expired');
    expect(json['message']).not.toContain('/v1/users/me');
  });

  test('with a good one that no identity matches: 403', async () => {
    const { status, json } = await call(
      '/v1/users/me',
      bearer(scenario.issuer.mint({ project_id: '9', namespace_id: '9' })),
    );
    expect([status, json['code']]).toEqual([403, 7]);
    expect(json['message']).not.toContain('/v1/users/me');
  });

  test('other endpoints name it', async () => {
    const { json } = await call('/v1/users/me/services');
    expect(json['message']).toContain(`send it to ${scenario.gateway.url}/v1/users/me.`);
  });
});
