import type { Authorizer } from '../../policy/index.ts';
import type { Config } from '../../config/index.ts';
import type { Log } from '../../core/ports.ts';
import type { Revocations } from '../../core/credentials/revocation.ts';
import { authenticateAtAny, createLogIn } from './registry-login.ts';
import { createRegistryTokenEndpoint, type Mint } from '../../token-service/index.ts';
import type { Extract as ExtractCredential } from '../../credentials/index.ts';
import {
  refuseRevoked,
  type RateLimitedVerify,
  type EndpointPipeline,
  type ServicePipeline,
} from '../../gateway/index.ts';
import { operationsForAccess, readScopes, registryRoot } from '../../protocols/index.ts';

/** An OCI service with its pipeline. */
export interface Registry {
  readonly service: OciService;
  readonly pipeline: ServicePipeline;
}

type OciService = Extract<Config['services'][number], { readonly type: 'oci' }>;

export interface RegistryHostPorts {
  readonly authorizer: Authorizer;
  readonly revocations: Pick<Revocations, 'check'>;
  readonly verifyCredential: RateLimitedVerify;
  readonly mint: Mint;
  readonly extractLogin: ExtractCredential;
  readonly log: Log;
}

/** Registries of one host share a login: one token endpoint, and one `/v2/` whose challenge names it. */
export function createRegistryHosts(
  registries: readonly Registry[],
  ports: RegistryHostPorts,
): { readonly endpoints: readonly EndpointPipeline[]; readonly roots: readonly ServicePipeline[] } {
  const hosts = new Map<string | undefined, Registry[]>();
  for (const registry of registries) {
    for (const host of registry.service.hosts ?? [undefined]) {
      hosts.set(host, [...(hosts.get(host) ?? []), registry]);
    }
  }
  const endpoints: EndpointPipeline[] = [];
  const roots: ServicePipeline[] = [];
  for (const [host, members] of hosts) {
    const [first] = members;
    if (first === undefined) continue;
    const at = host === undefined ? undefined : [host];
    endpoints.push(tokenEndpoint(at, first, members, ports));
    roots.push(...rootOf(at, first, members));
  }
  return { endpoints, roots };
}

/** `/v2/` accepts a credential of any registry of the host, because clients use it to verify a login. */
function rootOf(
  hosts: readonly string[] | undefined,
  first: Registry,
  members: readonly Registry[],
): readonly ServicePipeline[] {
  const whole = members.find(({ service }) => service.repositoryPrefix === undefined);
  if (whole !== undefined && members.length === 1) return [];
  const { pipeline } = whole ?? first;
  const authenticate = authenticateAtAny(members.map((member) => member.pipeline));
  const root = { ...pipeline, hosts, path: '/v2/', authenticate };
  // A registry without a prefix serves all other paths itself.
  return [
    whole === undefined ? { ...root, protocol: registryRoot(pipeline.protocol) } : { ...root, exact: true },
  ];
}

function tokenEndpoint(
  hosts: readonly string[] | undefined,
  { pipeline }: Registry,
  members: readonly Registry[],
  { authorizer, revocations, verifyCredential, mint, extractLogin, log }: RegistryHostPorts,
): EndpointPipeline {
  const services = members
    .map(({ service, pipeline: { name, mode, authorize } }) => ({
      name,
      mode,
      authorize,
      prefix: service.repositoryPrefix ?? '',
    }))
    .toSorted((a, b) => b.prefix.length - a.prefix.length);
  const handle = createRegistryTokenEndpoint(
    {
      services,
      extract: extractLogin,
      logIn: createLogIn(
        members.map((member) => member.pipeline),
        verifyCredential,
      ),
    },
    pipeline.protocol,
    {
      identify: (credential) => authorizer.identify(credential),
      refuseRevoked: (credential, caller) => refuseRevoked(revocations, credential, caller),
      refuseEnded: pipeline.refuseEnded,
      mint,
      readScopes,
      operationsOf: operationsForAccess,
      log,
    },
  );
  return { hosts, endpointPath: '/token', service: { name: pipeline.name, type: pipeline.type }, handle };
}
