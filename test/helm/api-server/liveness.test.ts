/** `issuers.X.liveness` with the TokenReview and pod APIs of a real API server, and the rights of the chart. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { render } from '../../support/chart.ts';
import { commandLine } from '../../support/command-line.ts';
import { eventually } from '../../support/eventually.ts';
import { startRecordingUpstream } from '../../support/recording-upstream.ts';
import { startScenario } from '../../support/scenario.ts';
import { startCluster, type Cluster } from './servers.ts';

const AUDIENCE = 'https://gateway.example.com';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await startCluster();
  await kubectl('create', 'namespace', 'payments');
  await kubectl('create', 'serviceaccount', 'deployer', '-n', 'payments');
  await kubectl('create', 'serviceaccount', 'gatehouse', '-n', 'default');
});
afterAll(() => cluster.close());

async function kubectl(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await cluster.kubectl(...args);
  expect({ code, stdout, stderr }).toExitWith(0);
  return stdout.trim();
}

async function createPod(): Promise<void> {
  const overrides = { spec: { serviceAccountName: 'deployer' } };
  const run = ['run', 'deployer-0', '-n', 'payments', '--image=deployer:1', '--restart=Never'];
  await kubectl(...run, `--overrides=${JSON.stringify(overrides)}`);
}

const setPhase = (phase: string): Promise<string> => {
  const patch = JSON.stringify({ status: { phase } });
  return kubectl(
    'patch',
    'pod',
    'deployer-0',
    '-n',
    'payments',
    '--subresource=status',
    '--type=merge',
    '-p',
    patch,
  );
};

const podToken = (): Promise<string> => {
  const bound = ['--bound-object-kind=Pod', '--bound-object-name=deployer-0', `--audience=${AUDIENCE}`];
  return kubectl('create', 'token', 'deployer', '-n', 'payments', ...bound);
};

async function startGateway() {
  return startScenario({
    backends: { upstream: () => startRecordingUpstream() },
    files: {
      'ca.pem': readFileSync(cluster.caFile, 'utf8'),
      token: await kubectl('create', 'token', 'gatehouse', '-n', 'default'),
    },
    config: ({ upstream }) => `
issuers:
  cluster:
    type: kubernetes
    issuer: https://kubernetes.default.svc.cluster.local
    jwksUri: ${cluster.url}/openid/v1/jwks
    caFile: ca.pem
    bearerTokenFile: token
    liveness: { apiUrl: "${cluster.url}", tokenFile: token, cache: 1ms }
identities:
  deployer:
    issuer: cluster
    match: { /kubernetes.io/namespace: payments, /kubernetes.io/serviceaccount/name: deployer }
    grants: [{ service: orders, scopes: [read_api], resources: ["**"] }]
services:
  orders: { type: http, path: /orders/, upstream: { url: "${upstream.url}/" } }
`,
  });
}

test('a token is accepted while its pod runs, with the rights of the chart', async () => {
  await createPod();
  const scenario = await startGateway();
  const reason = async (token: string): Promise<string> => {
    const response = await scenario.respond('GET /orders/x', [`Authorization: Bearer ${token}`]);
    return (await scenario.audited(response)).event.reason;
  };
  const online = async (): Promise<string> =>
    (await commandLine(['check', '--config', join(scenario.gateway.folder, 'gatehouse.yaml'), '--online']))
      .stdout;
  const token = await podToken();

  // Without rights.
  expect(await reason(token)).toBe('issuer_unavailable');
  expect(await online()).toContain(
    'error: issuers.cluster.liveness: may not create tokenreviews in all namespaces',
  );
  const { manifests } = await render('kubernetes', 'rbac.liveness.enabled=true');
  const roles = manifests.filter(({ kind }) => /Role/.test(kind));
  const file = join(scenario.gateway.folder, 'roles.json');
  writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: roles }));
  await kubectl('apply', '-f', file);
  expect(await online()).toContain('ok: issuers.cluster.liveness: may create tokenreviews; may get pods');

  // A pod without a node is in phase Pending. A failure is cached for 5 s.
  await eventually('the rights apply', async () => (await reason(token)) === 'granted');
  await setPhase('Running');
  expect(await reason(token)).toBe('granted');

  await setPhase('Succeeded');
  expect(await reason(token)).toBe('job_not_running');

  // Without a cached result.
  const unused = await podToken();
  await kubectl('delete', 'pod', 'deployer-0', '-n', 'payments', '--force', '--grace-period=0');
  await createPod();
  // A successor of the same name has another uid.
  expect(await reason(await podToken())).toBe('granted');
  expect(await reason(unused)).toBe('job_not_running');
});
