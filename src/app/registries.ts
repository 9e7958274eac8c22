import type { Authorizer } from '../policy/index.ts';
import type { Config } from '../config/index.ts';
import type { Log } from '../core/ports.ts';
import type { Revocations } from '../core/credentials/revocation.ts';
import { authenticateAtAny, createLogIn } from './registry-login.ts';
import { createRegistryTokenEndpoint, type Mint } from '../token-service/index.ts';
import type { Extract as ExtractCredential } from '../credentials/index.ts';
import { refuseRevoked, type Admit, type EndpointLine, type ServiceLine } from '../gateway/index.ts';
import { operationsOf, readScopes, registryRoot } from '../protocols/index.ts';

/** A registry, with what is made of it. */
export interface Registry {
  readonly service: OciService;
  readonly line: ServiceLine;
}

type OciService = Extract<Config['services'][number], { readonly type: 'oci' }>;

export interface RegistryRooms {
  readonly authorizer: Authorizer;
  readonly revocations: Pick<Revocations, 'check'>;
  readonly admit: Admit;
  readonly mint: Mint;
  readonly extractLogin: ExtractCredential;
  readonly log: Log;
}

/** What the registries of a host share: one login, so one token endpoint, and one `/v2/` that says where it is. */
export function createRegistryHosts(
  registries: readonly Registry[],
  rooms: RegistryRooms,
): { readonly endpoints: readonly EndpointLine[]; readonly roots: readonly ServiceLine[] } {
  const hosts = new Map<string | undefined, Registry[]>();
  for (const registry of registries) {
    for (const host of registry.service.hosts ?? [undefined]) {
      hosts.set(host, [...(hosts.get(host) ?? []), registry]);
    }
  }
  const endpoints: EndpointLine[] = [];
  const roots: ServiceLine[] = [];
  for (const [host, members] of hosts) {
    const [first] = members;
    if (first === undefined) continue;
    const at = host === undefined ? undefined : [host];
    endpoints.push(tokenEndpoint(at, first, members, rooms));
    roots.push(...rootOf(at, first, members));
  }
  return { endpoints, roots };
}

/** `/v2/` belongs to all registries of the host: a login at any of them must be seen to have succeeded. */
function rootOf(
  hosts: readonly string[] | undefined,
  first: Registry,
  members: readonly Registry[],
): readonly ServiceLine[] {
  const whole = members.find(({ service }) => service.repositoryPrefix === undefined);
  if (whole !== undefined && members.length === 1) return [];
  const { line } = whole ?? first;
  const authenticate = authenticateAtAny(members.map((member) => member.line));
  const root = { ...line, hosts, path: '/v2/', authenticate };
  // A registry without a prefix answers for all other paths itself.
  return [
    whole === undefined ? { ...root, protocol: registryRoot(line.protocol) } : { ...root, exact: true },
  ];
}

function tokenEndpoint(
  hosts: readonly string[] | undefined,
  { line }: Registry,
  members: readonly Registry[],
  { authorizer, revocations, admit, mint, extractLogin, log }: RegistryRooms,
): EndpointLine {
  const services = members
    .map(({ service, line: { name, mode, authorize } }) => ({
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
        members.map((member) => member.line),
        admit,
      ),
    },
    line.protocol,
    {
      identify: (credential) => authorizer.identify(credential),
      refuseRevoked: (credential, caller) => refuseRevoked(revocations, credential, caller),
      mint,
      readScopes,
      operationsOf,
      log,
    },
  );
  return { hosts, endpointPath: '/token', service: { name: line.name, type: line.type }, handle };
}
