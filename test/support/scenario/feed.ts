import { expect } from 'vitest';
import { startGitlab, type TestGitlab, type TestJob } from '../gitlab.ts';
import { startScenario, type Scenario } from '../scenario.ts';
import { startTcpRelay, type TcpRelay } from '../tcp-relay.ts';
import { temporaryFolder, type TemporaryFolder } from '../temporary-folder.ts';
import { DEPLOY_SECRET } from './feed-config.ts';
import { packagesConfig } from './packages.ts';
import { gatewayTls, type GatewayTls } from './tls.ts';

/** A credential of a CI job, with the user name for clients that require one. */
export interface FeedCredential {
  readonly username: string;
  readonly secret: string;
}

export type FeedCredentials = Readonly<Record<'id token' | 'job token' | 'deploy token', FeedCredential>>;

type Backends = {
  readonly gitlab: TestGitlab;
  readonly relay: TcpRelay;
  readonly clients: TemporaryFolder;
  readonly tls: Pick<GatewayTls, 'caFile' | 'close'>;
};

/** A GitLab server that issues credentials, a package feed, and the gateway between them, over TLS. */
export type FeedScenario = Scenario<Backends> & {
  /** HOST:PORT of the gateway. */
  readonly host: string;
  /** PEM file with the CA certificate for clients. */
  readonly caFile: string;
  /** A folder for the home directories and projects of clients. */
  readonly folder: string;
  readonly job: TestJob;
  /** A credential of a job with read access to the whole feed. */
  readonly auditor: FeedCredential;
  readonly credentials: FeedCredentials;
  /** All bytes that the gateway sent to the feed, as latin1. */
  sent(): string;
  /** Asserts that no client credential reached the feed, neither raw nor as Basic. */
  expectNoCredentialSent(): void;
};

export interface FeedOptions {
  readonly type: string;
  readonly upstreamPort: number;
  readonly resources: readonly string[];
  /** `auth` of the upstream, as YAML flow. */
  readonly auth?: string;
}

/**
 * Project acme/payments has read and write access to `resources`, the deploy token `edge` has read access to them,
 * project acme/audit has read access to everything. The type is also the name and the path of the service.
 */
export async function startFeed(options: FeedOptions): Promise<FeedScenario> {
  const { files, server, ...tls } = gatewayTls();
  const scenario = await startScenario<Backends>({
    backends: {
      gitlab: () => startGitlab(),
      relay: () => startTcpRelay(options.upstreamPort),
      clients: () => Promise.resolve(temporaryFolder(options.type)),
      tls: () => Promise.resolve(tls),
    },
    config: ({ gitlab, relay }) => configuration(options, gitlab.url, relay.port),
    files,
    server,
  });
  const { gitlab, relay, clients, gateway } = scenario;
  const job = gitlab.job({ project: { id: 20, path: 'acme/payments' } });
  const audit = gitlab.job({ project: { id: 21, path: 'acme/audit' } });
  const auditor = { username: 'ci', secret: audit.idToken() };
  const credentials: FeedCredentials = {
    'id token': { username: 'ci', secret: job.idToken() },
    'job token': { username: 'gitlab-ci-token', secret: job.token },
    'deploy token': { username: 'edge', secret: DEPLOY_SECRET },
  };
  return {
    ...scenario,
    host: `127.0.0.1:${gateway.port}`,
    caFile: tls.caFile,
    folder: clients.path,
    job,
    auditor,
    credentials,
    sent: relay.sent,
    expectNoCredentialSent: () => expectNone([auditor, ...Object.values(credentials)], relay.sent()),
  };
}

function configuration({ type, auth, resources }: FeedOptions, gitlab: string, port: number): string {
  const upstream = `{ url: "http://127.0.0.1:${port}/"${auth === undefined ? '' : `, auth: ${auth}`} }`;
  return packagesConfig(
    gitlab,
    [{ type, resources, upstream }],
    `  audit:
    issuer: gitlab
    match: { project_id: "21" }
    grants: [{ service: ${type}, scopes: [read_package_registry], resources: ["**"] }]`,
  );
}

function expectNone(credentials: readonly FeedCredential[], sent: string): void {
  expect(sent).not.toBe('');
  for (const { username, secret } of credentials) {
    const basic = Buffer.from(`${username}:${secret}`).toString('base64');
    for (const form of [secret, basic]) expect(sent.includes(form)).toBe(false);
  }
}
