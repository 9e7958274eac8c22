import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { helmBinary } from './helm.ts';
import { ROOT } from './repository.ts';
import { run, type Outcome } from './run.ts';

export const CHART = join(ROOT, 'helm/gatehouse');
const CI = join(CHART, 'ci');

/** One file of values for each feature: `minimal`, `ha-redis`, … */
export const CI_VALUES = readdirSync(CI)
  .filter((name) => name.endsWith('-values.yaml'))
  .map((name) => name.replace('-values.yaml', ''));

/** A Kubernetes object; only the members that tests read. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: unknown;
  readonly data?: Readonly<Record<string, string>>;
}

export interface Rendered extends Outcome {
  readonly manifests: readonly Manifest[];
}

/** Runs helm without a cluster. */
export async function helm(...args: readonly string[]): Promise<Outcome> {
  const home = join(tmpdir(), 'gatehouse-helm');
  const env = {
    HELM_CONFIG_HOME: home,
    HELM_CACHE_HOME: home,
    HELM_DATA_HOME: home,
    KUBECONFIG: '/dev/null',
  };
  return run(await helmBinary(), args, { env, cwd: ROOT });
}

export function valuesFile(name: string): string {
  return join(CI, `${name}-values.yaml`);
}

/** Renders the chart with `ci/NAME-values.yaml`, overridden by `set` (`replicaCount=2`). */
export function render(name: string, ...set: readonly string[]): Promise<Rendered> {
  return renderFile(valuesFile(name), ...set);
}

/** Renders the chart with a file of values. */
export async function renderFile(file: string, ...set: readonly string[]): Promise<Rendered> {
  const overrides = set.flatMap((value) => ['--set', value]);
  const outcome = await helm('template', 'gatehouse', CHART, '--values', file, ...overrides);
  const documents = outcome.code === 0 ? parseAllDocuments(outcome.stdout) : [];
  const manifests = documents
    .map((document) => {
      // A duplicate key is an error; a lenient parser would accept it.
      if (document.errors.length > 0) throw new Error(`${file}: ${String(document.errors[0])}`);
      return document.toJS() as Manifest | null;
    })
    .filter((manifest) => manifest !== null);
  return { ...outcome, manifests };
}

/** The only object of that kind (and name); throws if there is none. */
export function one<T = Manifest>({ manifests, stderr }: Rendered, kind: string, name?: string): T {
  const found = manifests.filter(
    (each) => each.kind === kind && (name === undefined || each.metadata.name === name),
  );
  if (found.length !== 1) throw new Error(`${found.length} × ${kind} ${name ?? ''} ${stderr}`);
  return found[0] as T;
}
