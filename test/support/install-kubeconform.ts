/**
 * Installs the validator of Kubernetes' manifests and the schemas that it validates against, for
 * test/e2e/chart-schemas.test.ts: `node test/support/install-kubeconform.ts`. `.ci/run` does it too.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { KINDS, KUBECONFORM, KUBERNETES_VERSIONS, missingKubeconform } from './kubeconform.ts';

type Schema = Readonly<Record<string, unknown>>;

const PROGRAM = 'github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0';
/** Of PyPI: the schemas of many versions, in which unknown keys are errors. */
const SCHEMAS = 'kubernetes-validate==1.37.0';
/** What the chart uses of others' kinds: the module that has its definition, and where. */
const DEFINITIONS = [
  ['sigs.k8s.io/gateway-api@v1.3.0', 'config/crd/standard/gateway.networking.k8s.io_httproutes.yaml'],
  ['github.com/kedacore/keda/v2@v2.21.0', 'config/crd/bases/keda.sh_scaledobjects.yaml'],
  ...['servicemonitors', 'podmonitors', 'prometheusrules'].map((kind) => [
    'github.com/prometheus-operator/prometheus-operator@v0.85.0',
    `example/prometheus-operator-crd/monitoring.coreos.com_${kind}.yaml`,
  ]),
] as const;

if (missingKubeconform() !== undefined) {
  const work = mkdtempSync(join(tmpdir(), 'gatehouse-kubeconform-'));
  try {
    kubernetesSchemas(work);
    definedKinds(join(work, 'schemas/crds'));
    program('go', ['install', PROGRAM], { GOBIN: work });
    rmSync(KUBECONFORM, { recursive: true, force: true });
    cpSync(join(work, 'schemas'), join(KUBECONFORM, 'schemas'), { recursive: true });
    // Last: where it is, all is.
    cpSync(join(work, 'kubeconform'), join(KUBECONFORM, 'partial'));
    renameSync(join(KUBECONFORM, 'partial'), join(KUBECONFORM, 'kubeconform'));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The package's schemas refer to each other by URL; here each file holds what it refers to. */
function kubernetesSchemas(work: string): void {
  // Debian's own Python has no pip outside of such an environment.
  program('python3', ['-m', 'venv', join(work, 'venv')]);
  const target = join(work, 'python');
  program(join(work, 'venv/bin/pip'), ['install', '-q', '--no-deps', '--target', target, SCHEMAS]);
  for (const version of KUBERNETES_VERSIONS) {
    const from = join(target, `kubernetes_validate/kubernetes-json-schema/v${version}-local-strict`);
    const to = join(work, 'schemas', `v${version}`);
    mkdirSync(to, { recursive: true });
    const definitions = JSON.parse(readFileSync(join(from, '_definitions.json'), 'utf8')) as Schema;
    for (const kind of KINDS) {
      const text = readFileSync(join(from, `${kind}.json`), 'utf8').replaceAll(
        '"/api/_definitions.json#',
        '"#',
      );
      const { $id: _, ...schema } = JSON.parse(text) as Schema;
      writeFileSync(join(to, `${kind}.json`), JSON.stringify({ ...schema, $defs: definitions['$defs'] }));
    }
  }
}

function definedKinds(to: string): void {
  mkdirSync(to, { recursive: true });
  for (const [module, file] of DEFINITIONS) {
    const { Dir: folder } = JSON.parse(program('go', ['mod', 'download', '-json', module])) as {
      Dir: string;
    };
    const { spec } = parse(readFileSync(join(folder, file), 'utf8')) as {
      spec: {
        group: string;
        names: { kind: string };
        versions: readonly { name: string; schema: { openAPIV3Schema: Schema } }[];
      };
    };
    for (const { name, schema } of spec.versions) {
      const target = `${spec.names.kind}-${spec.group.split('.')[0] ?? ''}-${name}.json`.toLowerCase();
      writeFileSync(join(to, target), JSON.stringify(closed(schema.openAPIV3Schema, true)));
    }
  }
}

/** A definition's schema accepts unknown keys, which the API server drops (`metadata` of the object itself is free). */
function closed(value: unknown, root = false): unknown {
  if (Array.isArray(value)) return value.map((each) => closed(each));
  if (typeof value !== 'object' || value === null) return value;
  const schema = value as Schema;
  const inner = Object.fromEntries(Object.entries(schema).map(([key, each]) => [key, closed(each)]));
  const known = typeof schema['properties'] === 'object' && schema['type'] === 'object';
  const open = 'additionalProperties' in schema || schema['x-kubernetes-preserve-unknown-fields'] === true;
  return known && (root || !open) ? { ...inner, additionalProperties: false } : inner;
}

function program(file: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): string {
  return execFileSync(file, args, {
    encoding: 'utf8',
    cwd: tmpdir(),
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  });
}
