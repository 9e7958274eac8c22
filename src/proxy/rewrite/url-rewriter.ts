import type { BodyTransform } from './body-transform.ts';

/** A URL prefix and its replacement; both end in `/`. */
export interface Replacement {
  readonly from: string;
  readonly to: string;
}

/** Compiled replacements. */
export interface UrlReplacements {
  readonly pattern: RegExp;
  readonly targets: ReadonlyMap<string, string>;
  /** Length of the longest replaced text, in characters. */
  readonly longest: number;
}

export function compileReplacements(replacements: readonly Replacement[]): UrlReplacements {
  const all = replacements.flatMap(({ from, to }) => [
    { from, to },
    // Some servers escape slashes in JSON (RFC 8259 §7).
    { from: from.replaceAll('/', '\\/'), to: to.replaceAll('/', '\\/') },
  ]);
  // Longest first: one text may be a prefix of another.
  const froms = all.map(({ from }) => from).toSorted((a, b) => b.length - a.length);
  return {
    // Not inside another word or URL: `xhttp://…` is not a URL of the upstream.
    pattern: new RegExp(`(?<![A-Za-z0-9+./-])(?:${froms.map(escape).join('|')})`, 'g'),
    targets: new Map(all.map(({ from, to }) => [from, to])),
    longest: froms[0]?.length ?? 0,
  };
}

/**
 * Replaces URLs in a streamed body. Bytes are decoded as latin1, so that all other bytes are unchanged in any encoding.
 * A URL that spans two chunks is held back until it is complete.
 */
export class UrlRewriter implements BodyTransform {
  readonly #replacements: UrlReplacements;
  /** The character before the held text; it decides whether a URL may start there. */
  #before = '';
  #held = '';

  constructor(replacements: UrlReplacements) {
    this.#replacements = replacements;
  }

  push(view: Buffer): Buffer {
    const text = this.#held + view.toString('latin1');
    // The longest text could still start where fewer characters follow.
    return this.#replace(text, text.length - this.#replacements.longest + 1);
  }

  end(): Buffer {
    return this.#replace(this.#held, this.#held.length);
  }

  /** Replaces texts that start before `limit`, and holds the rest. */
  #replace(held: string, limit: number): Buffer {
    const { pattern, targets } = this.#replacements;
    const text = this.#before + held;
    const start = this.#before.length;
    const stop = start + Math.max(0, limit);
    let done = '';
    let at = start;
    // The pattern is shared; this function is synchronous, so `lastIndex` is not used concurrently.
    pattern.lastIndex = start;
    for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
      if (match.index >= stop) break;
      done += text.slice(at, match.index) + (targets.get(match[0]) ?? match[0]);
      at = match.index + match[0].length;
    }
    // A replaced text may extend beyond `stop`.
    const end = Math.max(at, stop);
    done += text.slice(at, end);
    this.#before = text.slice(Math.max(0, end - 1), end);
    this.#held = text.slice(end);
    return Buffer.from(done, 'latin1');
  }
}

function escape(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}
