import { compilePublicOrigin } from '../../core/public-origin.ts';
import { closeOnFailure } from '../../util/resources/close-on-failure.ts';
import { createQueryCleaner } from '../headers/credential-parameters.ts';
import { createHeaderInjection } from '../headers/injected-headers.ts';
import { createOutgoingHead } from '../headers/upstream-request-head.ts';
import { createLocationRewriter } from '../rewrite/location.ts';
import { createRewriting } from '../rewrite/rewriting.ts';
import { createUrlMapping } from '../rewrite/url-mapping.ts';
import { createUpstreamPool } from '../transport/upstream-pool.ts';
import { createAssertions } from '../upstream-credentials/assertions.ts';
import { createUpstreamCredential } from '../upstream-credentials/upstream-credential.ts';
import { createTunnels } from '../websocket/tunnels.ts';
import type { ForwardPorts, ForwardSettings } from './forward-settings.ts';
import { Places } from './places.ts';
import { createRedirects } from './redirects.ts';
import { createUpstreamOutage } from './upstream-outage.ts';

/** The long-lived objects of one service's upstream: connections, credential, header and URL rewriting. */
export type UpstreamSide = ReturnType<typeof createUpstreamSide>;

export function createUpstreamSide(settings: ForwardSettings, ports: ForwardPorts) {
  const { upstream, keepCookies } = settings;
  const cleanQuery = createQueryCleaner(settings.credentialQueryParameters);
  const { credential, pool } = closeOnFailure((keep) => {
    const opened = upstream.auth && createUpstreamCredential(settings, upstream.auth, ports);
    if (opened !== undefined) keep(opened);
    return { credential: opened, pool: createUpstreamPool(settings.name, upstream, ports.log) };
  });
  const mapping = createUrlMapping(settings);
  const location = createLocationRewriter({
    mapping,
    upstreamUrl: upstream.url,
    redirectOrigins: upstream.redirectOrigins,
    cleanQuery,
  });
  return {
    name: settings.name,
    target: new URL(upstream.url),
    maxConnections: upstream.connections,
    timeouts: upstream.timeouts,
    places: new Places(
      { name: settings.name, max: upstream.connections, queueTimeout: upstream.queueTimeout ?? 0 },
      ports.queueMeter,
    ),
    maxBody: settings.limits.bodyBytes ?? Infinity,
    credential,
    pool,
    mapping,
    location,
    keepCookies,
    isStorage: (url: URL) => upstream.redirectOrigins.some((each) => new URL(each).origin === url.origin),
    redirects: createRedirects(settings.name, upstream, ports.log),
    prepareInjectedHeaders: createHeaderInjection(
      credential,
      settings.assertion ? createAssertions(settings, ports) : undefined,
      upstream.auth?.forwardCredential === true,
    ),
    outgoing: createOutgoingHead(settings, cleanQuery, credential?.headers ?? []),
    publicOrigin: compilePublicOrigin(settings),
    rewritingFor: createRewriting(settings, mapping),
    tunnels: settings.webSockets
      ? createTunnels(
          { ...settings.webSockets, location, keepCookies, timeouts: upstream.timeouts },
          pool.connect,
        )
      : undefined,
    stalls: ports.stalls,
    outage: createUpstreamOutage(settings, ports),
  };
}
