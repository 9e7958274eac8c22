import { hash } from 'node:crypto';
import type { Clock } from '../../src/core/ports.ts';
import { createContainerClients, type ContainerClients } from './container-clients.ts';
import { startGateway, type TestGateway } from './gateway.ts';
import { startGitlab, type TestGitlab, type TestJob } from './gitlab.ts';
import { startRegistry, type TestRegistry } from './registry.ts';
import { DEPLOY_SECRET } from './scenario/feed-config.ts';

export { DEPLOY_SECRET };

const AUDIENCE = 'http://gateway.example.com';

/** A GitLab server that issues credentials, a registry, the gateway between them, and clients. */
export interface RegistryRig {
  readonly gitlab: TestGitlab;
  /** A job of project 20, acme/payments. */
  readonly job: TestJob;
  readonly registry: TestRegistry;
  readonly gateway: TestGateway;
  /** HOST:PORT of the gateway. */
  readonly host: string;
  readonly clients: ContainerClients;
  close(): Promise<void>;
}

export interface RegistryRigOptions {
  /** Default: a registry without authentication. */
  readonly registry?: TestRegistry;
  /** `auth` of the upstream, as YAML flow. */
  readonly auth?: string;
  /** Further keys of the upstream, as YAML flow. */
  readonly upstream?: string;
  /** Further keys of the service, one YAML line each. */
  readonly service?: readonly string[];
  /** Further services, one YAML line each. */
  readonly services?: readonly string[];
  readonly files?: Readonly<Record<string, string>>;
  /** Further lines of `server`. */
  readonly server?: readonly string[];
  readonly clock?: Clock;
  /** `tokenLifetime` of the identity, as YAML. */
  readonly tokenLifetime?: string;
  /** Default: `AUDIENCE`, over http. */
  readonly publicUrl?: string;
  /** PEM file with the CA certificate for clients. */
  readonly caFile?: string;
}

/**
 * Projects acme/payments and acme/web have push, pull and delete access below their own path and pull access to acme/base.
 * The deploy token `edge` has pull access to acme.
 */
export async function startRegistryRig(options: RegistryRigOptions = {}): Promise<RegistryRig> {
  const [gitlab, registry] = await Promise.all([
    startGitlab({ audience: options.publicUrl ?? AUDIENCE }),
    options.registry ?? startRegistry(),
  ]);
  const {
    auth,
    upstream,
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
    upstream: { url: "${registry.url}"${auth === undefined ? '' : `, auth: ${auth}`}${upstream === undefined ? '' : `, ${upstream}`} }
    anonymous: [{ scopes: [read_registry], resources: ["public/**"] }]
${service.map((line) => `    ${line}`).join('\n')}
${services.map((line) => `  ${line}`).join('\n')}
`,
    {
      files,
      ...(clock && { clock }),
      server: { publicUrl, more: server },
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
