import { spawn, type ChildProcess } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../../support/eventually.ts';
import { freePort } from '../../support/free-port.ts';
import { helmBinary, kubectlBinary } from '../../support/helm.ts';
import { ROOT } from '../../support/repository.ts';
import { run, type Outcome } from '../../support/run.ts';

const PROGRAMS = join(ROOT, 'node_modules/.cache/gatehouse/api-server');

/** Without nodes: these are the controllers that objects of the chart need. */
const CONTROLLERS = [
  'deployment',
  'garbage-collector',
  'job',
  'namespace',
  'replicaset',
  'root-ca-certificate-publisher',
  'serviceaccount',
].map((name) => `${name}-controller`);

export interface Cluster {
  readonly url: string;
  /** The self-signed certificate of the API server. */
  readonly caFile: string;
  helm(...args: readonly string[]): Promise<Outcome>;
  kubectl(...args: readonly string[]): Promise<Outcome>;
  /** Parsed output of `kubectl get`; undefined if there is no such object. */
  get(...args: readonly string[]): Promise<unknown>;
  close(): void;
}

/** Starts etcd, kube-apiserver and kube-controller-manager on loopback. */
export async function startCluster(): Promise<Cluster> {
  if (!existsSync(join(PROGRAMS, 'etcd'))) throw new Error('run test/helm/api-server/build.sh first');
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-cluster-'));
  const children: ChildProcess[] = [];
  const start = (name: string, ...args: readonly string[]): void => {
    const log = openSync(join(folder, `${name}.log`), 'w');
    children.push(spawn(join(PROGRAMS, name), args, { cwd: folder, stdio: ['ignore', log, log] }));
  };
  const [port, client, peer] = [await freePort(), await freePort(), await freePort()];
  const etcd = `http://127.0.0.1:${client}`;
  const peers = `http://127.0.0.1:${peer}`;
  start(
    'etcd',
    '--data-dir=data',
    `--listen-client-urls=${etcd}`,
    `--advertise-client-urls=${etcd}`,
    `--listen-peer-urls=${peers}`,
    `--initial-advertise-peer-urls=${peers}`,
    `--initial-cluster=default=${peers}`,
  );

  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  writeFileSync(join(folder, 'account.key'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
  writeFileSync(join(folder, 'tokens.csv'), 'token-of-the-administrator,admin,1,system:masters\n');
  const account = ['--service-account-key-file', '--service-account-signing-key-file'];
  start(
    'kube-apiserver',
    `--etcd-servers=${etcd}`,
    '--cert-dir=certs',
    `--secure-port=${port}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    ...account.map((flag) => `${flag}=account.key`),
    '--token-auth-file=tokens.csv',
    '--authorization-mode=RBAC',
    '--service-cluster-ip-range=10.96.0.0/16',
  );

  const kubeconfig = join(folder, 'kubeconfig');
  writeFileSync(kubeconfig, JSON.stringify(kubeconfigOf(port)));
  const env = {
    ...process.env,
    KUBECONFIG: kubeconfig,
    HELM_CONFIG_HOME: folder,
    HELM_CACHE_HOME: folder,
    HELM_DATA_HOME: folder,
  };
  const [helm, kubectl] = [await helmBinary(), await kubectlBinary()];
  const ask = (...args: readonly string[]): Promise<Outcome> => run(kubectl, args, { env });
  await eventually(
    'the API server is ready',
    async () => (await ask('get', '--raw', '/readyz')).code === 0,
    90_000,
  );
  start(
    'kube-controller-manager',
    `--kubeconfig=${kubeconfig}`,
    '--service-account-private-key-file=account.key',
    '--root-ca-file=certs/apiserver.crt',
    `--controllers=${CONTROLLERS.join(',')}`,
    '--secure-port=0',
    '--leader-elect=false',
  );
  return {
    url: `https://127.0.0.1:${port}`,
    caFile: join(folder, 'certs/apiserver.crt'),
    helm: (...args) => run(helm, args, { env, cwd: ROOT }),
    kubectl: ask,
    get: async (...args) => {
      const { code, stdout } = await ask('get', ...args, '-o', 'json');
      return code === 0 ? (JSON.parse(stdout) as unknown) : undefined;
    },
    close: () => {
      for (const child of children.toReversed()) child.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function kubeconfigOf(port: number): object {
  const cluster = { server: `https://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true };
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster }],
    users: [{ name: 'admin', user: { token: 'token-of-the-administrator' } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
    'current-context': 'test',
  };
}
