import type { Forwarding } from '../../core/request/forwarding.ts';
import { invalidResponse, type InvalidResponse } from '../transport/invalid-response.ts';
import { Relay } from './relay.ts';
import type { UpstreamSide } from './upstream-side.ts';

/** Sends the request to the target of a redirect; undefined when it was sent. */
export type Follow = (forwarding: Forwarding, location: string, base: URL) => InvalidResponse | undefined;

export function createFollow({
  redirects,
  mapping,
  location: rewriteLocation,
  keepCookies,
  stalls,
  outage,
  places,
}: UpstreamSide): Follow {
  function follow(
    forwarding: Forwarding,
    location: string,
    base: URL,
    hops: number,
  ): InvalidResponse | undefined {
    if (hops > MAX_HOPS) return invalidResponse(`more than ${MAX_HOPS} redirects`);
    const { head, incoming } = forwarding;
    const url = URL.parse(location, base.href);
    const target = url === null ? location : mapping.atUpstream(url, head.host).href;
    const hop = redirects.hop(target, base, head.method, head.rawHeaders);
    if (hop.kind === 'invalid') return hop;
    const relay = new Relay(forwarding, undefined, {
      location: rewriteLocation,
      keepCookies,
      rewriting: undefined,
      stalls,
      outage,
      follow: (next) => follow(forwarding, next, hop.url, hops + 1),
      unauthorized: () => 'upstream_unauthorized',
      ended: () => places.free(),
    });
    places.take();
    incoming.res.on('close', () => relay.clientClosed());
    hop.pool.dispatch(hop.options, relay);
    return undefined;
  }
  return (forwarding, location, base) => follow(forwarding, location, base, 1);
}

/** Object storage redirects once; a mirror in front of it adds a second redirect. */
const MAX_HOPS = 3;
