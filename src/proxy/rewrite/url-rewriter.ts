import type { BodyTransform } from './body-transform.ts';

/** A text of URLs and what stands in its place; both end in `/`. */
export interface Replacement {
  readonly from: string;
  readonly to: string;
}

/** Replacements, made ready once for many bodies. */
export interface UrlReplacements {
  readonly pattern: RegExp;
  readonly targets: ReadonlyMap<string, string>;
  /** Characters of the longest text that is replaced. */
  readonly longest: number;
}

export function compileReplacements(replacements: readonly Replacement[]): UrlReplacements {
  const all = replacements.flatMap(({ from, to }) => [
    { from, to },
    // JSON may escape a slash (RFC 8259 §7), and some servers do.
    { from: from.replaceAll('/', '\\/'), to: to.replaceAll('/', '\\/') },
  ]);
  // The longest first: one may be the start of another.
  const froms = all.map(({ from }) => from).toSorted((a, b) => b.length - a.length);
  return {
    // Not where another word or URL goes on before it: `xhttp://…` is no URL of the upstream.
    pattern: new RegExp(`(?<![A-Za-z0-9+./-])(?:${froms.map(escape).join('|')})`, 'g'),
    targets: new Map(all.map(({ from, to }) => [from, to])),
    longest: froms[0]?.length ?? 0,
  };
}

/**
 * Replaces URLs in a body as it streams by. Bytes are looked at as latin1, so that what is not replaced leaves as it came,
 * whatever it is; a URL that two chunks share is held back until it is whole.
 */
export class UrlRewriter implements BodyTransform {
  readonly #replacements: UrlReplacements;
  /** The character before what is held: it decides whether a URL begins there. */
  #before = '';
  #held = '';

  constructor(replacements: UrlReplacements) {
    this.#replacements = replacements;
  }

  push(chunk: Buffer): Buffer {
    const text = this.#held + chunk.toString('latin1');
    // Where fewer characters follow, the longest could still begin.
    return this.#replace(text, text.length - this.#replacements.longest + 1);
  }

  end(): Buffer {
    return this.#replace(this.#held, this.#held.length);
  }

  /** Replaces what begins before `limit`, and holds the rest. */
  #replace(held: string, limit: number): Buffer {
    const { pattern, targets } = this.#replacements;
    const text = this.#before + held;
    const start = this.#before.length;
    const stop = start + Math.max(0, limit);
    let done = '';
    let at = start;
    // It is shared, and read from nowhere else meanwhile.
    pattern.lastIndex = start;
    for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
      if (match.index >= stop) break;
      done += text.slice(at, match.index) + (targets.get(match[0]) ?? match[0]);
      at = match.index + match[0].length;
    }
    // One that was replaced may reach beyond.
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
