import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './repository.ts';
import { run, type Outcome } from './run.ts';

/** Where `test/support/install-kubeconform.ts` puts the program and the schemas. */
export const KUBECONFORM = join(ROOT, 'node_modules/.cache/gatehouse/kubeconform');

/** The oldest that the chart says it works with, and the newest that there are schemas of. */
export const KUBERNETES_VERSIONS = ['1.30.0', '1.37.0'] as const;

/** Of controllers that are not part of Kubernetes; the values of some name one whose schema is not at hand. */
const UNKNOWN = ['cert-manager.io/v1/Certificate'];

/** Of Kubernetes' own kinds, those that the chart makes. */
export const KINDS = [
  'clusterrole-rbac-v1',
  'clusterrolebinding-rbac-v1',
  'configmap-v1',
  'deployment-apps-v1',
  'horizontalpodautoscaler-autoscaling-v2',
  'ingress-networking-v1',
  'job-batch-v1',
  'networkpolicy-networking-v1',
  'persistentvolumeclaim-v1',
  'pod-v1',
  'poddisruptionbudget-policy-v1',
  'rolebinding-rbac-v1',
  'secret-v1',
  'service-v1',
  'serviceaccount-v1',
];

export function missingKubeconform(): string | undefined {
  const schemas = KUBERNETES_VERSIONS.flatMap((version) =>
    KINDS.map((kind) => `schemas/v${version}/${kind}.json`),
  );
  // An installation of an earlier commit lacks the kinds that were added since.
  if (['kubeconform', ...schemas].every((file) => existsSync(join(KUBECONFORM, file)))) return undefined;
  return 'kubeconform not installed: node test/support/install-kubeconform.ts';
}

/** Are these manifests what that version of Kubernetes takes? Unknown and doubled keys are errors. */
export async function kubeconform(files: readonly string[], version: string): Promise<Outcome> {
  const schemas = join(KUBECONFORM, 'schemas');
  return run(join(KUBECONFORM, 'kubeconform'), [
    '-strict',
    '-summary',
    '-output',
    'json',
    '-kubernetes-version',
    version,
    '-skip',
    UNKNOWN.join(','),
    '-schema-location',
    join(schemas, '{{.NormalizedKubernetesVersion}}/{{.ResourceKind}}{{.KindSuffix}}.json'),
    '-schema-location',
    join(schemas, 'crds/{{.ResourceKind}}{{.KindSuffix}}.json'),
    ...files,
  ]);
}
