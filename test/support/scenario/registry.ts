import { hash } from 'node:crypto';
import type { Clock } from '../../../src/core/ports.ts';
import { createContainerClients, type ContainerClients } from '../container-clients.ts';
import { startGitlab, type TestGitlab, type TestJob } from '../gitlab.ts';
import { startRegistry, type TestRegistry } from '../registry.ts';
import { startScenario, type Scenario } from '../scenario.ts';
import { DEPLOY_SECRET } from './feed-config.ts';
import type { GatewayTls } from './tls.ts';

const PUBLIC_URL = 'http://gateway.example.com';

type Backends = {
  readonly gitlab: TestGitlab;
  readonly registry: TestRegistry;
  readonly clients: ContainerClients;
};

/** A GitLab server that issues credentials, a registry, the gateway between them, and clients. */
export type RegistryScenario = Scenario<Backends> & {
  /** A job of project 20, acme/payments. */
  readonly job: TestJob;
  /** HOST:PORT of the gateway. */
  readonly host: string;
};

export interface RegistryOptions {
  /** Default: a registry without authentication. */
  readonly registry?: (() => Promise<TestRegistry>) | TestRegistry;
  /** `auth` of the upstream, as YAML flow. */
  readonly auth?: string;
  /** Further keys of the upstream, as YAML flow. */
  readonly upstream?: string;
  /** Further keys of the service, one YAML line each. */
  readonly service?: readonly string[];
  /** Further services, one YAML line each. */
  readonly services?: readonly string[];
  readonly files?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
  /** `tokenLifetime` of the identity, as YAML. */
  readonly tokenLifetime?: string;
  /** Default: `PUBLIC_URL`, over http. */
  readonly publicUrl?: string;
  /** The gateway has this certificate, and clients trust its CA. */
  readonly tls?: GatewayTls;
}

/**
 * Projects acme/payments and acme/web have push, pull and delete access below their own path and pull access to acme/base.
 * The deploy token `edge` has pull access to acme.
 */
export async function startRegistryScenario(options: RegistryOptions = {}): Promise<RegistryScenario> {
  const { publicUrl = PUBLIC_URL, tls, clock } = options;
  const scenario = await startScenario<Backends>({
    backends: {
      gitlab: () => startGitlab({ audience: publicUrl }),
      registry: options.registry ?? (() => startRegistry()),
      clients: () => Promise.resolve(createContainerClients(tls?.caFile)),
    },
    config: ({ gitlab, registry }) => configuration(options, gitlab.url, registry.url),
    files: { ...options.files, ...tls?.files },
    server: { publicUrl, ...tls?.server },
    ...(clock && { clock }),
  });
  const { gitlab, gateway } = scenario;
  gitlab.project(21, 'acme/web');
  const job = gitlab.job({ project: { id: 20, path: 'acme/payments' } });
  return { ...scenario, job, host: `127.0.0.1:${gateway.port}` };
}

function configuration(options: RegistryOptions, gitlab: string, registry: string): string {
  const { auth, upstream, service = [], services = [], tokenLifetime = '15m' } = options;
  const keys = [
    ...(auth === undefined ? [] : [`auth: ${auth}`]),
    ...(upstream === undefined ? [] : [upstream]),
  ]
    .map((key) => `, ${key}`)
    .join('');
  return `
issuers:
  gitlab: { type: gitlab, issuer: "${gitlab}", jobTokens: { cache: 300ms } }
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
    upstream: { url: "${registry}"${keys} }
    anonymous: [{ scopes: [read_registry], resources: ["public/**"] }]
${service.map((line) => `    ${line}`).join('\n')}
${services.map((line) => `  ${line}`).join('\n')}
`;
}
