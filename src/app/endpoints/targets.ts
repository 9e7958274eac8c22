import { verifyBy, type EndpointPorts } from './endpoint-ports.ts';
import type { Config } from '../../config/index.ts';
import { serviceAudience } from '../../core/credentials/minted-token.ts';
import { configuredOrigins } from '../../core/public-origin.ts';
import type { Target } from '../../token-service/index.ts';

export function allServices({ server }: Config, ports: EndpointPorts): Target {
  return {
    audience: server.publicUrl,
    service: undefined,
    verifyCredential: verifyBy(ports, ports.authenticator.verify),
  };
}

/** Targets by each of their names: the service name, `urn:gatehouse:service:NAME`, the public URLs. */
export function targetsOf(config: Config, ports: EndpointPorts): ReadonlyMap<string, Target> {
  const targets = new Map<string, Target>();
  for (const service of config.services) {
    const { name } = service;
    const audience = serviceAudience(name);
    const verifyCredential = verifyBy(ports, ports.authenticator.forService(name));
    const target = { audience, service: name, verifyCredential };
    for (const alias of [name, audience, ...publicUrlsOf(service, config.server.publicUrl)]) {
      targets.set(alias, target);
    }
  }
  const all = allServices(config, ports);
  // The URL of the gateway stands for all services.
  for (const alias of withAndWithoutSlash(config.server.publicUrl)) targets.set(alias, all);
  return targets;
}

function publicUrlsOf({ type, hosts, path }: Config['services'][number], publicUrl: string): string[] {
  const origins = configuredOrigins({ publicUrl, hosts });
  // Users identify a registry by its host, because its path is fixed.
  const paths = type === 'oci' && path === '/v2/' && hosts !== undefined ? [path, '/'] : [path];
  return origins.flatMap(({ origin }) => paths.flatMap((each) => withAndWithoutSlash(`${origin}${each}`)));
}

function withAndWithoutSlash(url: string): string[] {
  const bare = url.replace(/\/$/, '');
  return [bare, `${bare}/`];
}
