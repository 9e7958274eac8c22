import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CHART, CI_VALUES, render, valuesFile } from '../../support/chart.ts';
import { eventually } from '../../support/eventually.ts';
import type { Outcome } from '../../support/run.ts';
import { startNodes } from './nodes.ts';
import { startCluster, type Cluster } from './servers.ts';

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-chart-'));
let cluster: Cluster;
let nodes: ReturnType<typeof startNodes>;
beforeAll(async () => {
  cluster = await startCluster();
  nodes = startNodes(cluster);
});
afterAll(async () => {
  await nodes.close();
  cluster.close();
  rmSync(folder, { recursive: true });
});

/** A namespace in which the API server refuses pods that do not fit "restricted", and warns about their controllers. */
async function namespace(name: string): Promise<string> {
  await cluster.kubectl('create', 'namespace', name);
  const labels = ['enforce', 'warn'].map((mode) => `pod-security.kubernetes.io/${mode}=restricted`);
  await cluster.kubectl('label', 'namespace', name, ...labels);
  await eventually('a service account', () => cluster.get('serviceaccount', 'default', '-n', name), 20_000);
  return name;
}

/** `helm install`, or `helm upgrade`, with `ci/VALUES-values.yaml`. */
function release(
  verb: 'install' | 'upgrade',
  space: string,
  values: string,
  ...set: readonly string[]
): Promise<Outcome> {
  const overrides = set.flatMap((each) => ['--set', each]);
  return cluster.helm(verb, 'gatehouse', CHART, '-n', space, '-f', valuesFile(values), ...overrides);
}

/** The ids of the gateway's pods: the same ids, the same pods. */
async function podsOf(space: string): Promise<string[]> {
  const { items } = (await cluster.get('pods', '-n', space, '-l', 'app.kubernetes.io/name=gatehouse')) as {
    readonly items: readonly { readonly metadata: { readonly uid: string } }[];
  };
  return items.map(({ metadata }) => metadata.uid);
}

async function replicasOf(space: string): Promise<number | undefined> {
  const deployment = await cluster.get('deployment', 'gatehouse', '-n', space);
  return (deployment as { readonly spec: { readonly replicas?: number } }).spec.replicas;
}

/** Kinds of other projects, whose definitions are not installed. */
const FOREIGN = /^(?:Certificate|HTTPRoute|ScaledObject|ServiceMonitor|PodMonitor|PrometheusRule)$/;

test.each(CI_VALUES)('the API server accepts all objects of %s, without a warning', async (name) => {
  const space = await namespace(`values-${name}`);
  const { manifests } = await render(name, `namespaceOverride=${space}`);
  if (name === 'existing') await cluster.kubectl('create', 'serviceaccount', 'gateway', '-n', space);
  const items = manifests.filter(({ kind }) => !FOREIGN.test(kind));
  const file = join(folder, `${name}.json`);
  writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  const outcome = await cluster.kubectl('apply', '--server-side', '--dry-run=server', '-f', file);
  expect(outcome).toMatchObject({ code: 0, stderr: '' });
});

describe('a configuration with an error', () => {
  test('fails the upgrade and the rollback, and the running pod stays', async () => {
    const space = await namespace('errors');
    expect(await release('install', space, 'minimal')).toExitWith(0);
    const before = await eventually('a pod', async () => {
      const pods = await podsOf(space);
      return pods.length === 1 && pods;
    });

    const unknown = await release('upgrade', space, 'minimal', 'config.services.orders.upstrem=x');
    expect(unknown.stderr).toContain("additional properties 'upstrem' not allowed");
    const dangling = await release('upgrade', space, 'minimal', 'config.identities.payments.issuer=gitlba');
    expect(dangling.stderr).toContain('pre-upgrade hooks failed');
    const check = JSON.stringify(
      await cluster.get('pods', '-n', space, '-l', 'app.kubernetes.io/name=gatehouse-check'),
    );
    expect(check).toContain(String.raw`no issuer is named \"gitlba\"; did you mean \"gitlab\"?`);
    expect(await cluster.helm('rollback', 'gatehouse', '2', '-n', space)).not.toExitWith(0);
    expect(await podsOf(space)).toEqual(before);
    // Helm leaves the release in pending-rollback, which ends with a rollback that succeeds.
    expect((await cluster.helm('rollback', 'gatehouse', '1', '-n', space)).stderr).toBe('');
    expect(await podsOf(space)).toEqual(before);

    const corrected = await release(
      'upgrade',
      space,
      'minimal',
      'config.server.publicUrl=https://b.example.com',
    );
    expect(corrected).toExitWith(0);
    await eventually('another pod', async () => (await podsOf(space)).some((id) => !before.includes(id)));
    expect(await cluster.get('job', 'gatehouse-check', '-n', space)).toBeUndefined();
  });
});

