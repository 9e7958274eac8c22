import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { one, type Manifest, type Rendered } from './chart.ts';

interface Item {
  readonly key: string;
  readonly path: string;
}

interface Volume {
  readonly name: string;
  readonly configMap?: { readonly name: string; readonly items?: readonly Item[] };
  readonly secret?: { readonly secretName: string; readonly items?: readonly Item[] };
}

interface Workload extends Manifest {
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly automountServiceAccountToken: boolean;
        readonly volumes: readonly Volume[];
        readonly containers: readonly {
          readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
        }[];
      };
    };
  };
}

/** The volumes of a rendered Deployment or Job as local folders. */
export interface ChartPod {
  /** The content of `/etc/gatehouse` in the container, with paths rewritten to the folders. */
  readonly config: string;
  close(): void;
}

const SERVICE_ACCOUNT = {
  name: 'kube-api-access',
  mountPath: '/var/run/secrets/kubernetes.io/serviceaccount',
  files: { token: 'token-of-a-service-account', 'ca.crt': 'certificate of the cluster' },
};

/** `secrets`: the Secrets that the values refer to: key → file content. */
export function mountChart(
  rendered: Rendered,
  secrets: Readonly<Record<string, Readonly<Record<string, string>>>> = {},
  kind: 'Deployment' | 'Job' = 'Deployment',
): ChartPod {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-pod-'));
  const { spec } = one<Workload>(rendered, kind).spec.template;
  // The volume that the API server adds (ServiceAccount admission).
  const account = spec.automountServiceAccountToken ? [SERVICE_ACCOUNT] : [];
  const volumes = [...spec.volumes, ...account.map(({ name }) => ({ name, secret: { secretName: name } }))];
  const mounts = [...(spec.containers[0]?.volumeMounts ?? []), ...account];
  // One pass, because the folder names themselves begin with /tmp.
  const paths = new RegExp(`(?<= )(?:${mounts.map(({ mountPath }) => mountPath).join('|')})(?=/)`, 'g');
  for (const { name, mountPath } of mounts) {
    const place = join(folder, mountPath);
    mkdirSync(place, { recursive: true });
    const volume = volumes.find((each) => each.name === name);
    if (volume === undefined) throw new Error(`no volume ${name}`);
    const known = { [SERVICE_ACCOUNT.name]: SERVICE_ACCOUNT.files, ...secrets };
    for (const [file, content] of Object.entries(contentOf(rendered, volume, known))) {
      const text = content.replace(paths, (path) => join(folder, path));
      writeFileSync(join(place, file), text, { mode: 0o600 });
    }
  }
  return {
    config: join(folder, '/etc/gatehouse'),
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function contentOf(
  rendered: Rendered,
  { configMap, secret }: Volume,
  secrets: Readonly<Record<string, Readonly<Record<string, string>>>>,
): Readonly<Record<string, string>> {
  const object = configMap?.name ?? secret?.secretName;
  if (object === undefined) return {};
  const content =
    configMap === undefined
      ? (secrets[object] ?? decoded(one(rendered, 'Secret', object)))
      : (one(rendered, 'ConfigMap', object).data ?? {});
  const items = (configMap ?? secret)?.items ?? Object.keys(content).map((key) => ({ key, path: key }));
  return Object.fromEntries(
    items.map(({ key, path }) => {
      const text = content[key];
      if (text === undefined) throw new Error(`${object} has no ${key}`);
      return [path, text];
    }),
  );
}

function decoded({ data = {} }: Manifest): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]),
  );
}
