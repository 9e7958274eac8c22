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
  readonly configMap?: { readonly name: string };
  readonly secret?: { readonly secretName: string; readonly items?: readonly Item[] };
}

interface Deployment extends Manifest {
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly volumes: readonly Volume[];
        readonly containers: readonly {
          readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
        }[];
      };
    };
  };
}

/** The volumes of a rendered Deployment as local folders. */
export interface ChartPod {
  /** The content of `/etc/gatehouse` in the container, with paths rewritten to the folders. */
  readonly config: string;
  close(): void;
}

/** `secrets`: the Secrets that the values refer to: key → file content. */
export function mountChart(
  rendered: Rendered,
  secrets: Readonly<Record<string, Readonly<Record<string, string>>>> = {},
): ChartPod {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-pod-'));
  const { volumes, containers } = one<Deployment>(rendered, 'Deployment').spec.template.spec;
  const mounts = containers[0]?.volumeMounts ?? [];
  // One pass, because the folder names themselves begin with /tmp.
  const paths = new RegExp(`(?<= )(?:${mounts.map(({ mountPath }) => mountPath).join('|')})(?=/)`, 'g');
  for (const { name, mountPath } of mounts) {
    const place = join(folder, mountPath);
    mkdirSync(place, { recursive: true });
    const volume = volumes.find((each) => each.name === name);
    if (volume === undefined) throw new Error(`no volume ${name}`);
    for (const [file, content] of Object.entries(contentOf(rendered, volume, secrets))) {
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
  if (configMap !== undefined) return one(rendered, 'ConfigMap', configMap.name).data ?? {};
  if (secret === undefined) return {};
  const given = secrets[secret.secretName] ?? decoded(one(rendered, 'Secret', secret.secretName));
  const items = secret.items ?? Object.keys(given).map((key) => ({ key, path: key }));
  return Object.fromEntries(
    items.map(({ key, path }) => {
      const content = given[key];
      if (content === undefined) throw new Error(`Secret ${secret.secretName} has no ${key}`);
      return [path, content];
    }),
  );
}

function decoded({ data = {} }: Manifest): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]),
  );
}
