import { spawnSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './repository.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { findTool } from './tools.ts';

const PROVIDER = join(ROOT, 'ci-templates/kubernetes/gatehouse-credential-provider');
export const API_VERSION = 'credentialprovider.kubelet.k8s.io/v1';

export interface ProviderRun {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The credential provider of the kubelet, on one shell. */
export interface CredentialProvider {
  run(input: string, hosts: readonly string[], shellOptions?: readonly string[]): ProviderRun;
  close(): void;
}

export function createCredentialProvider(shell: 'dash' | 'busybox'): CredentialProvider {
  const folder = temporaryFolder('provider');
  if (shell === 'busybox') linkBusybox(folder.path);
  const [program, env] =
    shell === 'dash' ? ['dash', process.env] : [join(folder.path, 'ash'), { PATH: folder.path }];
  return {
    run(input, hosts, shellOptions = []) {
      const run = spawnSync(program, [...shellOptions, PROVIDER, ...hosts], { input, env, encoding: 'utf8' });
      return { status: run.status, stdout: run.stdout, stderr: run.stderr };
    },
    close: () => folder.close(),
  };
}

/** The programs of busybox that the provider uses, as in Alpine Linux. */
function linkBusybox(folder: string): void {
  for (const name of ['ash', 'awk', 'cat']) symlinkSync(findTool('busybox') ?? 'busybox', join(folder, name));
}

/** A request as the kubelet writes it (Kubernetes API "Kubelet CredentialProvider (v1)"). */
export function providerRequest(members: Readonly<Record<string, unknown>>): string {
  const request = {
    kind: 'CredentialProviderRequest',
    apiVersion: API_VERSION,
    serviceAccountAnnotations: {},
  };
  return `${JSON.stringify({ ...request, ...members })}\n`;
}
