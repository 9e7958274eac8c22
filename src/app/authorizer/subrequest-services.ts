import { createSubrequestRules, PROXIED_TYPES } from '../../authorizer/index.ts';
import type { Config } from '../../config/index.ts';
import type { Keyring } from '../../core/credentials/keyring.ts';
import type { Clock } from '../../core/ports.ts';
import type { ServicePipeline } from '../../gateway/index.ts';
import { createTokenRouteGuard } from '../../protocols/index.ts';
import { createHeadersForProxy, createRemovedParameter } from '../../proxy/index.ts';
import type { Services } from '../services/services.ts';

/** Completes the pipelines of the services with the authorization of requests that a proxy forwards. */
export function createSubrequestServices(
  { services, server }: Config,
  { pipelines, forwarders }: Pick<Services, 'pipelines' | 'forwarders'>,
  ports: { readonly keyring: Pick<Keyring, 'sign'>; readonly clock: Clock },
): readonly ServicePipeline[] {
  const byName = new Map(services.map((service) => [service.name, service]));
  return pipelines.map((pipeline) => {
    const service = byName.get(pipeline.name);
    if (service === undefined || !PROXIED_TYPES.has(service.type)) return pipeline;
    const { protocol, acceptedHeaders = new Set<string>() } = pipeline;
    const injects = 'authorizer' in service && service.authorizer.injectCredential;
    const credential = injects ? forwarders.get(service.name)?.made.credential : undefined;
    return {
      ...pipeline,
      // The proxy replaces no prefix.
      guard: createTokenRouteGuard({ type: service.type, path: service.path }),
      subrequests: createSubrequestRules({
        type: service.type,
        protocol,
        acceptedHeaders,
        removedParameter: createRemovedParameter(protocol.credentialQueryParameters),
        headersForProxy: createHeadersForProxy(
          { ...service, publicUrl: server.publicUrl },
          credential,
          ports,
        ),
      }),
    };
  });
}
