/** M1: a token that was issued for one service never becomes a token for another one. */
import { hash } from 'node:crypto';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startGitlab } from '../support/gitlab.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import {
  createTokenClient,
  jsonOf,
  outcomeOf,
  payloadOf,
  tokenOf,
  type TokenClient,
} from '../support/token-client.ts';
import { useScenario } from '../support/scenario.ts';

const HOST = 'registry.example.com';
const MIXED = 'mixed.example.com';
const BOTH = ['repository:a/x:pull,push', 'repository:b/x:pull,push'];

let registry: TokenClient;
let mixed: TokenClient;
let main: TokenClient;

const grant = (service: string, scopes = 'read_registry, write_registry'): string =>
  `      - { service: ${service}, scopes: [${scopes}], resources: ["**"] }`;
const scenario = useScenario({
  backends: { issuer: () => startGitlab(), upstream: () => startRecordingUpstream() },
  config: ({ issuer, upstream }) => `
issuers: { gitlab: { type: gitlab, issuer: "${issuer.url}", jobTokens: { cache: 1ms } } }
identities:
  ci:
    issuer: gitlab
    via: [id_token, job_token]
    match: { project_id: "20" }
    grants:
${['rega', 'regb', 'mixed-root', 'mixed-a'].map((name) => grant(name)).join('\n')}
${grant('orders', 'read_api')}
${grant('own', 'read_registry')}
workloadIdentities:
  ci@workload.example.com: { identity: ci, audiences: ["https://exchange.example.com"] }
services:
  rega: { type: oci, hosts: [${HOST}], repositoryPrefix: a/, upstream: { url: "${upstream.url}" } }
  regb:
    type: oci
    hosts: [${HOST}]
    repositoryPrefix: b/
    anonymous: [{ scopes: [read_registry], resources: ["b/public/**"] }]
    upstream: { url: "${upstream.url}" }
  mixed-root: { type: oci, hosts: [${MIXED}], upstream: { url: "${upstream.url}" } }
  mixed-a: { type: oci, hosts: [${MIXED}], repositoryPrefix: a/, upstream: { url: "${upstream.url}" } }
  own: { type: oci, hosts: [own.example.com], audiences: ["https://own.example.com"], upstream: { url: "${upstream.url}" } }
  orders: { type: http, path: /orders/, upstream: { url: "${upstream.url}/" } }
`,
});
beforeAll(() => {
  [registry, mixed, main] = [HOST, MIXED, 'gateway.example.com'].map((host) =>
    createTokenClient(scenario.gateway.port, host),
  ) as [TokenClient, TokenClient, TokenClient];
});
afterEach(() => scenario.upstream.reset());

async function issuedFor(audience: string, scope?: string): Promise<string> {
  const parameters = { audience, ...(scope === undefined ? {} : { scope }) };
  return tokenOf(await main.exchange(scenario.issuer.mint(), parameters));
}

async function scopeAt(client: TokenClient, password: string, scopes = BOTH): Promise<unknown> {
  return jsonOf(await client.login(password, scopes))['scope'];
}

