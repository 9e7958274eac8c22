/** Two gateways with one Redis share issued tokens and revocations. */
import { beforeAll, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import type { TestGateway } from '../support/gateway.ts';
import { startHttpUpstream } from '../support/http-upstream.ts';
import { TENANT } from '../support/issuer-claims.ts';
import { startIssuer } from '../support/issuer.ts';
import { needs } from '../support/needs.ts';
import { startRedis } from '../support/redis.ts';
import { useScenario } from '../support/scenario.ts';
import { bothOf } from '../support/scenario/replicas.ts';

const NAME = 'ci@workload.example.com';

needs('redis-server').describe('two gateways, one Redis', () => {
  const scenario = useScenario({
    backends: {
      redis: () => startRedis(),
      issuer: () => startIssuer(),
      entra: () => startIssuer({ type: 'entra', issuer: `https://login.microsoftonline.com/${TENANT}/v2.0` }),
      upstream: () => startHttpUpstream((_req, res) => void res.end('here')),
    },
    // Both start at the same time and need the one generated key.
    replicas: 2,
    config: ({ redis, issuer, entra, upstream }) => `
state: { redis: { url: "${redis.url}", timeout: 1s } }
issuers:
  gitlab: { type: gitlab, issuer: "${issuer.url}", replay: once }
  entra: { type: entra, issuer: "${entra.url}", jwksUri: "${entra.jwksUri}", replay: once }
identities:
  ci: { issuer: gitlab, match: { project_id: "20" }, roles: [reader] }
  app: { issuer: entra, match: { azp: 33333333-4444-4555-8666-777777777777 }, roles: [reader] }
roles:
  reader: [{ service: orders, scopes: [read_api], resources: ["**"] }]
workloadIdentities:
  ${NAME}: { identity: ci }
  app@workload.example.com: { identity: app }
services:
  orders: { type: http, path: /orders/, upstream: { url: "${upstream.url}/" } }
`,
  });
  let one: TestGateway;
  let two: TestGateway;
  beforeAll(async () => {
    [one, two] = bothOf(scenario);
    // A replica without a store connection responds with 503; an orchestrator sends no traffic before it is ready.
    for (const { adminUrl } of [one, two]) {
      await eventually(
        'the replica is ready',
        async () => (await fetch(`${adminUrl}/readyz`)).status === 200,
      );
    }
  });

  const exchange = (at: TestGateway, token: string, email = NAME): Promise<Response> =>
    fetch(`${at.url}/v1/auth:exchangeToken`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ token, email }),
    });

  async function minted(at: TestGateway): Promise<string> {
    const response = await exchange(at, scenario.issuer.mint());
    expect(response.status).toBe(200);
    return ((await response.json()) as { accessToken: string }).accessToken;
  }

  const use = async (at: TestGateway, token: string): Promise<number> =>
    (await fetch(`${at.url}/orders/x`, { headers: { Authorization: `Bearer ${token}` } })).status;

  test('a token of one is valid at the other, and after revocation at neither', async () => {
    const token = await minted(one);
    expect([await use(one, token), await use(two, token)]).toEqual([200, 200]);
    const revoked = await fetch(`${two.url}/oauth/revoke`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ token }).toString(),
    });
    expect(revoked.status).toBe(200);
    expect(await use(two, token)).toBe(401);
    await eventually(
      'the other refuses it within a second',
      async () => (await use(one, token)) === 401,
      1_000,
    );
  });

  test('both publish the same keys', async () => {
    const [a, b] = await Promise.all(
      [one, two].map(async ({ url }) => (await fetch(`${url}/.well-known/jwks.json`)).text()),
    );
    expect(a).toBe(b);
  });

  test.each<readonly [string, () => string, string]>([
    ['jti', () => scenario.issuer.mint(), NAME],
    ['uti', () => scenario.entra.mint(), 'app@workload.example.com'],
  ])('an ID token (%s) sent to both at once is exchanged once', async (_claim, mint, email) => {
    const token = mint();
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_each, index) => exchange(index % 2 === 0 ? one : two, token, email)),
    );
    const statuses = answers.map(({ status }) => status).toSorted((a, b) => a - b);
    expect(statuses).toEqual([200, ...Array<number>(19).fill(401)]);
  });

  test('an ID token without an id is not exchanged with replay: once', async () => {
    expect((await exchange(one, scenario.issuer.mint({ jti: undefined }))).status).toBe(401);
  });

  test('without Redis the exchange returns 503, and other requests succeed', async () => {
    const token = await minted(one);
    const fresh = scenario.issuer.mint();
    await scenario.redis.kill();
    const answer = await exchange(one, fresh);
    expect([answer.status, answer.headers.has('retry-after')]).toEqual([503, true]);
    expect(((await answer.json()) as { code: number }).code).toBe(14);
    expect(await use(one, token)).toBe(200);
    expect(await use(one, scenario.issuer.mint())).toBe(200);
    await scenario.redis.restart();
    // The failed exchange has not used up the ID token.
    await eventually('exchanged again', async () => (await exchange(one, fresh)).status === 200, 15_000);
  }, 60_000);
});
