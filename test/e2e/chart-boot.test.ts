import { generateKeyPairSync } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:https';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createAuthority } from '../support/certificates.ts';
import { CI_VALUES, one, render, type Rendered } from '../support/chart.ts';
import { mountChart } from '../support/chart-pod.ts';
import { cleanUp } from '../support/clean-up.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { gatehouse, startGatewayProcess, type GatewayProcess } from '../support/gateway-process.ts';
import { needs } from '../support/needs.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { startRedis } from '../support/redis.ts';
import { run } from '../support/run.ts';

const keep = cleanUp();

const SIGNING_KEY = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  .privateKey.export({ type: 'pkcs8', format: 'pem' })
  .toString();
const AUTHORITY = createAuthority('chart');

/** Files that the values in `ci/` reference and that a cluster would mount. */
function secrets(redisUrl = 'rediss://redis.internal:6379'): Parameters<typeof mountChart>[1] {
  const { cert, key } = AUTHORITY.issue('DNS:localhost');
  return {
    'gatehouse-redis': { url: redisUrl, 'ca.crt': AUTHORITY.certificate },
    'gatehouse-signing': { 'signing.pem': SIGNING_KEY },
    'gatehouse-tls': { 'tls.crt': cert, 'tls.key': key },
  };
}

/** The chart has fixed ports; these tests run two instances on one host. */
async function ports(): Promise<readonly string[]> {
  return [`ports.http=${await freePort()}`, `ports.admin=${await freePort()}`];
}

function bearer(config: string): Readonly<Record<string, string>> {
  const file = join(config, '../../run/secrets/gatehouse-admin/token');
  return { Authorization: `Bearer ${readFileSync(file, 'utf8')}` };
}

