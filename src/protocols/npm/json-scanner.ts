import type { InvalidBody } from '../../core/request/protocol.ts';

/** One value of the document. `text` is undefined for a string longer than the scanner keeps. */
export type JsonValue =
  | { readonly kind: 'object' | 'array' | 'scalar' }
  | { readonly kind: 'string'; readonly text: string | undefined };

/**
 * Called at the start of each object and array and at the end of each string and scalar. `path` holds the
 * member names from the root; an array element, and a name longer than the scanner keeps, is undefined.
 * Returns `invalid` to end the scan.
 */
export type JsonVisitor = (
  path: readonly (string | undefined)[],
  value: JsonValue,
) => InvalidBody | undefined;

type State =
  'value' | 'first-value' | 'first-key' | 'key' | 'colon' | 'after' | 'scalar' | 'string' | 'escape' | 'hex';

/** No package document is nested this deep; the bound keeps memory constant. */
const MAX_DEPTH = 1_000;
const MAX_SCALAR = 64;

const SCALAR = /^(?:true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)$/;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Reads one JSON document (RFC 8259) while it streams, strictly, so that every parser finds the same members.
 * Time is linear in the document; memory does not grow with it.
 */
export class JsonScanner {
  readonly #visit: JsonVisitor;
  /** The bytes of the current string or scalar, truncated to the buffer. */
  readonly #token: Buffer;
  #tokenLength = 0;
  #state: State = 'value';
  #isKey = false;
  #hexDigits = 0;
  /** Open containers, outermost first; true for an array. */
  readonly #arrays: boolean[] = [];
  readonly #path: (string | undefined)[] = [];

  /** `maxText`: bytes of the longest string whose text the visitor needs, escapes included. */
  constructor(maxText: number, visit: JsonVisitor) {
    this.#token = Buffer.alloc(Math.max(maxText, MAX_SCALAR) + 1);
    this.#visit = visit;
  }

  /**
   * Returns the first `invalid` of the visitor, or that the bytes are not JSON. The scanner is unusable then.
   */
  write(chunk: Uint8Array): InvalidBody | undefined {
    for (let at = 0; at < chunk.length; at += 1) {
      const invalid = this.#byte(chunk[at] ?? 0);
      if (invalid !== undefined) return invalid;
    }
    return undefined;
  }

  #byte(byte: number): InvalidBody | undefined {
    switch (this.#state) {
      case 'string':
        return this.#inString(byte);
      case 'escape':
        this.#keep(byte);
        if (!'"\\/bfnrtu'.includes(String.fromCharCode(byte))) return NOT_JSON;
        this.#hexDigits = 0;
        this.#state = byte === 0x75 ? 'hex' : 'string';
        return undefined;
      case 'hex':
        this.#keep(byte);
        if (!/^[0-9A-Fa-f]$/.test(String.fromCharCode(byte))) return NOT_JSON;
        this.#hexDigits += 1;
        if (this.#hexDigits === 4) this.#state = 'string';
        return undefined;
      case 'scalar':
        if (isScalarByte(byte)) return this.#keep(byte);
        return this.#endScalar() ?? this.#between(byte);
      default:
        return this.#between(byte);
    }
  }

  #keep(byte: number): undefined {
    if (this.#tokenLength < this.#token.length) this.#token[this.#tokenLength++] = byte;
  }

  #inString(byte: number): InvalidBody | undefined {
    if (byte === QUOTE) return this.#endString();
    // RFC 8259 §7: control characters must be escaped.
    if (byte < 0x20) return NOT_JSON;
    this.#keep(byte);
    if (byte === BACKSLASH) this.#state = 'escape';
    return undefined;
  }

  /** White space, structure, and the first byte of a string or scalar. */
  #between(byte: number): InvalidBody | undefined {
    if (byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d) return undefined;
    const state = this.#state;
    switch (String.fromCharCode(byte)) {
      case '"':
        return this.#startString();
      case '{':
        return this.#open('object');
      case '[':
        return this.#open('array');
      case '}':
        return state === 'first-key' || state === 'after' ? this.#close(false) : NOT_JSON;
      case ']':
        return state === 'first-value' || state === 'after' ? this.#close(true) : NOT_JSON;
      case ':':
        if (state !== 'colon') return NOT_JSON;
        this.#state = 'value';
        return undefined;
      case ',':
        return this.#next();
      default:
        if (!this.#expectsValue() || !isScalarByte(byte)) return NOT_JSON;
        this.#state = 'scalar';
        this.#tokenLength = 0;
        return this.#keep(byte);
    }
  }

  #expectsValue(): boolean {
    return this.#state === 'value' || this.#state === 'first-value';
  }

  #startString(): InvalidBody | undefined {
    this.#isKey = this.#state === 'key' || this.#state === 'first-key';
    if (!this.#isKey && !this.#expectsValue()) return NOT_JSON;
    this.#state = 'string';
    this.#tokenLength = 0;
    return undefined;
  }

  #endString(): InvalidBody | undefined {
    const whole = this.#tokenLength < this.#token.length;
    let text: string | undefined;
    try {
      if (whole) text = JSON.parse(`"${this.#tokenText()}"`) as string;
    } catch {
      return NOT_JSON;
    }
    if (!this.#isKey) return this.#ended({ kind: 'string', text });
    this.#path[this.#path.length - 1] = text;
    this.#state = 'colon';
    return undefined;
  }

  #endScalar(): InvalidBody | undefined {
    // A truncated scalar is longer than any number in a package document.
    const whole = this.#tokenLength < this.#token.length;
    return whole && SCALAR.test(this.#tokenText()) ? this.#ended({ kind: 'scalar' }) : NOT_JSON;
  }

  #tokenText(): string {
    return utf8.decode(this.#token.subarray(0, this.#tokenLength));
  }

  #ended(value: JsonValue): InvalidBody | undefined {
    this.#state = 'after';
    return this.#visit(this.#path, value);
  }

  #open(kind: 'object' | 'array'): InvalidBody | undefined {
    if (!this.#expectsValue()) return NOT_JSON;
    if (this.#arrays.length === MAX_DEPTH) return TOO_DEEP;
    const invalid = this.#visit(this.#path, { kind });
    this.#arrays.push(kind === 'array');
    this.#path.push(undefined);
    this.#state = kind === 'array' ? 'first-value' : 'first-key';
    return invalid;
  }

  #close(array: boolean): InvalidBody | undefined {
    if (this.#arrays.pop() !== array) return NOT_JSON;
    this.#path.pop();
    this.#state = 'after';
    return undefined;
  }

  #next(): InvalidBody | undefined {
    const array = this.#arrays.at(-1);
    if (this.#state !== 'after' || array === undefined) return NOT_JSON;
    this.#state = array ? 'value' : 'key';
    return undefined;
  }
}

const NOT_JSON: InvalidBody = { kind: 'invalid', detail: 'not JSON' };
const TOO_DEEP: InvalidBody = { kind: 'invalid', detail: 'JSON nested too deep' };

function isScalarByte(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    (byte >= 0x61 && byte <= 0x7a) ||
    (byte >= 0x41 && byte <= 0x5a) ||
    byte === 0x2b ||
    byte === 0x2d ||
    byte === 0x2e
  );
}
