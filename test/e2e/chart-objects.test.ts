/** Objects of the chart that other charts and cluster policies have conventions for. */
import { describe, expect, test } from 'vitest';
import { CI_VALUES, one, render, type Manifest } from '../support/chart.ts';

interface Container {
  readonly name: string;
  readonly securityContext?: {
    readonly allowPrivilegeEscalation?: boolean;
    readonly capabilities?: { readonly drop?: readonly string[]; readonly add?: readonly string[] };
  };
}

interface PodSpec {
  readonly automountServiceAccountToken: boolean;
  readonly serviceAccountName: string;
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly securityContext: object;
  readonly volumes?: readonly Readonly<Record<string, unknown>>[];
}

function podSpecs(manifests: readonly Manifest[]): PodSpec[] {
  return manifests.flatMap(({ kind, spec }) => {
    if (kind === 'Pod') return [spec as PodSpec];
    if (kind !== 'Deployment' && kind !== 'Job') return [];
    return [(spec as { readonly template: { readonly spec: PodSpec } }).template.spec];
  });
}

const podOf = async (name: string, ...set: readonly string[]): Promise<PodSpec | undefined> =>
  podSpecs([one(await render(name, ...set), 'Deployment')])[0];

/** https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted */
const RESTRICTED_VOLUMES = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'persistentVolumeClaim',
  'projected',
  'secret',
];

test.each(CI_VALUES)('all pods of %s fit the Pod Security Standard "restricted"', async (name) => {
  const pods = podSpecs((await render(name)).manifests);
  expect(pods).toHaveLength(3);
  for (const pod of pods) {
    expect(pod.securityContext).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    for (const { name: container, securityContext } of [...pod.containers, ...(pod.initContainers ?? [])]) {
      expect(securityContext, container).toMatchObject({
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'] },
      });
    }
    const types = (pod.volumes ?? []).flatMap((volume) =>
      Object.keys(volume).filter((key) => key !== 'name'),
    );
    expect(types.filter((type) => !RESTRICTED_VOLUMES.includes(type))).toEqual([]);
  }
});

describe('the check of the configuration', () => {
  test('runs before an upgrade and a rollback, with the new configuration, and no Service selects its pod', async () => {
    const rendered = await render('minimal');
    const job = one(rendered, 'Job');
    expect(job.metadata.annotations).toMatchObject({
      'helm.sh/hook': 'pre-upgrade,pre-rollback',
      'helm.sh/hook-delete-policy': 'before-hook-creation,hook-succeeded',
      'helm.sh/hook-output-log-policy': 'hook-failed',
    });
    expect(job.spec).toMatchObject({
      backoffLimit: 0,
      template: {
        metadata: { labels: { 'app.kubernetes.io/name': 'gatehouse-check' } },
        spec: { restartPolicy: 'Never', containers: [{ args: ['check', '--config', '/etc/gatehouse'] }] },
      },
    });
    const [checked, running] = ['gatehouse-check', 'gatehouse-config'].map(
      (name) => one(rendered, 'ConfigMap', name).data?.['gatehouse.yaml'],
    );
    expect(checked).toBe(running);
    expect(running).toContain('payments:');
    // Hooks are created in the order of their weights: first the ConfigMap.
    const weights = ['ConfigMap', 'Job'].map((kind) =>
      Number(one(rendered, kind, 'gatehouse-check').metadata.annotations?.['helm.sh/hook-weight']),
    );
    expect(weights).toEqual([-10, -5]);
  });

  test('needs no object that the release itself creates, and reports a missing Secret or ConfigMap instead of waiting', async () => {
    const rendered = await render('ha-redis');
    const [spec] = podSpecs([one(rendered, 'Job')]);
    expect(spec?.serviceAccountName).toBe('default');
    const named = JSON.stringify(spec?.volumes);
    expect(named).not.toContain('gatehouse-admin');
    expect(named).not.toContain('gatehouse-config');
    expect(spec?.volumes).toContainEqual({
      name: 'signing',
      secret: { secretName: 'gatehouse-signing', optional: true },
    });
    const [existing] = podSpecs([one(await render('existing'), 'Job')]);
    expect(existing?.serviceAccountName).toBe('gateway');
    expect(existing?.volumes).toContainEqual({
      name: 'config',
      configMap: { name: 'gatehouse-config', optional: true },
    });
  });

  test('can be turned off', async () => {
    const { manifests } = await render('minimal', 'configCheck.enabled=false');
    expect(manifests.filter(({ metadata }) => metadata.name.endsWith('-check'))).toEqual([]);
  });
});

describe('the service account', () => {
  test('is mounted where the configuration names its files, or by value', async () => {
    expect((await podOf('minimal'))?.automountServiceAccountToken).toBe(false);
    expect((await podOf('kubernetes'))?.automountServiceAccountToken).toBe(true);
    expect((await podOf('minimal', 'serviceAccount.automount=true'))?.automountServiceAccountToken).toBe(
      true,
    );
    const inFile =
      'configFiles.10-x\\.yaml=issuers: { a: { caFile: "${DIR:-/var/run/secrets/kubernetes.io/serviceaccount}/ca.crt" } }';
    const escaped = inFile.replaceAll(/[{},]/g, String.raw`\$&`);
    expect((await podOf('minimal', escaped))?.automountServiceAccountToken).toBe(true);
  });
});

