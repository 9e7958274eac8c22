import type { Authorizer } from '../authorize/index.ts';
import type { Config } from '../config/index.ts';
import type { Log } from '../contract/ports.ts';
import type { Revocations } from '../contract/revocation.ts';
import { createRegistryTokenEndpoint, type Mint } from '../exchange/index.ts';
import type { Extract as ExtractCredential } from '../extract/index.ts';
import { refuseRevoked, type Admit, type EndpointLine, type ServiceLine } from '../pipeline/index.ts';
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
    if (members.every(({ service }) => service.repositoryPrefix !== undefined)) {
      const { line } = first;
      roots.push({ ...line, hosts: at, path: '/v2/', protocol: registryRoot(line.protocol) });
    }
  }
  return { endpoints, roots };
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
      // The registries of a host agree in whom they believe: the configuration sees to it.
      admit: (presented, from) => admit(line.authenticate, presented, from),
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
