import { hash } from 'node:crypto';

/**
 * A rewritten body is another representation, so it needs a separate validator (RFC 9110 §8.8.3) that changes with the
 * replacements. It contains the upstream's tag, so that `If-None-Match` can be mapped back.
 */
export function createEntityTags(replacements: string): {
  /** Upstream tag → client tag. */
  readonly outward: (tag: string) => string;
  /** Client `If-None-Match` → upstream `If-None-Match`; undefined when it contains no tag issued by the gateway. */
  readonly inward: (value: string) => string | undefined;
} {
  const suffix = `-gh${hash('sha256', replacements).slice(0, 8)}"`;
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

/** RFC 9110 §8.8.3; a tag may contain commas. */
const TAG = /(?:W\/)?"[^"]*"/g;
