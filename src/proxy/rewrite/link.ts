import type { LocationRewriter } from './location.ts';

/** `<URI-Reference>` at the start of a value or after a comma (RFC 8288 §3). */
const TARGET = /(^|,)(\s*)<([^<>]*)>/g;

/**
 * Rewrites upstream URLs in a `Link` value, so that clients request the next page through the gateway. Foreign URLs are
 * unchanged: clients do not send credentials to them automatically.
 */
export function rewriteLinks(value: string, host: string, location: LocationRewriter): string {
  return value.replaceAll(TARGET, (all, before: string, space: string, target: string) => {
    const rewritten = location(target, host);
    return rewritten === undefined ? all : `${before}${space}<${rewritten}>`;
  });
}
