import { hash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { createAuthority } from './certificates.ts';
import { startGateway, type TestGateway } from './gateway.ts';
import { startGitlab, type TestJob } from './gitlab.ts';
import { DEPLOY_SECRET } from './scenario/feed-config.ts';
import { startTcpRelay } from './tcp-relay.ts';

/** A credential of a CI job, with the user name for clients that require one. */
export interface FeedCredential {
  readonly username: string;
  readonly secret: string;
}

export type FeedCredentials = Readonly<Record<'id token' | 'job token' | 'deploy token', FeedCredential>>;

/** A GitLab server that issues credentials, a package feed, and the gateway between them, over TLS. */
export interface FeedRig {
  readonly gateway: TestGateway;
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
  close(): Promise<void>;
}

/**
 * Project acme/payments has read and write access to `resources`, the deploy token `edge` has read access to them,
 * project acme/audit has read access to everything. The type is also the name and the path of the service.
 */
export async function startFeedRig(options: {
  readonly type: string;
  readonly upstreamPort: number;
  readonly resources: readonly string[];
  /** `auth` of the upstream, as YAML flow. */
  readonly auth?: string;
}): Promise<FeedRig> {
  const { type, auth } = options;
  const folder = mkdtempSync(join(tmpdir(), `gatehouse-${type}-`));
  const [gitlab, relay] = await Promise.all([startGitlab(), startTcpRelay(options.upstreamPort)]);
  const authority = createAuthority('feed test');
  const { cert, key } = authority.issue('IP:127.0.0.1');
  const caFile = join(folder, 'ca.crt');
  writeFileSync(caFile, authority.certificate);
  const job = gitlab.job({ project: { id: 20, path: 'acme/payments' } });
  const audit = gitlab.job({ project: { id: 21, path: 'acme/audit' } });
  const resources = JSON.stringify(options.resources);
  const gateway = await startGateway(
    `
issuers:
  gitlab: { type: gitlab, issuer: "${gitlab.url}", jobTokens: { cache: 300ms } }
identities:
  ci:
    issuer: gitlab
    via: [id_token, job_token]
    match: { project_id: "20" }
    grants:
      - { service: ${type}, scopes: [read_package_registry, write_package_registry], resources: ${resources} }
  audit:
    issuer: gitlab
    match: { project_id: "21" }
    grants: [{ service: ${type}, scopes: [read_package_registry], resources: ["**"] }]
deployTokens:
  edge:
    username: edge
    secretHash: "sha256:${hash('sha256', DEPLOY_SECRET)}"
    grants: [{ service: ${type}, scopes: [read_package_registry], resources: ${resources} }]
services:
  ${type}:
    type: ${type}
    path: /${type}/
    upstream: { url: "http://127.0.0.1:${relay.port}/"${auth === undefined ? '' : `, auth: ${auth}`} }
`,
    {
      files: { 'tls.crt': cert, 'tls.key': key },
      server: { more: ['tls: { certFile: tls.crt, keyFile: tls.key }'] },
    },
  );
  const credentials: FeedCredentials = {
    'id token': { username: 'ci', secret: job.idToken() },
    'job token': { username: 'gitlab-ci-token', secret: job.token },
    'deploy token': { username: 'edge', secret: DEPLOY_SECRET },
  };
  const auditor = { username: 'ci', secret: audit.idToken() };
  return {
    gateway,
    host: `127.0.0.1:${gateway.port}`,
    caFile,
    folder,
    job,
    auditor,
    credentials,
    sent: relay.sent,
    expectNoCredentialSent() {
      const sent = relay.sent();
      expect(sent).not.toBe('');
      for (const { username, secret } of [auditor, ...Object.values(credentials)]) {
        const basic = Buffer.from(`${username}:${secret}`).toString('base64');
        for (const form of [secret, basic]) expect(sent.includes(form)).toBe(false);
      }
    },
    async close() {
      await gateway.close();
      await Promise.all([relay.close(), gitlab.close()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
