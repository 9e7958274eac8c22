import { hash } from 'node:crypto';

/**
 * A rewritten body is another representation than the upstream's, so it needs a validator of its own (RFC 9110 §8.8.3), and one
 * that changes with what is rewritten. The upstream's stays in it, so that `If-None-Match` can be asked of it.
 */
export function createEntityTags(what: string): {
  /** The upstream's → the client's. */
  readonly outward: (tag: string) => string;
  /** An `If-None-Match` of the client → that of the upstream; undefined where it names nothing that we gave out. */
  readonly inward: (value: string) => string | undefined;
} {
  const suffix = `-gh${hash('sha256', what).slice(0, 8)}"`;
  return {
    outward: (tag) => (tag.endsWith('"') ? tag.slice(0, -1) + suffix : tag),
    inward(value) {
      const known = (value.match(TAG) ?? [])
        .filter((tag) => tag.endsWith(suffix))
        .map((tag) => `${tag.slice(0, -suffix.length)}"`);
      return known.length === 0 ? undefined : known.join(', ');
    },
  };
}

/** RFC 9110 §8.8.3; there may be commas in it. */
const TAG = /(?:W\/)?"[^"]*"/g;