describe('/token of a host with two registries', () => {
  test.each([
    ['rega', 'repository:a/x:pull,push', 'a/x', 'b/x'],
    ['regb', 'repository:b/x:pull,push', 'b/x', 'a/x'],
  ])('a token for %s logs in and gets that registry alone', async (audience, scope, own, other) => {
    const source = await issuedFor(audience);
    const answer = await registry.login(source, BOTH);
    expect(jsonOf(answer)['scope']).toBe(scope);
    const issued = tokenOf(answer);
    // The source token, used directly, has the same access.
    for (const token of [source, issued]) {
      expect(outcomeOf(await registry.use(token, `GET /v2/${other}/tags/list`))).toBe(
        '401 audience_mismatch',
      );
      expect(scenario.upstream.bytes()).toBe('');
      expect(outcomeOf(await registry.use(token, `GET /v2/${own}/tags/list`))).toBe('200');
      expect(outcomeOf(await registry.use(token, 'GET /v2/'))).toBe('200');
      scenario.upstream.reset();
    }
  });

  test('the other registry refuses it, also for anonymous access', async () => {
    const source = await issuedFor('rega');
    const answer = await registry.login(source, ['repository:b/public/x:pull']);
    expect(jsonOf(answer)['scope']).toBeUndefined();
    const use = await registry.use(tokenOf(answer), 'GET /v2/b/public/x/tags/list');
    expect(outcomeOf(use)).toBe('401 audience_mismatch');
    expect(scenario.upstream.bytes()).toBe('');
  });

  test('a login without a scope adds no access, nor does a second or third login', async () => {
    const first = await registry.login(await issuedFor('rega'));
    expect(payloadOf(tokenOf(first))['access']).toEqual([]);
    expect(await scopeAt(registry, tokenOf(first))).toBeUndefined();
    const second = tokenOf(await registry.login(await issuedFor('rega'), ['repository:a/x:pull']));
    const third = tokenOf(await registry.login(second, BOTH));
    expect(await scopeAt(registry, third)).toBe('repository:a/x:pull');
    expect(outcomeOf(await registry.use(third, 'GET /v2/b/x/tags/list'))).toBe('401 audience_mismatch');
  });

  test('the scope of the source token is a limit, also if it names no repository', async () => {
    const source = await issuedFor('regb', 'read_registry');
    expect(await scopeAt(registry, source)).toBe('repository:b/x:pull');
    const all = tokenOf(await main.exchange(scenario.issuer.mint(), { scope: 'read_registry' }));
    expect(await scopeAt(registry, all)).toBe('repository:a/x:pull repository:b/x:pull');
  });

  test('the OAuth form of the endpoint behaves the same', async () => {
    const body = new URLSearchParams({
      grant_type: 'password',
      service: HOST,
      username: 'ci',
      password: await issuedFor('rega'),
      scope: BOTH.join(' '),
    }).toString();
    const lines = ['Content-Type: application/x-www-form-urlencoded'];
    const answer = await registry.request('POST /token', lines, body);
    expect(jsonOf(answer)['scope']).toBe('repository:a/x:pull,push');
  });

  test('ID tokens, tokens for all services and tokens of a workload identity reach both', async () => {
    const idToken = scenario.issuer.mint();
    const workload = await main.request(
      'POST /v1/auth:exchangeToken',
      ['Content-Type: application/json'],
      JSON.stringify({
        token: scenario.issuer.mint({ aud: 'https://exchange.example.com' }),
        email: 'ci@workload.example.com',
      }),
    );
    const all = [idToken, tokenOf(await main.exchange(idToken)), tokenOf(workload)];
    for (const password of all) expect(await scopeAt(registry, password)).toBe(BOTH.join(' '));
    const issued = tokenOf(await registry.login(all[2] ?? '', BOTH));
    for (const name of ['a/x', 'b/x']) {
      expect(outcomeOf(await registry.use(issued, `GET /v2/${name}/tags/list`))).toBe('200');
    }
  });

  test.each(['orders', 'mixed-a', 'urn:gatehouse:service:own'])(
    'a token for %s, a service of another host, cannot log in',
    async (audience) => {
      const source = audience.endsWith('own')
        ? tokenOf(await main.exchange(scenario.issuer.mint({ aud: 'https://own.example.com' }), { audience }))
        : await issuedFor(audience);
      expect(outcomeOf(await registry.login(source, BOTH))).toBe('401 audience_mismatch');
    },
  );

  test('a token of another host cannot log in', async () => {
    const elsewhere = tokenOf(await mixed.login(scenario.issuer.mint(), ['repository:a/x:pull']));
    expect(outcomeOf(await registry.login(elsewhere, BOTH))).toBe('401 audience_mismatch');
  });
});

