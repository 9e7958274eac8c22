/** A text of URLs and what stands in its place; both end in `/`. */
export interface Replacement {
  readonly from: string;
  readonly to: string;
}

/**
 * Replaces URLs in a body as it streams by. Bytes are looked at as latin1, so that what is not replaced leaves as it came,
 * whatever it is; a URL that two chunks share is held back until it is whole.
 */
export class BodyRewriter {
  readonly #pattern: RegExp;
  readonly #targets: ReadonlyMap<string, string>;
  readonly #longest: number;
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
    // Not where another word goes on before it: `xhttp://…` is no URL of the upstream.
    this.#pattern = new RegExp(`(?<![A-Za-z0-9+.-])(?:${froms.map(escape).join('|')})`, 'g');
    this.#longest = froms[0]?.length ?? 0;
  }

  push(chunk: Buffer): Buffer {
    const text = this.#held + chunk.toString('latin1');
    // What could still become a URL, and one character before it, which decides whether it is one.
    const safe = Math.max(0, text.length - this.#longest);
    const { done, rest } = this.#replaceUpTo(text, safe);
    this.#held = rest;
    return Buffer.from(done, 'latin1');
  }

  end(): Buffer {
    const { done } = this.#replaceUpTo(this.#held, this.#held.length);
    this.#held = '';
    return Buffer.from(done, 'latin1');
  }

  /** Replaces what starts before `safe`; leaves the rest, with the character before it if there is one. */
  #replaceUpTo(text: string, safe: number): { readonly done: string; readonly rest: string } {
    let done = '';
    let at = 0;
    this.#pattern.lastIndex = 0;
    for (let match = this.#pattern.exec(text); match !== null; match = this.#pattern.exec(text)) {
      if (match.index >= safe) break;
      done += text.slice(at, match.index) + (this.#targets.get(match[0]) ?? match[0]);
      at = match.index + match[0].length;
    }
    if (safe >= text.length) return { done: done + text.slice(at), rest: '' };
    // A match may reach beyond; what follows it begins anew.
    const end = Math.max(at, Math.max(0, safe - 1));
    return { done: done + text.slice(at, end), rest: text.slice(end) };
  }
}

function escape(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}
