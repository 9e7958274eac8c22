import type { LocationRewriter } from './location.ts';

/** `<URI-Reference>` at the start of a value, or behind a comma (RFC 8288 §3). */
const TARGET = /(^|,)(\s*)<([^<>]*)>/g;

/**
 * A `Link` value with the targets on the upstream turned into the client's names, so that the next page is asked of the
 * gateway too; foreign ones stay as they are, which nobody sends a credential to unasked.
 */
export function rewriteLinks(value: string, host: string, location: LocationRewriter): string {
  return value.replaceAll(TARGET, (all, before: string, space: string, target: string) => {
    const rewritten = location(target, host);
    return rewritten === undefined ? all : `${before}${space}<${rewritten}>`;
  });
}
