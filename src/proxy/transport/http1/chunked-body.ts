import { invalidResponse, type InvalidResponse } from '../invalid-response.ts';
import { HeaderSection } from './header-section.ts';
import { LineReader } from './line-reader.ts';

type State = 'size' | 'data' | 'data-cr' | 'data-lf' | 'trailers' | 'ended';

/** Decodes a chunked body (RFC 9112 §7.1). Chunk extensions are bounded and dropped, as are trailers. */
export class ChunkedBody {
  readonly #onData: (view: Buffer) => void;
  readonly #size = new LineReader(
    (text, start, end) => this.#sizeLine(text.slice(start, end)),
    MAX_SIZE_LINE,
    `a chunk size line of more than ${MAX_SIZE_LINE} bytes`,
  );
  /** Created when the last chunk arrives. */
  #trailers: HeaderSection | undefined;
  #state: State = 'size';
  #remaining = 0;
  #extensionBytes = 0;

  /** `onData`: the view is valid during the call only. */
  constructor(onData: (view: Buffer) => void) {
    this.#onData = onData;
  }

  get ended(): boolean {
    return this.#state === 'ended';
  }

  start(): void {
    this.#state = 'size';
    this.#size.start();
    this.#trailers = undefined;
    this.#extensionBytes = 0;
  }

  /** Reads one element from `at` and returns the index after it. */
  read(bytes: Buffer, at: number): number | InvalidResponse {
    switch (this.#state) {
      case 'size':
        return this.#readSize(bytes, at);
      case 'data':
        return this.#readData(bytes, at);
      case 'data-cr':
      case 'data-lf':
        return this.#readDataEnd(bytes, at);
      case 'trailers':
        return this.#readTrailers(bytes, at);
      case 'ended':
        return at;
      default:
        return this.#state satisfies never;
    }
  }

  #readSize(bytes: Buffer, at: number): number | InvalidResponse {
    const next = this.#size.read(bytes, at, endOfLine(bytes, at));
    if (!this.#size.ended) return HEX_START.test(this.#size.partial) ? next : invalidSize();
    this.#state = this.#remaining === 0 ? 'trailers' : 'data';
    return next;
  }

  #sizeLine(line: string): boolean | InvalidResponse {
    const match = SIZE_LINE.exec(line);
    if (match === null) return invalidSize();
    const [, digits = '', extensions = ''] = match;
    this.#extensionBytes += extensions.length;
    if (this.#extensionBytes > MAX_EXTENSION_BYTES)
      return invalidResponse(`more than ${MAX_EXTENSION_BYTES} bytes of chunk extensions`);
    this.#remaining = Number.parseInt(digits, 16);
    return Number.isSafeInteger(this.#remaining) || invalidResponse('a chunk size that is too large');
  }

  #readData(bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + this.#remaining);
    this.#remaining -= end - at;
    if (this.#remaining === 0) this.#state = 'data-cr';
    this.#onData(bytes.subarray(at, end));
    return end;
  }

  #readDataEnd(bytes: Buffer, at: number): number | InvalidResponse {
    if (bytes[at] !== (this.#state === 'data-cr' ? CR : LF))
      return invalidResponse('data after the end of a chunk');
    if (this.#state === 'data-cr') {
      this.#state = 'data-lf';
    } else {
      this.#state = 'size';
      this.#size.start();
    }
    return at + 1;
  }

  #readTrailers(bytes: Buffer, at: number): number | InvalidResponse {
    this.#trailers ??= new HeaderSection(checkTrailer);
    const next = this.#trailers.read(bytes, at);
    if (this.#trailers.ended) this.#state = 'ended';
    return next;
  }
}

/** A trailer cannot change the framing (RFC 9110 §6.5.1). */
function checkTrailer({ role }: { readonly role: string }): InvalidResponse | undefined {
  return role === 'content-length' || role === 'transfer-encoding'
    ? invalidResponse('a framing field in the trailers')
    : undefined;
}

function invalidSize(): InvalidResponse {
  return invalidResponse('a chunk size that is not valid');
}

/** The index after the next line feed, or the end. */
function endOfLine(bytes: Buffer, at: number): number {
  const lineFeed = bytes.indexOf(LF, at);
  return lineFeed === -1 ? bytes.length : lineFeed + 1;
}

const CR = 0x0d;
const LF = 0x0a;
/** As many as Node accepts of a client. */
const MAX_EXTENSION_BYTES = 16 * 1024;
const MAX_SIZE_LINE = MAX_EXTENSION_BYTES + 32;

/** RFC 9112 §7.1.1, without the white space that only lenient parsers accept. */
const NAME = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
const QUOTED = '"(?:[\\t \\x21\\x23-\\x5b\\x5d-\\x7e\\x80-\\xff]|\\\\[\\t \\x21-\\x7e\\x80-\\xff])*"';
const HEX_START = /^(?:[0-9A-Fa-f]|$)/;
const SIZE_LINE = new RegExp(`^([0-9A-Fa-f]{1,16})((?:;${NAME}(?:=(?:${NAME}|${QUOTED}))?)*)$`);
