import type { Mark } from '../problems/problem.ts';
import type { Source } from './read-sources.ts';

export interface Token {
  readonly mark: Mark;
  /** The source of an unquoted scalar, the content of a quoted one. */
  readonly text: string;
  readonly plain: boolean;
}

/** The least columns of a line in a flow collection, and of its closing bracket. */
export interface FlowIndent {
  readonly least: number;
  readonly closing: number;
}

/** Characters whose meaning depends on their place: tabs, carriage returns, byte order marks; and controls. */
const UNUSUAL = /[\u0000-\u0009\u000b-\u001f\u007f\ufeff]/;

/** How an unquoted scalar starts, where that is no indicator of YAML (§5.3). */
const PLAIN_START = /[A-Za-z0-9_/$+;=()~^\\]|-[A-Za-z0-9_/]|\.(?!\.)/y;

const PLAIN_BLOCK = /(?:[^\n:# ]|:(?![ \n]|$)|(?<! )#| +(?![#\n ]|:(?:[ \n]|$)|$))+/y;
const PLAIN_FLOW = /(?:[^\n:# ,[\]{}]|:(?![ \n,[\]{}]|$)|(?<! )#| +(?![#\n ,[\]{}]|:|$))+/y;

const SINGLE_QUOTED = /'((?:[^'\n]|'')*)'/y;
/** Of the escapes, only those for `"` and `\`. */
const DOUBLE_QUOTED = /"((?:[^"\\\n]|\\["\\])*)"/y;

const MAX_SHARED_TEXTS = 200;

/** A position in a text, and the tokens of the simple subset of YAML. */
export class SimpleCursor {
  /** The column of the content that `toContent` has found, from 0; -1 at the end of the text. */
  column = -1;
  readonly #file: string;
  readonly #text: string;
  #at = 0;
  #line = 1;
  #lineStart = 0;
  readonly #texts = new Map<string, string>();

  static of({ file, text }: Source): SimpleCursor | undefined {
    if (UNUSUAL.test(text)) return undefined;
    return new SimpleCursor(file, text);
  }

  private constructor(file: string, text: string) {
    this.#file = file;
    this.#text = text;
    if (text.startsWith('---\n')) this.#newLine(3);
  }

  mark(): Mark {
    return { file: this.#file, line: this.#line, column: this.columnHere() + 1 };
  }

  columnHere(): number {
    return this.#at - this.#lineStart;
  }

  at(text: string): boolean {
    return this.#text.startsWith(text, this.#at);
  }

  skip(count: number): void {
    this.#at += count;
  }

  /** At `- `, the start of an item. */
  atDash(): boolean {
    return this.at('-') && this.#isSpaceOrEnd(this.#at + 1);
  }

  atFlow(): boolean {
    return this.at('[') || this.at('{');
  }

  /** At the colon of a key in a block mapping. */
  atKeyEnd(): boolean {
    return this.at(':') && this.#isSpaceOrEnd(this.#at + 1);
  }

  /** Skips blank lines and comments. Returns the column of the next content; -1 at the end. */
  toContent(): number {
    for (;;) {
      this.#skipSpaces();
      if (this.at('#')) this.#skipLine();
      if (!this.at('\n')) break;
      this.#newLine(this.#at);
    }
    this.column = this.#at === this.#text.length ? -1 : this.columnHere();
    return this.column;
  }

  /** Skips spaces, and a comment if spaces precede it. Returns whether the line ends here. */
  endOfLine(): boolean {
    const from = this.#at;
    this.#skipSpaces();
    if (this.at('#') && this.#at > from) this.#skipLine();
    return this.at('\n') || this.#at === this.#text.length;
  }

  /** Skips spaces, comments and line ends in a flow collection. False if a line is indented too little. */
  flowSpace({ least, closing }: FlowIndent): boolean {
    while (this.endOfLine()) {
      if (this.#at === this.#text.length) return false;
      this.#newLine(this.#at);
      this.#skipSpaces();
      if (this.at('#')) this.#skipLine();
      else if (!this.at('\n') && this.columnHere() < least) {
        return this.columnHere() >= closing && (this.at(']') || this.at('}'));
      }
    }
    return true;
  }

  /** Reads a scalar of one line, unless it starts or is written in an unusual way. */
  scalar(inFlow: boolean): Token | undefined {
    const mark = this.mark();
    if (this.at('"')) return this.#quoted(mark, DOUBLE_QUOTED, (text) => text.replaceAll(/\\(.)/g, '$1'));
    if (this.at("'")) return this.#quoted(mark, SINGLE_QUOTED, (text) => text.replaceAll("''", "'"));
    const start = this.#at;
    if (this.#match(PLAIN_START) === undefined) return undefined;
    this.#at = start;
    const text = this.#match(inFlow ? PLAIN_FLOW : PLAIN_BLOCK)?.[0];
    return text === undefined ? undefined : { mark, text: this.#share(text), plain: true };
  }

  #quoted(mark: Mark, pattern: RegExp, unescape: (text: string) => string): Token | undefined {
    const content = this.#match(pattern)?.[1];
    return content === undefined ? undefined : { mark, text: unescape(content), plain: false };
  }

  /** Keys, and names such as those of services and scopes, occur in thousands of entries. */
  #share(text: string): string {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    if (this.#texts.size < MAX_SHARED_TEXTS) this.#texts.set(text, text);
    return text;
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) return undefined;
    this.#at = pattern.lastIndex;
    return match;
  }

  #isSpaceOrEnd(at: number): boolean {
    const char = this.#text[at];
    return char === ' ' || char === '\n' || char === undefined;
  }

  #skipSpaces(): void {
    while (this.#text[this.#at] === ' ') this.#at += 1;
  }

  #skipLine(): void {
    const end = this.#text.indexOf('\n', this.#at);
    this.#at = end === -1 ? this.#text.length : end;
  }

  #newLine(end: number): void {
    this.#at = end + 1;
    this.#line += 1;
    this.#lineStart = this.#at;
  }
}
