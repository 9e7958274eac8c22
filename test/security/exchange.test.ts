/** Token exchange endpoints: refusals reveal nothing, and no token can be converted into another's (threats J10–J13, C6, B2, L3). */
import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { startIssuer } from '../support/issuer.ts';
import { mirrored } from '../support/malleable.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { useScenarioPerTest } from '../support/scenario.ts';

const NAME = 'ci@workload.example.com';
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const ID_TOKEN = 'urn:ietf:params:oauth:token-type:id_token';

const scenario = useScenarioPerTest({
  backends: { issuer: () => startIssuer(), upstream: () => startRecordingUpstream() },
  config: ({ issuer, upstream }) => `
issuers: { gitlab: { type: gitlab, issuer: "${issuer.url}" } }
identities:
  ci: { issuer: gitlab, match: { project_id: "20" }, roles: [reader] }
  other: { issuer: gitlab, match: { project_id: "30" }, roles: [reader] }
roles:
  reader: [{ service: orders, scopes: [read_api], resources: ["**"] }]
workloadIdentities:
  ${NAME}: { identity: ci }
  other@workload.example.com: { identity: other }
services:
  registry: { type: oci, upstream: { url: "${upstream.url}" } }
  orders: { type: http, path: /orders/, upstream: { url: "${upstream.url}/" } }
`,
});

interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

async function post(path: string, body: string, type: string): Promise<Reply> {
  const headers = { 'Content-Type': type };
  const response = await fetch(`${scenario.gateway.url}${path}`, { method: 'POST', headers, body });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

const byName = (token: string, email = NAME): Promise<Reply> =>
  post('/v1/auth:exchangeToken', JSON.stringify({ token, email }), 'application/json');

const form = (path: string, parameters: Record<string, string>): Promise<Reply> =>
  post(path, new URLSearchParams(parameters).toString(), 'application/x-www-form-urlencoded');

const byStandard = (token: string): Promise<Reply> =>
  form('/oauth/token', { grant_type: EXCHANGE, subject_token: token, subject_token_type: ID_TOKEN });

const byAssertion = (token: string): Promise<Reply> =>
  form('/oauth/token', { grant_type: JWT_BEARER, assertion: token });

const WAYS = [
  ['/v1/auth:exchangeToken', byName],
  ['/oauth/token', byStandard],
  ['/oauth/token, jwt-bearer', byAssertion],
] as const;

async function minted(): Promise<string> {
  const { text } = await byName(scenario.issuer.mint());
  return (JSON.parse(text) as { accessToken: string }).accessToken;
}

async function use(token: string): Promise<string> {
  const headers = { Authorization: `Bearer ${token}` };
  const response = await fetch(`${scenario.gateway.url}/orders/x`, { headers });
  return `${response.status} ${/"error":"(\w+)"/.exec(await response.text())?.[1] ?? ''}`.trim();
}

/** Header, payload and signature of a JWS. */
function parts(token: string): readonly [string, string, Buffer] {
  const [header = '', payload = '', signature = ''] = token.split('.');
  return [header, payload, Buffer.from(signature, 'base64url')];
}

describe.each(WAYS)('%s', (_path, exchange) => {
  test('J10: a token over 16 KiB is refused before it is parsed', async () => {
    expect((await exchange(scenario.issuer.mint())).status).toBe(200);
    const bomb = scenario.issuer.mint({ padding: 'x'.repeat(17 * 1024) });
    const before = scenario.issuer.requests.jwks;
    const { status, headers } = await exchange(bomb);
    expect(status).toBeGreaterThanOrEqual(400);
    expect((await scenario.gateway.audited(headers.get('x-request-id'))).event.reason).toBe(
      'request_malformed',
    );
    expect(scenario.issuer.requests.jwks).toBe(before);
    const { status: large } = await exchange('x'.repeat(70 * 1024));
    expect(large).toBe(413);
    expect((await exchange(scenario.issuer.mint())).status).toBe(200);
  });

  test('J12: unknown key ids cause few fetches, and their client is rate-limited', async () => {
    await exchange(scenario.issuer.mint());
    const before = scenario.issuer.requests.jwks;
    const statuses = new Set<number>();
    for (let i = 0; i < 100; i++) {
      const { status } = await exchange(scenario.issuer.mint({}, { header: { kid: `kid-${i}` } }));
      statuses.add(status);
    }
    expect(scenario.issuer.requests.jwks - before).toBeLessThanOrEqual(2);
    expect(statuses).toContain(429);
    // B2: a valid token is still accepted.
    expect((await exchange(scenario.issuer.mint())).status).toBe(200);
  });

  test('J1: HS256 with the public key, and no signature', async () => {
    const [, payload] = parts(scenario.issuer.mint());
    const encode = (header: object): string => Buffer.from(JSON.stringify(header)).toString('base64url');
    const { kid } = scenario.issuer.key;
    const hs256 = `${encode({ alg: 'HS256', kid, typ: 'JWT' })}.${payload}`;
    const mac = createHmac('sha256', JSON.stringify(scenario.issuer.published[0]))
      .update(hs256)
      .digest('base64url');
    const none = `${encode({ alg: 'none', kid })}.${payload}.`;
    for (const token of [`${hs256}.${mac}`, none]) expect((await exchange(token)).status).not.toBe(200);
  });

  test('a minted token is not exchanged, nor a token of the gateway with another typ', async () => {
    const token = await minted();
    expect((await exchange(token)).status).not.toBe(200);
    const [, payload, signature] = parts(token);
    const typ = Buffer.from(JSON.stringify({ alg: 'ES256', typ: 'JWT' })).toString('base64url');
    expect((await exchange(`${typ}.${payload}.${signature.toString('base64url')}`)).status).not.toBe(200);
  });
});

test('B2: invalid credentials at a registry login count as failed attempts', async () => {
  const { host } = new URL(scenario.gateway.url);
  const login = (password: string): Promise<Response> =>
    fetch(`${scenario.gateway.url}/token?service=${host}`, {
      headers: { Authorization: `Basic ${btoa(`ci:${password}`)}` },
    });
  const statuses = new Set<number>();
  for (let i = 0; i < 35; i++) statuses.add((await login(`guess-${i}`)).status);
  expect([...statuses]).toEqual([401, 429]);
  expect((await login(scenario.issuer.mint())).status).toBe(200);
});

test('J11: a revoked minted token stays revoked with every encoding of its signature', async () => {
  const token = await minted();
  const twin = mirrored(token);
  expect(twin).not.toBe(token);
  expect([await use(token), await use(twin)]).toEqual(['200', '200']);
  expect((await form('/oauth/revoke', { token })).status).toBe(200);
  expect([await use(token), await use(twin)]).toEqual(['401 revoked', '401 revoked']);
  for (const other of [`${token}=`, `${token} `, `${token}.`]) {
    expect((await use(other)).slice(0, 3)).toBe('401');
  }
});

test('C6: a revoked credential is not exchanged, and tokens minted from it are refused', async () => {
  const token = await minted();
  const revoke = (body: object): Promise<Response> =>
    fetch(`${scenario.gateway.adminUrl}/revocations`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ ...body, reason: 'leaked' }),
    });
  expect((await revoke({ identity: 'ci' })).status).toBe(201);
  expect(await use(token)).toBe('401 revoked');
  for (const [, exchange] of WAYS) expect((await exchange(scenario.issuer.mint())).status).not.toBe(200);
  const reply = await byName(scenario.issuer.mint());
  expect((await scenario.gateway.audited(reply.headers.get('x-request-id'))).event.reason).toBe('revoked');
});

