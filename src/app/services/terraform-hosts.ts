import type { Config } from '../../config/index.ts';
import type { ServicePipeline } from '../../gateway/index.ts';
import { DISCOVERY_PATH, terraformDiscovery } from '../../protocols/index.ts';

/** A service of type `terraform` with its pipeline. */
export interface TerraformService {
  readonly service: Extract<Config['services'][number], { readonly type: 'terraform' }>;
  readonly pipeline: ServicePipeline;
}

/** The discovery document of each host, which names the registries of the first service of the host. */
export function createTerraformDiscovery(services: readonly TerraformService[]): readonly ServicePipeline[] {
  const answered = new Set<string>();
  return services.flatMap(({ service, pipeline }) => {
    const hosts = (service.hosts ?? []).filter((host) => !answered.has(host));
    for (const host of hosts) answered.add(host);
    if (hosts.length === 0) return [];
    const protocol = terraformDiscovery(pipeline.protocol, {
      'modules.v1': service.path + service.modulesPath,
      'providers.v1': service.path + service.providersPath,
    });
    // The gateway responds itself, so that no token route of the upstream is reached.
    const guard: ServicePipeline['guard'] = (_head, classified) => classified;
    return [{ ...pipeline, hosts, path: DISCOVERY_PATH, exact: true, protocol, guard }];
  });
}