test('the registries of a host send one GitLab request per job token', async () => {
  const { token } = scenario.issuer.job({ project: { id: 20, path: 'a/x' } });
  const before = scenario.issuer.count('job');
  // The allowlist binds job tokens to their own project.
  const answer = await registry.login(token, BOTH, 'gitlab-ci-token');
  expect(jsonOf(answer)['scope']).toBe('repository:a/x:pull,push');
  expect(scenario.issuer.count('job') - before).toBe(1);
});

describe('a registry without a prefix next to one with a prefix', () => {
  const everything = ['repository:a/x:pull', 'repository:x:pull', 'registry:catalog:*'];

  test.each([
    ['mixed-a', 'repository:a/x:pull', '/v2/x/tags/list'],
    ['mixed-root', 'repository:x:pull registry:catalog:*', '/v2/a/x/tags/list'],
  ])('a token for %s', async (audience, scope, elsewhere) => {
    const answer = await mixed.login(await issuedFor(audience), everything);
    expect(jsonOf(answer)['scope']).toBe(scope);
    const issued = tokenOf(answer);
    expect(outcomeOf(await mixed.use(issued, 'GET /v2/'))).toBe('200');
    expect(outcomeOf(await mixed.use(issued, `GET ${elsewhere}`))).toBe('401 audience_mismatch');
    expect(scenario.upstream.bytes()).toBe('');
  });

  test('the catalog belongs to the registry without a prefix', async () => {
    const narrow = tokenOf(await mixed.login(await issuedFor('mixed-a'), everything));
    expect(outcomeOf(await mixed.use(narrow, 'GET /v2/_catalog'))).toBe('401 audience_mismatch');
    const wide = tokenOf(await mixed.login(await issuedFor('mixed-root'), everything));
    expect(outcomeOf(await mixed.use(wide, 'GET /v2/_catalog'))).toBe('200');
  });
});

describe('a token that was issued from another one', () => {
  const USE = 'GET /v2/a/x/tags/list';
  const PULL = ['repository:a/x:pull'];

  async function line(): Promise<[first: string, second: string, third: string]> {
    const first = await issuedFor('rega');
    const second = tokenOf(await registry.login(first, PULL));
    return [first, second, tokenOf(await registry.login(second, PULL))];
  }

  const outcomes = (tokens: readonly string[]): Promise<string[]> =>
    Promise.all(tokens.map(async (token) => outcomeOf(await registry.use(token, USE))));

  async function revoke(body: object): Promise<void> {
    const { status } = await fetch(`${scenario.gateway.adminUrl}/revocations`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ ...body, reason: 'leaked' }),
    });
    expect(status).toBe(201);
  }

  const contentHash = (token: string): string => hash('sha256', token.slice(0, token.lastIndexOf('.')));

  test.each<[string, (token: string) => Promise<void>]>([
    ['its jti', (token) => revoke({ jti: payloadOf(token)['jti'], issuer: 'gitlab' })],
    ['its hash', (token) => revoke({ tokenHash: contentHash(token) })],
    ['the hash of the whole token', (token) => revoke({ tokenHash: hash('sha256', token) })],
    [
      'its holder',
      async (token) => {
        const body = new URLSearchParams({ token });
        expect((await fetch(`${scenario.gateway.url}/oauth/revoke`, { method: 'POST', body })).status).toBe(
          200,
        );
      },
    ],
  ])('is revoked with it, by %s, and revokes nothing before it', async (_what, revokeToken) => {
    const tokens = await line();
    expect(await outcomes(tokens)).toEqual(['200', '200', '200']);
    await revokeToken(tokens[1]);
    expect(await outcomes(tokens)).toEqual(['200', '401 revoked', '401 revoked']);
    expect(outcomeOf(await registry.login(tokens[2], PULL))).toBe('401 revoked');
    await revokeToken(tokens[0]);
    expect(await outcomes(tokens)).toEqual(['401 revoked', '401 revoked', '401 revoked']);
  });

  test('lists its parents, so the chain is limited', async () => {
    let token = await issuedFor('rega');
    for (let parents = 1; parents <= 4; parents++) token = tokenOf(await registry.login(token, PULL));
    expect(await outcomes([token])).toEqual(['200']);
    expect(outcomeOf(await registry.login(token, PULL))).toBe('401 credential_invalid');
  });
});

