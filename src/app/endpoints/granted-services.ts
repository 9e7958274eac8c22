import type { Config } from '../../config/index.ts';
import type { Caller, Refusal } from '../../core/decision.ts';
import { compilePublicOrigin } from '../../core/public-origin.ts';
import type { EndpointCall } from '../../core/request/endpoint.ts';
import type { GrantedService } from '../../token-service/index.ts';
import type { EndpointPorts } from './endpoint-ports.ts';

/** Lists the services that accept the credential of a call and on which its caller has a grant. */
export function createServicesOf(
  { services, server }: Config,
  { authorizer, authenticator }: Pick<EndpointPorts, 'authorizer' | 'authenticator'>,
): (caller: Caller, call: EndpointCall) => Promise<readonly GrantedService[] | Refusal> {
  const known = services.map((service) => ({
    ...service,
    accepts: authenticator.forService(service.name),
    urlFor: compileUrl(service, server.publicUrl),
  }));

  return async function servicesOf(caller, { presented, head, incoming: { client } }) {
    const grants = Map.groupBy(authorizer.grantsOf(caller), ({ service }) => service);
    const granted: GrantedService[] = [];
    for (const { name, type, hosts, accepts, urlFor } of known) {
      const own = grants.get(name);
      if (own === undefined || presented === undefined) continue;
      // A service can accept fewer issuers and audiences than this endpoint.
      const accepted = await accepts(presented, hosts?.[0] ?? head.host, client);
      if ('kind' in accepted) {
        if (accepted.kind === 'unable') return accepted;
        continue;
      }
      granted.push({
        name,
        type,
        url: urlFor(head.host, client.proto),
        scopes: [...new Set(own.flatMap(({ scopes }) => scopes))].toSorted(),
        resources: [...new Set(own.flatMap(({ resources }) => resources))],
      });
    }
    return granted;
  };
}

type UrlFor = (host: string, proto: 'http' | 'https') => string;

function compileUrl({ type, hosts, path }: Config['services'][number], publicUrl: string): UrlFor {
  const publicOrigin = compilePublicOrigin({ publicUrl, hosts });
  // Clients know a registry by its origin.
  const suffix = type === 'oci' ? '' : path;
  return (host, proto) => {
    const reached = hosts === undefined || hosts.includes(host) ? host : (hosts[0] ?? host);
    return publicOrigin(reached, proto) + suffix;
  };
}
