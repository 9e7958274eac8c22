import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { helmBinary } from './helm.ts';
import { run, type Outcome } from './run.ts';
import { findTool, type Tool } from './tools.ts';

/** Container clients with a separate home, isolated from logins and trust settings of this machine. */
export interface ContainerClients {
  readonly folder: string;
  docker(...args: readonly string[]): Promise<Outcome>;
  skopeo(...args: readonly string[]): Promise<Outcome>;
  podman(...args: readonly string[]): Promise<Outcome>;
  buildah(...args: readonly string[]): Promise<Outcome>;
  helm(...args: readonly string[]): Promise<Outcome>;
  close(): void;
}

/** `caFile`: the CA certificate that all clients trust. */
export function createContainerClients(caFile?: string): ContainerClients {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-clients-'));
  const at = (...names: readonly string[]): string => {
    const path = join(folder, ...names);
    mkdirSync(path, { recursive: true });
    return path;
  };
  const env: NodeJS.ProcessEnv = {
    PATH: process.env['PATH'],
    HOME: at('home'),
    XDG_RUNTIME_DIR: at('run'),
    REGISTRY_AUTH_FILE: join(folder, 'auth.json'),
    DOCKER_CONFIG: at('docker'),
    CONTAINERS_REGISTRIES_CONF: join(folder, 'registries.conf'),
    HELM_CONFIG_HOME: at('helm', 'config'),
    HELM_CACHE_HOME: at('helm', 'cache'),
    HELM_DATA_HOME: at('helm', 'data'),
    // Go's trust store, for clients without a CA option.
    ...(caFile === undefined ? {} : { SSL_CERT_FILE: caFile }),
  };
  writeFileSync(join(folder, 'registries.conf'), 'short-name-mode = "disabled"\n');
  writeFileSync(
    join(folder, 'policy.json'),
    JSON.stringify({ default: [{ type: 'insecureAcceptAnything' }] }),
  );
  const tool = (name: Tool, first: readonly string[], args: readonly string[]): Promise<Outcome> =>
    run(findTool(name) ?? name, [...first, ...args], { env, cwd: folder });
  const storage = ['--root', at('storage'), '--runroot', at('runroot'), '--storage-driver', 'vfs'];

  return {
    folder,
    docker: (...args) => tool('docker', ['--config', join(folder, 'docker')], args),
    skopeo: (...args) => tool('skopeo', ['--policy', join(folder, 'policy.json')], args),
    podman: (...args) => tool('podman', [...storage, '--cgroup-manager', 'cgroupfs'], args),
    buildah: (...args) => tool('buildah', storage, args),
    helm: async (...args) => run(await helmBinary(), args, { env, cwd: folder }),
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}
