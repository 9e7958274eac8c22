/** The signals of a gateway whose Redis is unreachable: `/readyz`, `/status` and the log agree with the responses. */
import { expect } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { startHttpUpstream } from '../support/http-upstream.ts';
import { startIssuer, type TestIssuer } from '../support/issuer.ts';
import { needs } from '../support/needs.ts';
import { startRedis } from '../support/redis.ts';
import { startScenario } from '../support/scenario.ts';
import { startProcessScenario } from '../support/scenario/process.ts';

const NAME = 'ci@workload.example.com';

interface Status {
  readonly store: { readonly kind: string; readonly reachable: boolean; readonly lastSuccess: string | null };
  readonly signingKey: { readonly ready: boolean; readonly kid?: string; readonly detail?: string };
}

const backends = {
  redis: () => startRedis(),
  issuer: () => startIssuer(),
  upstream: () => startHttpUpstream((_req, res) => void res.end('ok')),
};

type Running = { readonly [Name in keyof typeof backends]: Awaited<ReturnType<(typeof backends)[Name]>> };

const config = ({
  redis,
  issuer,
  upstream,
}: Running) => `issuers: { gitlab: { type: gitlab, issuer: "${issuer.url}" } }
identities:
  ci: { issuer: gitlab, match: { project_id: "20" }, grants: [{ service: orders, scopes: [read_api], resources: ["**"] }] }
state: { redis: { url: "${redis.url}", timeout: 1s } }
workloadIdentities: { ${NAME}: { identity: ci } }
services: { orders: { type: http, path: /orders/, upstream: { url: "${upstream.url}/" } } }
`;

async function json<T>(url: string): Promise<T> {
  return (await (await fetch(url)).json()) as T;
}

const login = async ({ url }: { readonly url: string }, issuer: TestIssuer): Promise<number> => {
  const response = await fetch(`${url}/v1/auth:exchangeToken`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ token: issuer.mint({ project_id: '20' }), email: NAME }),
  });
  await response.text();
  return response.status;
};

needs('redis-server').describe('the signals while Redis is unreachable', () => {
  const { test } = needs('redis-server');

  test('a list of revocations that is too old: readyz fails with its age and effect, as every credential does', async () => {
    let ahead = 0;
    const { gateway, redis, issuer } = await startScenario<Running>({
      backends,
      config,
      clock: { now: () => Date.now() + ahead },
    });
    const headers = { Authorization: `Bearer ${issuer.mint({ project_id: '20' })}` };
    const statusOf = async () => (await fetch(`${gateway.url}/orders/x`, { headers })).status;
    await eventually('ready', async () => (await fetch(`${gateway.adminUrl}/readyz`)).status === 200);
    await eventually(
      'the signing key',
      async () => (await json<Status>(`${gateway.adminUrl}/status`)).signingKey.ready,
    );
    expect(await statusOf()).toBe(200);
    expect(await json(`${gateway.adminUrl}/status`)).toMatchObject({
      store: {
        kind: 'redis',
        reachable: true,
        degraded: false,
        lastSuccess: expect.stringMatching(/^\d{4}-/),
        revocations: { ageSeconds: expect.any(Number), maxAgeSeconds: 60, usable: true },
      },
    });

    await redis.kill();
    await eventually('it is reported', async () => {
      const { store } = await json<Status>(`${gateway.adminUrl}/status`);
      return !store.reachable;
    });
    ahead = 61_000;
    expect(await statusOf()).toBe(503);
    const readyz = await fetch(`${gateway.adminUrl}/readyz`);
    expect([readyz.status, await readyz.json()]).toEqual([
      503,
      {
        ready: false,
        checks: [
          { name: 'issuer gitlab', ok: true },
          {
            name: 'revocations',
            ok: false,
            detail: expect.stringMatching(
              /^read 6\d s ago, at most 60 s are accepted: every credential is refused with 503$/,
            ),
          },
          {
            name: 'store',
            ok: false,
            detail: 'Redis cannot be reached: changes are refused with 503',
          },
        ],
      },
    ]);
    expect(await json(`${gateway.adminUrl}/status`)).toMatchObject({
      store: {
        reachable: false,
        degraded: true,
        lastError: { at: expect.any(String), detail: expect.stringContaining('Redis: ') },
        revocations: { usable: false },
      },
    });

    await redis.restart();
    await eventually('ready again', async () => (await fetch(`${gateway.adminUrl}/readyz`)).status === 200);
    expect(await statusOf()).toBe(200);
  });

  test('the signing key is loaded in the background, reported once, and signs after Redis is lost', async () => {
    const redis = await startRedis();
    await redis.kill();
    const { gateway, issuer } = await startProcessScenario<Running>({
      backends: { ...backends, redis },
      config,
    });
    const said = (text: string) => gateway.log().filter(({ message }) => message.startsWith(text));
    const signingKey = async () => (await json<Status>(`${gateway.adminUrl}/status`)).signingKey;
    await eventually('a second attempt failed', async () => {
      const { ready, detail } = await signingKey();
      return !ready && detail !== undefined && said('no signing key available').length > 0;
    });
    expect(await (await fetch(`${gateway.adminUrl}/readyz`)).json()).toMatchObject({
      ready: false,
      checks: expect.arrayContaining([
        {
          name: 'signing key',
          ok: false,
          detail: expect.stringContaining('no token is issued, and issued tokens are refused with 503'),
        },
      ]),
    });

    await redis.restart();
    const { kid } = await eventually('the key is loaded without a login', async () => {
      const key = await signingKey();
      return key.ready && key;
    });
    expect(said('signing key ready')).toMatchObject([{ 'log.level': 'info', kid }]);
    expect(said('no signing key available')).toHaveLength(1);

    await eventually('ready', async () => (await fetch(`${gateway.adminUrl}/readyz`)).status === 200);
    await redis.kill();
    expect(await login(gateway, issuer)).toBe(200);
    await redis.close();
  });
});