test('no enumeration: a client with a valid token cannot discover other names', async () => {
  const ask = async (email: string): Promise<readonly [string, number]> => {
    const began = performance.now();
    const { status, headers, text } = await byName(scenario.issuer.mint(), email);
    const words = text.replaceAll(headers.get('x-request-id') ?? '', 'ID');
    const names = [...headers.keys()].toSorted().join();
    return [`${status} ${words} ${names}`, performance.now() - began];
  };
  const [there, not] = ['other@workload.example.com', 'nobody@workload.example.com'];
  const times = new Map<string, number[]>([
    [there, []],
    [not, []],
  ]);
  const words = new Set<string>();
  for (let i = 0; i < 200; i++) {
    for (const email of [there, not]) {
      const [said, took] = await ask(email);
      words.add(said);
      times.get(email)?.push(took);
    }
  }
  expect([...words]).toEqual([expect.stringMatching(/^401 /)]);
  const median = (email: string): number => (times.get(email) ?? []).toSorted((a, b) => a - b)[100] ?? 0;
  // Both cases verify a signature, which takes far longer than the remaining difference.
  expect(Math.abs(median(there) - median(not))).toBeLessThan(Math.max(1, median(not) / 3));
}, 60_000);

test('L3: no token in the audit log, independent of the outcome', async () => {
  const tokens = [scenario.issuer.mint(), scenario.issuer.mint({ project_id: '9' }), 'canary-7f3a'];
  for (const [, exchange] of WAYS) {
    for (const token of tokens) {
      const { headers, text } = await exchange(token);
      expect(text).not.toContain(token);
      await scenario.gateway.audited(headers.get('x-request-id'));
    }
  }
  const token = await minted();
  await form('/oauth/revoke', { token });
  const trail = scenario.gateway.auditText();
  for (const secret of [...tokens, token]) expect(trail).not.toContain(secret.split('.').at(-1));
});
