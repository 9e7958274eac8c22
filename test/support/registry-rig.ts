import { hash } from 'node:crypto';
import type { Clock } from '../../src/core/ports.ts';
import { createContainerClients, type ContainerClients } from './container-clients.ts';
import { startGateway, type TestGateway } from './gateway.ts';
import { startGitlab, type TestGitlab, type TestJob } from './gitlab.ts';
import { startRegistry, type TestRegistry } from './registry.ts';

const AUDIENCE = 'http://gateway.example.com';
export const DEPLOY_SECRET = `ghdt_edge_${'7'.repeat(64)}`;

/** A GitLab that gives out credentials, a registry, the gateway between them, and clients. */
export interface RegistryRig {
  readonly gitlab: TestGitlab;
  /** Of project 20, acme/payments. */
  readonly job: TestJob;
  readonly registry: TestRegistry;
  readonly gateway: TestGateway;
  /** HOST:PORT of the gateway. */
  readonly host: string;
  readonly clients: ContainerClients;
  close(): Promise<void>;
}

export interface RegistryRigOptions {
  /** Default: a plain one. */
  readonly registry?: TestRegistry;
  /** `auth` of the upstream, as YAML flow. */
  readonly auth?: string;
  /** More keys of the service, one YAML line each. */
  readonly service?: readonly string[];
  /** More services, one YAML line each. */
  readonly services?: readonly string[];
  readonly files?: Readonly<Record<string, string>>;
  /** More lines of `server`. */
  readonly server?: readonly string[];
  readonly clock?: Clock;
  /** Of tokens minted for the identity, as YAML. */
  readonly tokenLifetime?: string;
  /** Default: `AUDIENCE`, over http. */
  readonly publicUrl?: string;
  /** PEM file that clients trust. */
  readonly caFile?: string;
}

/**
 * Project acme/payments pushes, pulls and deletes below its own path and pulls from acme/base; acme/web may do the same below
 * its own; the deploy token `edge` pulls from acme.
 */
export async function startRegistryRig(options: RegistryRigOptions = {}): Promise<RegistryRig> {
  const [gitlab, registry] = await Promise.all([
    startGitlab({ audience: options.publicUrl ?? AUDIENCE }),
    options.registry ?? startRegistry(),
  ]);
  const {
    auth,
    service = [],
    services = [],
    files = {},
    server = [],
    caFile,
    clock,
    publicUrl = AUDIENCE,
    tokenLifetime = '15m',
  } = options;
  const gateway = await startGateway(
    `
issuers:
  gitlab: { type: gitlab, issuer: "${gitlab.url}", jobTokens: { cache: 300ms } }
roles:
  publisher:
    - service: registry
      scopes: [read_registry, write_registry, delete_registry]
      resources: ["{claims.project_path}/**"]
    - { service: registry, scopes: [read_registry], resources: ["acme/base/**"] }
identities:
  ci:
    issuer: gitlab
    via: [id_token, job_token]
    match: { project_id: { in: ["20", "21"] } }
    roles: [publisher]
    tokenLifetime: ${tokenLifetime}
deployTokens:
  edge:
    username: edge-puller
    secretHash: "sha256:${hash('sha256', DEPLOY_SECRET)}"
    grants: [{ service: registry, scopes: [read_registry], resources: ["acme/**"] }]
services:
  registry:
    type: oci
    upstream: { url: "${registry.url}"${auth === undefined ? '' : `, auth: ${auth}`} }
    anonymous: [{ scopes: [read_registry], resources: ["public/**"] }]
${service.map((line) => `    ${line}`).join('\n')}
${services.map((line) => `  ${line}`).join('\n')}
`,
    {
      files,
      ...(clock && { clock }),
      server: [
        'server:',
        '  listen: 127.0.0.1:0',
        `  publicUrl: ${publicUrl}`,
        '  admin: { listen: 127.0.0.1:0 }',
        '  limits: { drain: 500ms }',
        ...server.map((line) => `  ${line}`),
        '',
      ].join('\n'),
    },
  );
  gitlab.project(21, 'acme/web');
  const job = gitlab.job({ project: { id: 20, path: 'acme/payments' } });
  const clients = createContainerClients(caFile);
  return {
    gitlab,
    job,
    registry,
    gateway,
    host: `127.0.0.1:${gateway.port}`,
    clients,
    async close() {
      clients.close();
      await gateway.close();
      await Promise.all([registry.close(), gitlab.close()]);
    },
  };
}