test('the number of pods stays when the autoscaler is turned on, and when it has changed it', async () => {
  const space = await namespace('autoscaler');
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const secret = (name: string, file: string, text: string): Promise<Outcome> =>
    cluster.kubectl('create', 'secret', 'generic', name, '-n', space, `--from-literal=${file}=${text}`);
  await secret('gatehouse-redis', 'url', 'rediss://redis.internal:6379');
  await secret('gatehouse-signing', 'signing.pem', key);
  const upgrade = (...set: readonly string[]): Promise<Outcome> =>
    release('upgrade', space, 'ha-redis', 'state.redis.caKey=', ...set);

  const fixed = ['state.redis.caKey=', 'autoscaling.enabled=false', 'replicaCount=3'];
  expect(await release('install', space, 'ha-redis', ...fixed)).toExitWith(0);
  expect((await upgrade()).stderr).toBe('');
  expect(await replicasOf(space)).toBe(3);
  await cluster.kubectl('scale', 'deployment', 'gatehouse', '-n', space, '--replicas=5');
  expect((await upgrade('config.server.publicUrl=https://b.example.com')).stderr).toBe('');
  expect(await replicasOf(space)).toBe(5);
});

test('the volume survives helm uninstall, and the next installation uses it', async () => {
  const space = await namespace('volume');
  expect(await release('install', space, 'persistence')).toExitWith(0);
  const uidOf = async (): Promise<unknown> =>
    ((await cluster.get('pvc', 'gatehouse-state', '-n', space)) as { metadata: { uid: string } }).metadata
      .uid;
  const before = await uidOf();
  const { stdout } = await cluster.helm('uninstall', 'gatehouse', '-n', space);
  expect(stdout).toContain('[PersistentVolumeClaim] gatehouse-state');
  expect(await uidOf()).toBe(before);
  expect(await release('install', space, 'persistence')).toExitWith(0);
  expect(await uidOf()).toBe(before);
});

test('objects of the release go to namespaceOverride, and kinds without a namespace are accepted', async () => {
  const [space, other] = [await namespace('release'), await namespace('elsewhere')];
  const objects = [
    'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: own',
    'apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: listed',
    'apiVersion: resource.k8s.io/v1\nkind: DeviceClass\nmetadata:\n  name: not-listed\nspec: {}',
  ].map((text, index) => `extraObjects[${index}]=${text.replaceAll(/[{}]/g, String.raw`\$&`)}`);
  const outcome = await release('install', space, 'minimal', `namespaceOverride=${other}`, ...objects);
  expect(outcome).toExitWith(0);
  expect(await cluster.get('configmap', 'own', '-n', other)).toBeDefined();
  expect(await cluster.get('deployment', 'gatehouse', '-n', other)).toBeDefined();
  expect(await cluster.get('clusterrole', 'listed')).toBeDefined();
  expect(await cluster.get('deviceclass', 'not-listed')).toBeDefined();
});

test('the pods of a kubernetes issuer get the files of their service account', async () => {
  const space = await namespace('in-cluster');
  expect(await release('install', space, 'kubernetes')).toExitWith(0);
  await eventually('a pod', async () => (await podsOf(space)).length === 1);
  const pods = await cluster.get('pods', '-n', space);
  expect(JSON.stringify(pods)).toContain('"mountPath":"/var/run/secrets/kubernetes.io/serviceaccount"');
});
