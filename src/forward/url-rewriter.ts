import type { BodyTransform } from './body-transform.ts';

/** A text of URLs and what stands in its place; both end in `/`. */
export interface Replacement {
  readonly from: string;
  readonly to: string;
}

/**
 * Replaces URLs in a body as it streams by. Bytes are looked at as latin1, so that what is not replaced leaves as it came,
 * whatever it is; a URL that two chunks share is held back until it is whole.
 */
export class UrlRewriter implements BodyTransform {
  readonly #pattern: RegExp;
  readonly #targets: ReadonlyMap<string, string>;
  readonly #longest: number;
  /** The character before what is held: it decides whether a URL begins there. */
  #before = '';
  #held = '';

  constructor(replacements: readonly Replacement[]) {
    const all = replacements.flatMap(({ from, to }) => [
      { from, to },
      // JSON may escape a slash (RFC 8259 §7), and some servers do.
      { from: from.replaceAll('/', '\\/'), to: to.replaceAll('/', '\\/') },
    ]);
    this.#targets = new Map(all.map(({ from, to }) => [from, to]));
    // The longest first: one may be the start of another.
    const froms = all.map(({ from }) => from).toSorted((a, b) => b.length - a.length);
    // Not where another word or URL goes on before it: `xhttp://…` is no URL of the upstream.
    this.#pattern = new RegExp(`(?<![A-Za-z0-9+./-])(?:${froms.map(escape).join('|')})`, 'g');
    this.#longest = froms[0]?.length ?? 0;
  }

  push(chunk: Buffer): Buffer {
    const text = this.#held + chunk.toString('latin1');
    // Where fewer characters follow, the longest could still begin.
    return this.#replace(text, text.length - this.#longest + 1);
  }

  end(): Buffer {
    return this.#replace(this.#held, this.#held.length);
  }

  /** Replaces what begins before `limit`, and holds the rest. */
  #replace(held: string, limit: number): Buffer {
    const text = this.#before + held;
    const start = this.#before.length;
    const stop = start + Math.max(0, limit);
    let done = '';
    let at = start;
    this.#pattern.lastIndex = start;
    for (let match = this.#pattern.exec(text); match !== null; match = this.#pattern.exec(text)) {
      if (match.index >= stop) break;
      done += text.slice(at, match.index) + (this.#targets.get(match[0]) ?? match[0]);
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
