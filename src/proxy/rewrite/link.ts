import type { LocationRewriter } from './location.ts';

/** `<URI-Reference>` at the start of a value or after a comma, and the context of a link (RFC 8288 §3). */
const TARGET = /((?:^|,)\s*<)([^<>]*)(?=>)|(;\s*anchor\s*=\s*")([^"]*)(?=")/gi;

/**
 * Rewrites upstream URLs in a `Link` value, so that clients request the next page through the gateway. Foreign URLs are
 * unchanged: clients do not send credentials to them automatically.
 */
export function rewriteLinks(value: string, host: string, location: LocationRewriter): string {
  return value.replaceAll(TARGET, (...[all, open, target, anchor, context]: LinkMatch) => {
    const rewritten = location(target ?? context ?? '', host);
    return rewritten === undefined ? all : `${open ?? anchor ?? ''}${rewritten}`;
  });
}

type LinkMatch = [all: string, open?: string, target?: string, anchor?: string, context?: string];
