import { configuredOrigins, type PublicOriginSettings } from './public-origin.ts';
import { withoutPort } from './request/without-port.ts';

/** Prefix of the paths of protected-resource metadata (RFC 9728 §3). */
export const RESOURCE_METADATA_PATH = '/.well-known/oauth-protected-resource';

/** The metadata URL of a service. `host` of a request selects one of the configured URLs and is no part of it. */
export function compileResourceMetadataUrl({
  path,
  ...settings
}: PublicOriginSettings & { readonly path: string }): (host: string) => string | undefined {
  const suffix = `${RESOURCE_METADATA_PATH}${path.slice(0, -1)}`;
  const urls = new Map(configuredOrigins(settings).map(({ host, origin }) => [host, `${origin}${suffix}`]));
  const everywhere = urls.get(undefined);
  return (host) => everywhere ?? urls.get(host) ?? urls.get(withoutPort(host));
}