describe('the rights for liveness', () => {
  const rights = ({ manifests }: { readonly manifests: readonly Manifest[] }): readonly string[] =>
    manifests
      .filter(({ kind }) => /Role/.test(kind))
      .map(({ kind, metadata: { name, namespace = '-' } }) => `${kind} ${name} ${namespace}`);

  test('are absent by default, and then cover all namespaces', async () => {
    expect(rights(await render('kubernetes'))).toEqual([]);
    const rendered = await render('kubernetes', 'rbac.liveness.enabled=true');
    const [reviews, pods] = ['default-gatehouse-liveness-reviews', 'default-gatehouse-liveness-pods'];
    expect(rights(rendered).toSorted()).toEqual([
      `ClusterRole ${pods} -`,
      `ClusterRole ${reviews} -`,
      `ClusterRoleBinding ${pods} -`,
      `ClusterRoleBinding ${reviews} -`,
    ]);
    expect(one(rendered, 'ClusterRole', reviews)).toMatchObject({
      rules: [{ apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] }],
    });
    expect(one(rendered, 'ClusterRole', pods)).toMatchObject({
      rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }],
    });
    expect(one(rendered, 'ClusterRoleBinding', pods)).toMatchObject({
      roleRef: { kind: 'ClusterRole', name: pods },
      subjects: [{ kind: 'ServiceAccount', name: 'gatehouse', namespace: 'default' }],
    });
  });

  test('to pods can be limited to namespaces', async () => {
    const rendered = await render('liveness');
    const pods = 'default-gatehouse-liveness-pods';
    expect(rights(rendered)).toContain(`RoleBinding ${pods} billing`);
    expect(rights(rendered)).not.toContain(`ClusterRoleBinding ${pods} -`);
  });
});

test('helm uninstall keeps the volume, unless the values say otherwise', async () => {
  const policyOf = async (...set: readonly string[]): Promise<string | undefined> =>
    one(await render('persistence', ...set), 'PersistentVolumeClaim').metadata.annotations?.[
      'helm.sh/resource-policy'
    ];
  expect(await policyOf()).toBe('keep');
  expect(await policyOf('state.persistence.annotations.team=a')).toBe('keep');
  expect(await policyOf('state.persistence.keepOnUninstall=false')).toBeUndefined();
});

test('the Service takes source ranges, a node port and labels', async () => {
  const set = ['loadBalancerSourceRanges[0]=192.0.2.0/24', 'nodePort=30443', 'labels.exposed=internal'];
  const rendered = await render('tls', ...set.map((value) => `service.${value}`));
  const service = one(rendered, 'Service', 'gatehouse');
  expect(service.metadata.labels).toMatchObject({ exposed: 'internal' });
  expect(service.spec).toMatchObject({
    loadBalancerSourceRanges: ['192.0.2.0/24'],
    ports: [{ nodePort: 30_443 }],
  });
  expect(one(rendered, 'Service', 'gatehouse-admin').metadata.labels).not.toHaveProperty('exposed');
  expect(one(await render('tls'), 'Service', 'gatehouse').spec).not.toHaveProperty('ports.0.nodePort');
});

test('an Ingress has the paths of its hosts', async () => {
  const path = 'ingress.hosts[0].paths[0].path=/orders/,ingress.hosts[0].paths[0].pathType=Exact';
  expect(one(await render('ingress', path), 'Ingress').spec).toMatchObject({
    rules: [
      { http: { paths: [{ path: '/orders/', pathType: 'Exact' }] } },
      { http: { paths: [{ path: '/', pathType: 'Prefix' }] } },
    ],
  });
});

describe('extraObjects', () => {
  const objects = (...values: readonly string[]): string[] =>
    values.map((value, index) => `extraObjects[${index}]=${value.replaceAll(',', String.raw`\,`)}`);

  test('get the namespace of the chart, unless they name one or their kind has none', async () => {
    const set = objects(
      'apiVersion: v1\nkind: Secret\nmetadata:\n  name: own\n  namespace: elsewhere\n---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: second\n',
      'apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: wide\n',
    );
    const rendered = await render('minimal', 'namespaceOverride=platform', ...set);
    expect(rendered).toExitWith(0);
    expect(one(rendered, 'Secret', 'own').metadata.namespace).toBe('elsewhere');
    expect(one(rendered, 'Secret', 'second').metadata.namespace).toBe('platform');
    expect(one(rendered, 'ClusterRole', 'wide').metadata).toEqual({ name: 'wide' });
  });

  test.each([
    ['no YAML', 'kind: [', 'extraObjects[0] is not a manifest'],
    ['no kind', 'apiVersion: v1', 'it has no kind'],
  ])('with %s do not render', async (_, text, why) => {
    const { code, stdout, stderr } = await render('minimal', ...objects(text));
    expect({ code, stdout, stderr }).not.toExitWith(0);
    expect(stderr).toContain(why);
  });
});