describe('other paths to convert tokens', () => {
  test('a registry with its own audiences refuses a login with a token for all services', async () => {
    const own = createTokenClient(scenario.gateway.port, 'own.example.com');
    const both = scenario.issuer.mint({ aud: ['https://gateway.example.com', 'https://own.example.com'] });
    const all = tokenOf(await main.exchange(both));
    expect(outcomeOf(await own.login(all, ['repository:x:pull']))).toBe('401 audience_mismatch');
    expect(await scopeAt(own, both, ['repository:x:pull'])).toBe('repository:x:pull');
  });

  test('no endpoint exchanges an issued token, independent of the declared type', async () => {
    for (const source of [
      await issuedFor('rega'),
      tokenOf(await registry.login(scenario.issuer.mint(), BOTH)),
      tokenOf(await main.exchange(scenario.issuer.mint())),
    ]) {
      for (const type of ['id_token', 'access_token'] as const) {
        for (const parameters of [{}, { audience: 'regb' }, { resource: `https://${HOST}/v2/b/` }]) {
          expect((await main.exchange(source, parameters, type)).status).toBe(400);
        }
      }
      const body = JSON.stringify({ token: source, email: 'ci@workload.example.com' });
      const lines = ['Content-Type: application/json'];
      expect((await main.request('POST /v1/auth:exchangeToken', lines, body)).status).toBe(401);
    }
  });

  test('two different targets are an invalid target', async () => {
    for (const parameters of [
      { audience: 'rega', resource: `https://${HOST}/v2/b/` },
      { audience: 'rega', resource: 'https://gateway.example.com' },
    ]) {
      const answer = await main.exchange(scenario.issuer.mint(), parameters);
      expect([answer.status, jsonOf(answer)['error']]).toEqual([400, 'invalid_target']);
    }
  });

  test('/v1/users/me describes a token for all services only', async () => {
    expect((await main.use(await issuedFor('rega'), 'GET /v1/users/me')).status).toBe(401);
    const issued = tokenOf(await registry.login(scenario.issuer.mint(), BOTH));
    expect((await main.use(issued, 'GET /v1/users/me')).status).toBe(401);
  });
});

test('tokens stay invalid for a prefix that moves to another service', async () => {
  const source = await issuedFor('rega');
  const issued = tokenOf(await registry.login(source, ['repository:a/x:pull']));
  const unbound = tokenOf(await registry.login(scenario.issuer.mint(), ['repository:a/x:pull']));
  const swap = (yaml: string): string =>
    yaml
      .replace('repositoryPrefix: a/', 'repositoryPrefix: c/')
      .replace('repositoryPrefix: b/', 'repositoryPrefix: a/')
      .replace('["b/public/**"]', '["a/public/**"]');
  expect(await scenario.gateway.reload(swap)).toBe(true);
  // The repository now belongs to `regb`, for which the source was never valid.
  expect(outcomeOf(await registry.use(issued, 'GET /v2/a/x/tags/list'))).toBe('401 audience_mismatch');
  expect(outcomeOf(await registry.use(source, 'GET /v2/a/x/tags/list'))).toBe('401 audience_mismatch');
  expect(scenario.upstream.bytes()).toBe('');
  expect(outcomeOf(await registry.use(unbound, 'GET /v2/a/x/tags/list'))).toBe('200');
});

test('a refused login at several registries counts as one failed attempt', async () => {
  const statuses: number[] = [];
  // `authFailures.perName` is 10.
  for (let n = 0; n < 11; n++) {
    statuses.push((await registry.login(`ghdt_edge_guess-${n}`, [], 'edge')).status);
  }
  expect(statuses).toEqual([...Array.from({ length: 10 }, () => 401), 429]);
});