describe('the configuration of the chart', () => {
  test.each(CI_VALUES.filter((name) => name !== 'existing'))(
    'is valid with the values of %s, in the pod and in the check before an upgrade',
    async (name) => {
      const rendered = await render(name);
      const pods = (['Deployment', 'Job'] as const).map((kind) =>
        keep(mountChart(rendered, secrets(), kind)),
      );
      const checks = await Promise.all(pods.map(({ config }) => gatehouse('check', '--config', config)));
      for (const { code, stdout, stderr } of checks) expect({ code, stdout, stderr }).toExitWith(0);
    },
  );

  test('the check before an upgrade fails for an error that no schema finds, and prints its position', async () => {
    const rendered = await render('kubernetes', 'config.identities[0].issuer=clutser');
    const pod = keep(mountChart(rendered, {}, 'Job'));
    const { code, stdout, stderr } = await gatehouse('check', '--config', pod.config);
    expect({ code, stdout, stderr }).toExitWith(1);
    expect(stdout + stderr).toMatch(
      /gatehouse\.yaml:\d+:\d+: identities\.worker\.issuer: no issuer is named "clutser"; did you mean "cluster"\?/,
    );
  });

  test('identities of a list keep their order', async () => {
    const pod = keep(mountChart(await render('kubernetes')));
    const claims = join(pod.config, 'claims.json');
    const sub = 'system:serviceaccount:billing:worker';
    writeFileSync(claims, JSON.stringify({ sub, 'kubernetes.io': { namespace: 'billing' } }));
    const asked = ['--issuer', 'cluster', '--claims', claims, '--json', '--method', 'PUT'];
    const url = 'https://gateway.example.com/ledger/x';
    const explain = await gatehouse('explain', '--config', pod.config, ...asked, '--url', url);
    // Sorted by name, "any-billing" would be the first match, and PUT would be denied.
    expect(JSON.parse(explain.stdout)).toMatchObject({
      explanation: { verdict: { kind: 'allow', identity: 'worker' } },
    });
  });

  test('starts the gateway: anonymous access, a refusal, and metrics with the admin token', async () => {
    const upstream = keep(await startRecordingUpstream());
    const url = `config.services.orders.upstream.url=${upstream.url}/`;
    const pod = keep(mountChart(await render('minimal', url, ...(await ports()))));
    const gateway = keep(await startGatewayProcess(pod.config));

    const open = await fetch(`${gateway.url}/orders/status`);
    expect([open.status, await open.text()]).toEqual([200, 'ok']);
    const refused = await fetch(`${gateway.url}/orders/v1/list`);
    expect([refused.status, await refused.json()]).toMatchObject([401, { error: 'no_credential' }]);
    expect(upstream.requests().length).toBe(1);
    expect((await fetch(`${gateway.adminUrl}/livez`)).status).toBe(200);
    expect((await fetch(`${gateway.adminUrl}/metrics`)).status).toBe(401);
    const metrics = await fetch(`${gateway.adminUrl}/metrics`, { headers: bearer(pod.config) });
    expect(await metrics.text()).toContain('gatehouse_build_info');
  });

  test('identities in text form keep their order', async () => {
    const pod = keep(mountChart(await render('config-files')));
    const claims = join(pod.config, 'claims.json');
    writeFileSync(claims, JSON.stringify({ project_id: '20', ref: 'main', ref_protected: 'true' }));
    const asked = ['--issuer', 'gitlab', '--claims', claims, '--json', '--method', 'PUT'];
    const url = 'https://gateway.example.com/orders/x';
    const explain = await gatehouse('explain', '--config', pod.config, ...asked, '--url', url);
    // The first one in the file, not the first one in Helm's sort order.
    expect(JSON.parse(explain.stdout)).toMatchObject({
      explanation: { verdict: { kind: 'allow', identity: 'release' } },
    });
  });

  test('with TLS, clients that trust the CA connect', async () => {
    const upstream = keep(await startRecordingUpstream());
    const url = `config.services.public.upstream.url=${upstream.url}/`;
    const pod = keep(mountChart(await render('tls', url, ...(await ports())), secrets()));
    const gateway = keep(await startGatewayProcess(pod.config));
    const agent = new Agent({ ca: AUTHORITY.certificate });
    const status = await new Promise((resolve, reject) => {
      const request = get({ host: 'localhost', port: gateway.port, path: '/public/x', agent }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      request.once('error', reject);
    });
    expect(status).toBe(200);
  });
});

needs('curl').test(
  'the tests of the chart pass with this gateway and fail with a server that accepts every request',
  async () => {
    const [port, adminPort] = [await freePort(), await freePort()];
    const set = [`ports.http=${port}`, `service.port=${port}`, `ports.admin=${adminPort}`];
    const rendered = await render('podmonitor', ...set);
    const pod = keep(mountChart(rendered));
    keep(await startGatewayProcess(pod.config));
    expect(await helmTests(rendered)).toEqual([0, 0]);

    const upstream = keep(await startRecordingUpstream());
    const careless = set.map((value) => value.replace(/\d+$/, String(upstream.port)));
    expect(await helmTests(await render('podmonitor', ...careless))).toEqual([0, 1]);
  },
);

/** Runs the script of the chart's test pod with its Service names resolved to loopback. */
async function helmTests(rendered: Rendered): Promise<readonly number[]> {
  const { containers } = one(rendered, 'Pod').spec as {
    containers: readonly { command: readonly [string, ...string[]]; args: readonly string[] }[];
  };
  const outcomes = containers.map(({ command: [file, ...first], args }) =>
    run(
      file,
      [...first, ...args].map((each) => each.replaceAll(/\/\/gatehouse(-admin)?:/g, '//127.0.0.1:')),
    ),
  );
  return (await Promise.all(outcomes)).map(({ code }) => code);
}

needs('redis-server').test(
  'replicas of one ConfigMap share keys and revocations',
  async () => {
    const redis = keep(await startRedis());
    const replica = async (): Promise<{
      gateway: GatewayProcess;
      headers: Readonly<Record<string, string>>;
    }> => {
      const rendered = await render('ha-redis', 'state.redis.caKey=', ...(await ports()));
      const pod = keep(mountChart(rendered, secrets(redis.url)));
      return { gateway: keep(await startGatewayProcess(pod.config)), headers: bearer(pod.config) };
    };
    const [a, b] = [await replica(), await replica()];
    const keys = async ({ url }: GatewayProcess): Promise<unknown> =>
      (await fetch(`${url}/.well-known/jwks.json`)).json();
    expect(await keys(a.gateway)).toMatchObject({ keys: [{ crv: 'P-256' }] });
    expect(await keys(b.gateway)).toEqual(await keys(a.gateway));

    const revoked = await fetch(`${a.gateway.adminUrl}/revocations`, {
      method: 'POST',
      headers: { ...a.headers, 'Content-Type': 'application/json' },
      body: JSON.stringify({ identity: 'payments', reason: 'test' }),
    });
    expect(revoked.status).toBe(201);
    await eventually('the other replica has the revocation', async () =>
      (await (await fetch(`${b.gateway.adminUrl}/revocations`, { headers: b.headers })).text()).includes(
        'payments',
      ),
    );
  },
  60_000,
);
