import type { ServicePipeline } from '../../gateway/index.ts';

/** The routes at the root of a host by which clients find a service. The first service of a host responds. */
export function createWellKnownRoutes(pipelines: readonly ServicePipeline[]): readonly ServicePipeline[] {
  const taken = new Set<string>();
  return pipelines.flatMap((pipeline) => {
    const { wellKnown } = pipeline.protocol;
    if (wellKnown === undefined) return [];
    const { path, classify } = wellKnown;
    const free = (pipeline.hosts ?? []).filter((host) => !taken.has(`${host}${path}`));
    for (const host of free) taken.add(`${host}${path}`);
    if (free.length === 0) return [];
    const protocol = { ...pipeline.protocol, classify, tickets: false };
    // The gateway responds itself, so the request reaches no token route of the upstream.
    const guard: ServicePipeline['guard'] = (_head, classified) => classified;
    return [{ ...pipeline, hosts: free, path, exact: true, protocol, guard }];
  });
}
