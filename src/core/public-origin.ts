export interface PublicOriginSettings {
  readonly publicUrl: string;
  /** The hosts of the service; undefined: every host that no service names. */
  readonly hosts?: readonly string[] | undefined;
}

/**
 * The origin of the URLs that the gateway writes for a client: the client's host, with the scheme under which the client
 * reached it. Where TLS ends in front of the gateway, the scheme is `publicUrl`'s for the host of `publicUrl` and the
 * hosts of the service; a proxy can raise http to https, and not lower it.
 */
export function compilePublicOrigin({
  publicUrl,
  hosts,
}: PublicOriginSettings): (host: string, proto: 'http' | 'https') => string {
  const { protocol, host: publicHost } = new URL(publicUrl);
  const secure = protocol === 'https:';

  return function publicOrigin(host, proto) {
    const raised = secure && (hosts !== undefined || host === publicHost || host === `${publicHost}:443`);
    return `${raised ? 'https' : proto}://${host}`;
  };
}

/** A host of a service, and the origin of the service's URLs on it. */
export interface ConfiguredOrigin {
  /** Undefined: every host that no service names. */
  readonly host: string | undefined;
  readonly origin: string;
}

/** The origins of a service by the configuration alone, independent of the Host of a request. */
export function configuredOrigins({ publicUrl, hosts }: PublicOriginSettings): readonly ConfiguredOrigin[] {
  const { protocol, origin } = new URL(publicUrl);
  return hosts === undefined
    ? [{ host: undefined, origin }]
    : hosts.map((host) => ({ host: host.toLowerCase(), origin: `${protocol}//${host.toLowerCase()}` }));
}
