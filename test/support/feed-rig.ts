import { hash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { createAuthority } from './certificates.ts';
import { startGateway, type TestGateway } from './gateway.ts';
import { startGitlab, type TestJob } from './gitlab.ts';
import { startTcpRelay } from './tcp-relay.ts';

const DEPLOY_SECRET = `ghdt_edge_${'7'.repeat(64)}`;

/** What a pipeline may present, and the user name where a client wants one. */
export interface FeedCredential {
  readonly username: string;
  readonly secret: string;
}

export type FeedCredentials = Readonly<Record<'id token' | 'job token' | 'deploy token', FeedCredential>>;

/** A GitLab that gives out credentials, a feed of packages, and the gateway between them, over TLS. */
export interface FeedRig {
  readonly gateway: TestGateway;
  /** HOST:PORT of the gateway. */
  readonly host: string;
  /** PEM file that clients trust. */
  readonly caFile: string;
  /** For clients, their homes and projects. */
  readonly folder: string;
  readonly job: TestJob;
  /** Of a job that may read all of the feed. */
  readonly auditor: FeedCredential;
  readonly credentials: FeedCredentials;
  /** What the gateway sent to the feed, as latin1. */
  sent(): string;
  /** No credential of any client has reached the feed, in no form. */
  expectNoCredentialSent(): void;
  close(): Promise<void>;
}

/**
 * Project acme/payments reads and writes `resources`, the deploy token `edge` reads them, project acme/audit reads all; the
 * service has the name of its type, and its path.
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
      server: `server:
  listen: 127.0.0.1:0
  publicUrl: https://gateway.example.com
  tls: { certFile: tls.crt, keyFile: tls.key }
  admin: { listen: 127.0.0.1:0 }
  limits: { drain: 500ms }
`,
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
