import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { chartReadme } from '../support/chart-readme.ts';
import { CHART, CI_VALUES, helm, one, render, valuesFile, type Manifest } from '../support/chart.ts';
import { MANIFEST } from '../support/repository.ts';

interface Container {
  readonly name: string;
  readonly image: string;
  readonly args: readonly string[];
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string; subPath?: string }[];
  readonly securityContext: object;
  readonly lifecycle: object;
}

interface PodSpec {
  readonly containers: readonly Container[];
  readonly volumes: readonly Readonly<Record<string, unknown>>[];
  readonly terminationGracePeriodSeconds: number;
}

interface Deployment extends Manifest {
  readonly spec: {
    readonly replicas?: number;
    readonly strategy: object;
    readonly template: { readonly metadata: Manifest['metadata']; readonly spec: PodSpec };
  };
}

const kinds = (manifests: readonly Manifest[]): string[] =>
  [...new Set(manifests.map(({ kind }) => kind))].sort();

const ALWAYS = ['ConfigMap', 'Deployment', 'Job', 'Pod', 'Secret', 'Service', 'ServiceAccount'];

describe('the chart', () => {
  test.each([
    [['--set', 'networkPolicy.enabled=true'], true],
    [['--set', 'networkPolicy.enabled=true', '--set', 'networkPolicy.egress[0].ports[0].port=443'], false],
    [[], false],
  ])('the notes warn if %j isolates the pods from issuers and upstreams', async (flags, expected) => {
    const values = ['--values', valuesFile('minimal'), ...flags];
    const { code, stdout, stderr } = await helm('install', 'gateway', CHART, '--dry-run=client', ...values);
    expect({ code, stdout, stderr }).toExitWith(0);
    expect(stdout.includes('WARNING: networkPolicy.egress is empty')).toBe(expected);
  });

  test.each(CI_VALUES)('lints with the values of %s', async (name) => {
    const lint = await helm('lint', '--strict', CHART, '--values', valuesFile(name));
    expect(lint).toExitWith(0);
  });

  test.each([
    ['minimal', ALWAYS],
    ['config-files', ALWAYS],
    ['kubernetes', ALWAYS],
    ['persistence', [...ALWAYS, 'PersistentVolumeClaim']],
    ['ha-redis', [...ALWAYS, 'HorizontalPodAutoscaler', 'PodDisruptionBudget']],
    ['keda', [...ALWAYS, 'PodDisruptionBudget', 'ScaledObject']],
    ['gateway-api', [...ALWAYS, 'HTTPRoute']],
    ['ingress', [...ALWAYS, 'Ingress']],
    ['existing', ['ConfigMap', 'Deployment', 'Job', 'Pod', 'PodDisruptionBudget', 'Service']],
    ['monitoring', [...ALWAYS, 'PrometheusRule', 'ServiceMonitor']],
    ['podmonitor', [...ALWAYS, 'PodMonitor']],
    ['network-policy', [...ALWAYS, 'NetworkPolicy']],
    ['tls', [...ALWAYS, 'Certificate']],
  ])('renders %s', async (name, expected) => {
    const rendered = await render(name);
    expect(rendered).toExitWith(0);
    expect(kinds(rendered.manifests)).toEqual(expected.toSorted());
    for (const { metadata } of rendered.manifests.filter(({ kind }) => kind !== 'Certificate')) {
      expect(metadata.namespace).toBe(name === 'existing' ? 'platform' : 'default');
      if (/-(extra|text)$/.test(metadata.name)) continue;
      expect(metadata.labels).toMatchObject({ 'app.kubernetes.io/instance': 'gatehouse' });
    }
  });

  test('the tests above cover every file of ci/', () => {
    expect(CI_VALUES.length).toBe(14);
  });

  test('its version is the gateway’s, and its README matches its values', () => {
    expect(readFileSync(join(CHART, 'Chart.yaml'), 'utf8')).toContain(`appVersion: ${MANIFEST.version}`);
    expect(readFileSync(join(CHART, 'README.md'), 'utf8')).toBe(chartReadme());
  });

  test('a pod is confined, drains before it is killed, and mounts directories', async () => {
    const { spec } = one<Deployment>(await render('minimal'), 'Deployment').spec.template;
    expect(spec).toMatchObject({
      enableServiceLinks: false,
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 45,
      securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } },
    });
    const [container] = spec.containers;
    expect(container).toMatchObject({
      image: `gatehouse:${MANIFEST.version}`,
      args: ['serve', '--config', '/etc/gatehouse'],
      lifecycle: { preStop: { sleep: { seconds: 5 } } },
      readinessProbe: { httpGet: { path: '/readyz', port: 'admin' } },
      livenessProbe: { httpGet: { path: '/livez', port: 'admin' } },
      securityContext: {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      },
    });
    expect(container?.volumeMounts.filter(({ subPath }) => subPath !== undefined)).toEqual([]);
    expect(container?.volumeMounts.map(({ mountPath }) => mountPath)).toEqual(
      expect.arrayContaining(['/etc/gatehouse', '/var/lib/gatehouse', '/tmp']),
    );
  });

  test('the termination grace period follows the drain time', async () => {
    const rendered = await render('minimal', 'drain.seconds=600', 'drain.sleepSeconds=20');
    const { spec } = one<Deployment>(rendered, 'Deployment').spec.template;
    expect(spec.terminationGracePeriodSeconds).toBe(630);
    expect(one(rendered, 'ConfigMap', 'gatehouse-config').data?.['gatehouse.yaml']).toContain('drain: 600s');
  });

  test('the console is read-only by default; the values set its access and its hosts', async () => {
    const adminOf = async (...set: string[]): Promise<unknown> => {
      const rendered = await render('minimal', ...set);
      const text = one(rendered, 'ConfigMap', 'gatehouse-config').data?.['gatehouse.yaml'] ?? '';
      return (parse(text) as { server: { admin: unknown } }).server.admin;
    };
    const listener = { listen: '0.0.0.0:9090', tokenFile: '/run/secrets/gatehouse-admin/token' };
    expect(await adminOf()).toEqual(listener);
    expect(await adminOf('admin.console.write=true', 'admin.hosts[0]=console.example.com')).toEqual({
      ...listener,
      console: { write: true },
      hosts: ['console.example.com'],
    });
    expect(await adminOf('admin.console=false')).toEqual({ ...listener, console: false });
  });

  test('a changed configuration replaces the pod, another changed value does not', async () => {
    const checksum = async (...set: string[]): Promise<string | undefined> =>
      one<Deployment>(await render('minimal', ...set), 'Deployment').spec.template.metadata.annotations?.[
        'checksum/config'
      ];
    const before = await checksum();
    expect(before).toMatch(/^[0-9a-f]{64}$/);
    expect(await checksum('config.server.publicUrl=https://other.example.com')).not.toBe(before);
    expect(await checksum('podAnnotations.note=x')).toBe(before);
    expect(await checksum('restartOnConfigChange=false')).toBeUndefined();
  });

  test('an autoscaler manages the number of replicas', async () => {
    expect(one<Deployment>(await render('ha-redis'), 'Deployment').spec).not.toHaveProperty('replicas');
    expect(one<Deployment>(await render('keda'), 'Deployment').spec).not.toHaveProperty('replicas');
    expect(one<Deployment>(await render('existing'), 'Deployment').spec.replicas).toBe(2);
  });

  test('SQLite belongs to one pod: the old pod is stopped before the new one starts', async () => {
    expect(one<Deployment>(await render('persistence'), 'Deployment').spec.strategy).toEqual({
      type: 'Recreate',
    });
    expect(one<Deployment>(await render('ha-redis'), 'Deployment').spec.strategy).toMatchObject({
      type: 'RollingUpdate',
    });
    const { volumes } = one<Deployment>(await render('persistence'), 'Deployment').spec.template.spec;
    expect(volumes).toContainEqual({
      name: 'state',
      persistentVolumeClaim: { claimName: 'gatehouse-state' },
    });
  });

  test('the zone spread counts the pods of one rollout', async () => {
    const { spec } = one<Deployment>(await render('ha-redis'), 'Deployment').spec.template;
    expect(spec).toMatchObject({
      topologySpreadConstraints: ['topology.kubernetes.io/zone', 'kubernetes.io/hostname'].map((key) => ({
        topologyKey: key,
        matchLabelKeys: ['pod-template-hash'],
        labelSelector: { matchLabels: { 'app.kubernetes.io/name': 'gatehouse' } },
      })),
    });
  });

  test('metrics are scraped with the admin token and keep their labels', async () => {
    const monitor = one(await render('monitoring'), 'ServiceMonitor');
    expect(monitor.metadata.labels).toMatchObject({ release: 'prometheus' });
    expect(monitor.spec).toMatchObject({
      endpoints: [
        {
          port: 'admin',
          path: '/metrics',
          honorLabels: true,
          authorization: { type: 'Bearer', credentials: { name: 'gatehouse-admin', key: 'token' } },
        },
      ],
    });
    const dashboard = one(await render('monitoring'), 'ConfigMap', 'gatehouse-dashboard');
    expect(dashboard.metadata.labels).toMatchObject({ grafana_dashboard: '1' });
    expect(JSON.parse(dashboard.data?.['gatehouse.json'] ?? '')).toMatchObject({ title: 'Gatehouse' });
  });

  test('existing resources are used, and no others are created', async () => {
    const rendered = await render('existing');
    const { metadata, spec } = one<Deployment>(rendered, 'Deployment').spec.template;
    expect(metadata.labels).toMatchObject({ team: 'platform' });
    expect(spec).toMatchObject({
      serviceAccountName: 'gateway',
      initContainers: [{ image: 'registry.example.com/gatehouse:tools' }],
      containers: [
        { image: `registry.example.com/gatehouse@sha256:${'1'.repeat(64)}` },
        { name: 'audit-shipper' },
      ],
    });
    expect(spec.volumes).toContainEqual({ name: 'config', configMap: { name: 'gatehouse-config' } });
    expect(spec.volumes).toContainEqual({
      name: 'admin',
      secret: { secretName: 'gatehouse-admin', items: [{ key: 'metrics-token', path: 'token' }] },
    });
    expect(one(rendered, 'ConfigMap', 'gateway-extra').data).toEqual({ release: 'gatehouse' });
  });

  test('a Gateway route has no timeout, for pushes that take hours', async () => {
    expect(one(await render('gateway-api'), 'HTTPRoute').spec).toMatchObject({
      parentRefs: [{ name: 'public', namespace: 'gateways', sectionName: 'https' }],
      hostnames: ['gateway.example.com', 'gatehouse.example.com'],
      rules: [
        {
          filters: [{ type: 'ResponseHeaderModifier' }],
          timeouts: { request: '0s' },
          backendRefs: [{ name: 'gatehouse', port: 80 }],
        },
      ],
    });
    const own = 'httpRoute.rules[0].backendRefs[0].name=other';
    expect(one(await render('gateway-api', own), 'HTTPRoute').spec).toMatchObject({
      rules: [{ backendRefs: [{ name: 'other' }] }],
    });
  });

  test('an Ingress neither limits nor buffers bodies', async () => {
    const ingress = one(await render('ingress'), 'Ingress');
    expect(ingress.metadata.annotations).toMatchObject({
      'nginx.ingress.kubernetes.io/proxy-body-size': '0',
      'nginx.ingress.kubernetes.io/proxy-request-buffering': 'off',
      'nginx.ingress.kubernetes.io/proxy-read-timeout': '900',
    });
    expect(ingress.spec).toMatchObject({
      ingressClassName: 'nginx',
      tls: [{ secretName: 'gateway-tls' }],
      rules: ['gateway.example.com', 'registry.example.com'].map((host) => ({
        host,
        http: { paths: [{ path: '/', backend: { service: { name: 'gatehouse', port: { name: 'http' } } } }] },
      })),
    });
  });

  test('scales up quickly, down slowly, and never evicts more than one', async () => {
    const rendered = await render('ha-redis');
    expect(one(rendered, 'HorizontalPodAutoscaler').spec).toMatchObject({
      minReplicas: 3,
      maxReplicas: 30,
      metrics: [{ resource: { name: 'cpu', target: { averageUtilization: 65 } } }],
      behavior: {
        scaleUp: { stabilizationWindowSeconds: 0 },
        scaleDown: { stabilizationWindowSeconds: 300 },
      },
    });
    const budget = one(rendered, 'PodDisruptionBudget').spec;
    expect(budget).toMatchObject({ maxUnavailable: 1, unhealthyPodEvictionPolicy: 'AlwaysAllow' });
    expect(budget).not.toHaveProperty('minAvailable');
    expect(one(await render('existing'), 'PodDisruptionBudget').spec).toMatchObject({ minAvailable: 1 });
  });

  test('a NetworkPolicy allows the peers in the values, and DNS', async () => {
    const { ingress, egress } = one(await render('network-policy'), 'NetworkPolicy').spec as {
      ingress: readonly object[];
      egress: readonly object[];
    };
    expect(ingress).toMatchObject([
      { ports: [{ port: 'http' }], from: [{ namespaceSelector: {} }] },
      { ports: [{ port: 'admin' }], from: [{ namespaceSelector: {} }] },
    ]);
    expect(egress).toMatchObject([
      { ports: [{ port: 53 }, { port: 53 }] },
      { to: [{ ipBlock: { cidr: '192.0.2.0/24' } }] },
      { ports: [{ port: 8080 }] },
    ]);
  });

  test('the client Service never exposes the admin listener', async () => {
    const rendered = await render('tls');
    expect(one(rendered, 'Service', 'gatehouse').spec).toMatchObject({
      type: 'LoadBalancer',
      ports: [{ port: 443, targetPort: 'http', appProtocol: 'https' }],
    });
    expect(one(rendered, 'Service', 'gatehouse-admin').spec).toMatchObject({
      type: 'ClusterIP',
      ports: [{ port: 9090, targetPort: 'admin' }],
    });
  });

  test.each([
    ['more than one replica without Redis', 'minimal', ['replicaCount=2'], 'needs Redis'],
    ['more than one by autoscaling', 'minimal', ['autoscaling.enabled=true'], 'needs Redis'],
    [
      'more than one replica without signing keys',
      'minimal',
      ['replicaCount=2', 'state.redis.existingSecret=r'],
      'needs signing keys',
    ],
    [
      'several replicas of an external configuration',
      'existing',
      ['existingConfigIsShared=false'],
      'cannot see',
    ],
    ['an empty configuration', 'minimal', ['config=null'], 'config is empty'],
    ['two configurations', 'minimal', ['existingConfigMap=x'], 'give one of them'],
    ['a listener that probes cannot reach', 'minimal', ['config.server.listen=127.0.0.1:1'], 'is the chart'],
    [
      'a drain time longer than the grace period',
      'minimal',
      ['config.server.limits.drain=1h'],
      'drain.seconds',
    ],
    ['two autoscalers', 'ha-redis', ['keda.enabled=true'], 'enable one'],
    ['two monitors', 'monitoring', ['podMonitor.enabled=true'], 'enable one'],
    [
      'both limits of a disruption budget',
      'ha-redis',
      ['podDisruptionBudget.minAvailable=1'],
      'exactly one of minAvailable',
    ],
    ['a volume in addition to Redis', 'ha-redis', ['state.persistence.enabled=true'], 'disable it'],
    [
      'a map of identities, which loses its order',
      'minimal',
      ['config.identities.other.issuer=gitlab', 'config.identities.other.match.project_id=21'],
      'write it as a list',
    ],
    ['state in a configuration file', 'config-files', ['configFiles.x\\.yaml=state: {}'], 'must see'],
    ['a route without a gateway', 'gateway-api', ['httpRoute.parentRefs=null'], 'parentRefs is empty'],
    ['an unknown key', 'minimal', ['replica=2'], "'replica' not allowed"],
    ['a value of the wrong type', 'minimal', ['ports.http=0'], 'ports/http'],
  ])('%s does not render, and says why', async (_what, name, set, why) => {
    const rendered = await render(name, ...set);
    expect(rendered).not.toExitWith(0);
    expect(rendered.stderr).toContain(why);
  });
});
