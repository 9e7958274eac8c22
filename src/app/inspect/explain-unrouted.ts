import { createRoute, type EndpointPipeline, type ServicePipeline } from '../../gateway/index.ts';
import { withoutPort } from '../../core/request/without-port.ts';

interface UnroutedRequest {
  readonly host: string;
  readonly path: string;
}

/** Why no service has the host and path of a request. */
export type DescribeUnrouted = (request: UnroutedRequest, detail: string) => string;

export function createDescribeUnrouted(
  services: readonly ServicePipeline[],
  endpoints: readonly EndpointPipeline[],
): DescribeUnrouted {
  const route = createRoute(services, endpoints);

  /** Services without `hosts` are not served on a host that another service lists. */
  function ownersOf(host: string): ReadonlySet<string> {
    const listing = (wanted: string) =>
      new Set(services.filter(({ hosts }) => hosts?.includes(wanted)).map(({ name }) => name));
    const exact = listing(host);
    return exact.size > 0 ? exact : listing(withoutPort(host));
  }

  return function describeUnrouted({ host, path }, detail) {
    const target = route(host, path);
    if (target !== undefined && 'endpointPath' in target)
      return `${host}${path} is a built-in endpoint, on which the policy of no service applies`;
    const owners = [...ownersOf(host)].map((name) => `"${name}"`);
    return owners.length === 0
      ? detail
      : `${detail}; this host reaches only services that list it in hosts: ${owners.join(', ')}`;
  };
}
