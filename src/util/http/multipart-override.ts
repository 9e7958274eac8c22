import { isMethodOverride, MAX_OVERRIDE_LENGTH } from './method-override-name.ts';
import { decodeEscapes } from './query-parameters.ts';

/** Rack also names a part by its Content-ID (Rack::Multipart::Parser). */
const NAMING = /content-(?:disposition|id)/i;
const NAMING_LENGTH = 'content-disposition'.length;

/**
 * Finds a method override in the part names of a streamed multipart body. Every line that contains a naming header is
 * read, without the boundary: parsers disagree about boundaries.
 */
export function createMultipartOverride(): (chunk: Buffer) => boolean {
  let carry = '';
  let line: NamingLine | undefined;

  return (chunk) => {
    let text = carry + chunk.toString('latin1');
    carry = '';
    for (;;) {
      if (line === undefined) {
        const found = NAMING.exec(text);
        if (found === null) {
          carry = text.slice(1 - NAMING_LENGTH);
          return false;
        }
        line = new NamingLine();
        text = text.slice(found.index + found[0].length);
      }
      const read = line.read(text);
      if (read === 'override') return true;
      if (read === 'more') return false;
      line = undefined;
      text = text.slice(read);
    }
  };
}

const NAME_CHARACTERS: ReadonlySet<string> = new Set(
  'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.%-',
);
const RESETS: ReadonlySet<string> = new Set('=:;,');

/** A header line with its continuation lines (RFC 5322 §2.2.3). Quotes, escapes and blanks in values are ignored. */
class NamingLine {
  /** The parameter that the value belongs to. */
  #key = '';
  #value = '';
  #previous = '';
  #breaks = 0;

  /** The offset behind the line; `more` if the line continues in the next chunk. */
  read(text: string): 'override' | 'more' | number {
    for (let at = 0; at < text.length; at += 1) {
      const character = text.charAt(at);
      if (character === '\r' || character === '\n') {
        this.#breaks += 1;
        if (this.#breaks > 2) return at;
      } else if (this.#breaks > 0) {
        if (character !== ' ' && character !== '\t') return at;
        this.#breaks = 0;
      }
      if (this.#isOverrideAt(character)) return 'override';
      this.#previous = character;
    }
    return 'more';
  }

  #isOverrideAt(character: string): boolean {
    if (NAME_CHARACTERS.has(character)) {
      if (this.#value.length < MAX_OVERRIDE_LENGTH * 3) this.#value += character;
      return false;
    }
    if (this.#value !== '' && isMethodOverride(decodeEscapes(this.#value))) return true;
    // Extended and encoded names (RFC 8187, RFC 2047; commons-fileupload) are not decoded.
    if (character === '*' && this.#value.toLowerCase() === 'name') return true;
    if (character === '?' && this.#previous === '=' && this.#key === 'name') return true;
    if (character === '=' && this.#value !== '') this.#key = this.#value.toLowerCase();
    if (RESETS.has(character)) this.#value = '';
    return false;
  }
}
