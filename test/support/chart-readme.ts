/** Generates the chart's README from its values: `node test/support/chart-readme.ts > helm/gatehouse/README.md`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isMap, isScalar, parseDocument, type YAMLMap } from 'yaml';
import { CHART } from './chart.ts';

const HEAD = `# Chart gatehouse

Installs [Gatehouse](../../README.md), an authentication gateway for machines, on Kubernetes 1.30 or newer. The image is
yours to build, from the \`Dockerfile\` of the repository.

    helm install gatehouse helm/gatehouse --values my-values.yaml --set image.repository=registry.example.com/gatehouse
    helm test gatehouse

\`config\` has the keys of [the configuration](../../docs/reference/configuration.md). \`values.schema.json\` contains its JSON Schema, so helm
refuses an unknown key, a wrong type, and YAML errors in \`configFiles\`, before it changes anything. References between entries, policy
errors and missing files are found by a Job that runs \`gatehouse check\` before each upgrade and rollback (\`configCheck\`): if it fails, the upgrade fails, its log
has the problems with their positions, and the running pods stay.

Operation (sizing, upgrades, alerts): [docs/operations/deployment.md](../../docs/operations/deployment.md).

This page is generated: \`node test/support/chart-readme.ts > helm/gatehouse/README.md\`.

## Examples

More examples, each rendered, validated and its configuration started by the tests: \`ci/NAME-values.yaml\`.

### One API for the pipelines of a GitLab project

Two or more identities are a list: the first match applies, and Helm sorts mappings.

\`\`\`yaml
image: { repository: registry.example.com/gatehouse }
config:
  server: { publicUrl: https://gateway.example.com }
  issuers:
    gitlab: { type: gitlab, issuer: https://gitlab.example.com }
  identities:
    - name: release
      issuer: gitlab
      match: { project_id: '20', ref_path: refs/heads/main, ref_protected: true }
      grants: [{ service: orders, scopes: [read_api, write_api], resources: ['**'] }]
    - name: any-branch
      issuer: gitlab
      match: { project_id: '20' }
      grants: [{ service: orders, scopes: [read_api], resources: ['**'] }]
  services:
    orders:
      type: http
      path: /orders/
      upstream: { url: http://orders.internal:8080/ }
\`\`\`

### A container registry with an upstream password, behind an Ingress

    kubectl create secret generic gatehouse-files --from-literal=registry-password=…

Each key of \`existingSecret\` is a file in \`/run/secrets/gatehouse\`. The state is on a volume, which \`helm uninstall\` keeps.

\`\`\`yaml
existingSecret: gatehouse-files
state:
  persistence: { enabled: true }
ingress:
  enabled: true
  className: nginx
  hosts: [{ host: registry.example.com, paths: [{ path: /, pathType: Prefix }] }]
  tls: [{ secretName: registry-tls, hosts: [registry.example.com] }]
  annotations: # without them, layers of more than 1 MiB are 413
    nginx.ingress.kubernetes.io/proxy-body-size: '0'
    nginx.ingress.kubernetes.io/proxy-request-buffering: 'off'
config:
  server:
    publicUrl: https://registry.example.com
    trustedProxies: [10.0.0.0/8] # the pods of the Ingress controller
  issuers:
    github: { type: github, issuer: https://token.actions.githubusercontent.com }
  identities:
    - name: payments
      issuer: github
      match: { repository_id: '100', event_name: push }
      grants: [{ service: registry, scopes: [read_registry, write_registry], resources: ['payments/**'] }]
  services:
    registry:
      type: oci
      upstream:
        url: http://registry.internal:5000
        auth: { basic: { username: gatehouse, passwordFile: /run/secrets/gatehouse/registry-password } }
\`\`\`

### High availability

Redis shares revocations, and all replicas have the same signing keys. Turning the autoscaler on keeps the number of pods.

    kubectl create secret generic gatehouse-redis --from-literal=url=rediss://gatehouse:…@redis.internal:6379
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out signing.pem
    kubectl create secret generic gatehouse-signing --from-file=signing.pem

\`\`\`yaml
state:
  redis: { existingSecret: gatehouse-redis }
signing: { existingSecret: gatehouse-signing }
autoscaling: { enabled: true, minReplicas: 3, maxReplicas: 12 }
topologySpreadConstraints:
  - { maxSkew: 1, topologyKey: topology.kubernetes.io/zone, whenUnsatisfiable: ScheduleAnyway }
config:
  server: { publicUrl: https://gateway.example.com }
  services:
    status:
      type: http
      path: /status/
      upstream: { url: http://status.internal:8080/ }
      anonymous: [{ scopes: [read_api], resources: ['**'] }]
\`\`\`

### Workloads of the same cluster

The configuration names files of the service account, so the pods mount it. The API server gives its keys to authenticated service accounts (ClusterRole
\`system:service-account-issuer-discovery\`).

\`\`\`yaml
config:
  server: { publicUrl: https://gateway.example.com }
  issuers:
    cluster:
      type: kubernetes
      issuer: https://kubernetes.default.svc.cluster.local # kubectl get --raw /.well-known/openid-configuration
      jwksUri: https://kubernetes.default.svc/openid/v1/jwks
      caFile: /var/run/secrets/kubernetes.io/serviceaccount/ca.crt
      bearerTokenFile: /var/run/secrets/kubernetes.io/serviceaccount/token
  identities:
    - name: deployer
      issuer: cluster
      match: { sub: system:serviceaccount:payments:deployer }
      grants: [{ service: orders, scopes: [read_api], resources: ['**'] }]
  services:
    orders:
      type: http
      path: /orders/
      upstream: { url: http://orders.payments:8080/ }
\`\`\`

### Renamed values

| earlier | now |
| --- | --- |
| \`replicas\` | \`replicaCount\` |
| \`automountServiceAccountToken\` | \`serviceAccount.automount\` |
| \`sidecars\` | \`extraContainers\` |
| \`ingress.hosts: [gateway.example.com]\` | \`ingress.hosts: [{ host: gateway.example.com }]\` |

## Values

| key | what | default |
| --- | --- | --- |
`;

interface Row {
  readonly key: string;
  readonly what: string;
  readonly value: unknown;
}

export function chartReadme(): string {
  const document = parseDocument(readFileSync(join(CHART, 'values.yaml'), 'utf8'));
  if (!isMap(document.contents)) throw new Error('values.yaml is no mapping');
  const rows = rowsOf(document.contents, '');
  return HEAD + rows.map(({ key, what, value }) => `| \`${key}\` | ${what} | ${code(value)} |\n`).join('');
}

/** A mapping in block style is a group of values; one in flow style (`{}`) is a value. */
function rowsOf(map: YAMLMap, prefix: string): Row[] {
  return map.items.flatMap((pair) => {
    if (!isScalar(pair.key)) throw new Error(`a key below ${prefix} is none`);
    const key = `${prefix}${String(pair.key.value)}`;
    // A comment before the first key belongs to the mapping.
    const first = pair === map.items[0] ? map.commentBefore : undefined;
    const what = describe(pair.key.commentBefore ?? first);
    const { value } = pair;
    if (!isMap(value) || value.flow === true) return [{ key, what, value: plain(value) }];
    const group = what === '' ? [] : [{ key, what, value: undefined }];
    return [...group, ...rowsOf(value, `${key}.`)];
  });
}

/** The text after `-- `; other comments do not appear in the README. */
function describe(comment: string | null | undefined): string {
  const lines = (comment ?? '').split('\n').map((line) => line.trim());
  const start = lines.findLastIndex((line) => line.startsWith('-- '));
  return start === -1 ? '' : lines.slice(start).join(' ').replace('-- ', '').replaceAll('|', '\\|');
}

function plain(node: unknown): unknown {
  return typeof node === 'object' && node !== null && 'toJSON' in node
    ? (node as { toJSON(): unknown }).toJSON()
    : node;
}

function code(value: unknown): string {
  return value === undefined ? '' : `\`${JSON.stringify(value)}\``;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) process.stdout.write(chartReadme());
