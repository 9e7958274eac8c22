import type { NameToken } from './name-tokens.ts';

type Alternatives = readonly (readonly NameToken[])[];

type Atom =
  | { readonly kind: 'alternatives'; readonly alternatives: Alternatives }
  /** One character. `complete`: the class contains every character of a name, apart from `/` unless `slash`. */
  | { readonly kind: 'class'; readonly slash: boolean; readonly complete: boolean };

const MAX_ALTERNATIVES = 64;
const MAX_NESTING = 16;
const QUANTIFIER = /^(?:[*+?]|\{\d+(?:,\d*)?\})/;
const NAME_CHARACTERS = 'abcdefghijklmnopqrstuvwxyz0123456789._-'.split('');

/**
 * A class with the same ASCII characters in Go and JavaScript. It has no name of a class, such as `[:alpha:]` or `\pL`, and
 * no `]` at its start, which is literal in Go.
 */
export const GO_CLASS = String.raw`\[(?:\^(?!\])|(?![\^\]]))(?:\\(?:[dDwWsStnrfv]|[^A-Za-z0-9])|\[(?!:)|[^\]\\[])+\]`;
const CLASS_AT_START = new RegExp(`^${GO_CLASS}`);

/** Reads a regular expression of Go (RE2) as alternatives of tokens. */
export class ExpressionReader {
  readonly #text: string;
  #at = 0;
  #nesting = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Undefined if the expression contains syntax that this reader does not know, or too many alternatives. */
  read(): Alternatives | undefined {
    const alternatives = this.#readAlternatives();
    return this.#at === this.#text.length ? alternatives : undefined;
  }

  #readAlternatives(): Alternatives | undefined {
    let all: Alternatives = [];
    do {
      const sequence = this.#readSequence();
      if (sequence === undefined) return undefined;
      all = [...all, ...sequence];
      if (all.length > MAX_ALTERNATIVES) return undefined;
    } while (this.#take('|'));
    return all;
  }

  #readSequence(): Alternatives | undefined {
    let sequence: Alternatives = [[]];
    while (this.#at < this.#text.length && !'|)'.includes(this.#text[this.#at] ?? '')) {
      const part = this.#readQuantified();
      if (part === undefined) return undefined;
      sequence = sequence.flatMap((start) => part.map((end) => [...start, ...end]));
      if (sequence.length > MAX_ALTERNATIVES) return undefined;
    }
    return sequence;
  }

  #readQuantified(): Alternatives | undefined {
    const atom = this.#readAtom();
    if (atom === undefined) return undefined;
    const [quantifier = ''] = QUANTIFIER.exec(this.#text.slice(this.#at)) ?? [];
    this.#at += quantifier.length;
    if (quantifier !== '') this.#take('?');
    if (atom.kind === 'class') {
      const nonEmpty = quantifier === '' || quantifier === '+';
      const exact = atom.complete && (quantifier === '*' || quantifier === '+');
      return [[{ kind: 'wild', slash: atom.slash, nonEmpty, exact }]];
    }
    if (quantifier === '') return atom.alternatives;
    return quantifier === '?' ? [...atom.alternatives, []] : [[UNKNOWN_TEXT]];
  }

  #readAtom(): Atom | undefined {
    const char = this.#text[this.#at] ?? '';
    if (char === '(') return this.#readGroup();
    if (char === '[') return this.#readClass();
    this.#at += 1;
    // A quantifier would apply to one half of the character.
    if (/[\ud800-\udfff]/.test(char)) return undefined;
    if (char === '.') return { kind: 'class', slash: true, complete: true };
    if (char === '^') return one({ kind: 'start' });
    if (char === '$') return one({ kind: 'end' });
    if (char !== '\\') return '*+?{'.includes(char) ? undefined : one({ kind: 'literal', text: char });
    const escaped = this.#text[this.#at] ?? '';
    this.#at += 1;
    if (escaped === 'w' || escaped === 'd') return classOf(`\\${escaped}`);
    return /^[^A-Za-z0-9]$/.test(escaped) ? one({ kind: 'literal', text: escaped }) : undefined;
  }

  #readGroup(): Atom | undefined {
    const [opening = '('] = /^\((?:\?:|\?P?<\w+>)?/.exec(this.#text.slice(this.#at)) ?? [];
    this.#at += opening.length;
    this.#nesting += 1;
    if (this.#text[this.#at] === '?' || this.#nesting > MAX_NESTING) return undefined;
    const alternatives = this.#readAlternatives();
    this.#nesting -= 1;
    return alternatives === undefined || !this.#take(')')
      ? undefined
      : { kind: 'alternatives', alternatives };
  }

  #readClass(): Atom | undefined {
    const [text] = CLASS_AT_START.exec(this.#text.slice(this.#at)) ?? [];
    if (text === undefined) return undefined;
    this.#at += text.length;
    return classOf(text);
  }

  #take(char: string): boolean {
    if (this.#text[this.#at] !== char) return false;
    this.#at += 1;
    return true;
  }
}

const UNKNOWN_TEXT: NameToken = { kind: 'wild', slash: true, nonEmpty: false, exact: false };

function one(token: NameToken): Atom {
  return { kind: 'alternatives', alternatives: [[token]] };
}

function classOf(text: string): Atom | undefined {
  try {
    const expression = new RegExp(`^${text}$`);
    const complete = NAME_CHARACTERS.every((char) => expression.test(char));
    return { kind: 'class', slash: expression.test('/'), complete };
  } catch {
    return undefined;
  }
}
