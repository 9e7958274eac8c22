import type { Config } from '../../config/index.ts';
import type { Log } from '../../core/ports.ts';
import { configuredOrigins } from '../../core/public-origin.ts';
import { RESOURCE_METADATA_PATH } from '../../core/resource-metadata.ts';
import type { EndpointPipeline } from '../../gateway/index.ts';
import { httpScopes } from '../../protocols/index.ts';
import { createResourceMetadataEndpoint } from '../../token-service/index.ts';
import { isProtectedResource } from '../services/protected-resource.ts';

/** The metadata of each service of type `http`, on the hosts of the service. */
export function createResourceMetadataEndpoints(config: Config, log: Log): readonly EndpointPipeline[] {
  const { publicUrl } = config.server;
  const endpoints = config.services.filter(isProtectedResource).flatMap((service) => {
    const { name, type, hosts, path, deny } = service;
    const scopes = deny === 'conceal' ? undefined : httpScopes(service);
    return configuredOrigins({ publicUrl, hosts }).flatMap(({ host, origin }) =>
      // Strict clients compare `resource` with their URL, with or without the final slash (RFC 9728 §3.3).
      [path.slice(0, -1), path].map((each): EndpointPipeline => ({
        hosts: host === undefined ? undefined : [host],
        endpointPath: `${RESOURCE_METADATA_PATH}${each}`,
        service: { name, type },
        handle: createResourceMetadataEndpoint(
          { resource: `${origin}${each}`, authorizationServer: publicUrl, scopes },
          log,
        ),
      })),
    );
  });
  // The first endpoint above a path receives it, as the service with the longest path does.
  return endpoints.toSorted((a, b) => b.endpointPath.length - a.endpointPath.length);
}
