import { invalidResponse, type InvalidResponse } from '../invalid-response.ts';

/** Called with the bounds of one line of `text`, without its CRLF. `true` ends the section. */
export type OnLine = (text: string, start: number, end: number) => boolean | InvalidResponse;

/**
 * Splits a section of lines (a head, the trailers, the line of a chunk size) from buffers that are reused: what it keeps
 * is a copy. A line ends with CRLF only; the total length is bounded.
 */
export class LineReader {
  readonly #onLine: OnLine;
  readonly #maxBytes: number;
  readonly #tooLong: string;
  /** An incomplete line. */
  #partial = '';
  /** Bytes of complete lines. */
  #size = 0;
  ended = false;

  constructor(onLine: OnLine, maxBytes: number, tooLong: string) {
    this.#onLine = onLine;
    this.#maxBytes = maxBytes;
    this.#tooLong = tooLong;
  }

  get partial(): string {
    return this.#partial;
  }

  start(): void {
    this.#partial = '';
    this.#size = 0;
    this.ended = false;
  }

  /** Reads `bytes` from `at` to `until` at most, and returns the index after the last byte that belongs to the section. */
  read(bytes: Buffer, at: number, until: number): number | InvalidResponse {
    const partial = this.#partial;
    // A long line that arrives in small pieces is scanned once, when it is complete.
    if (partial.length > SHORT && !hasLineFeed(bytes, at, until)) {
      this.#partial = partial + bytes.toString('latin1', at, until);
      return this.#fits(this.#partial.length) ?? until;
    }
    const text = partial + bytes.toString('latin1', at, until);
    for (let start = 0; ;) {
      const lineFeed = text.indexOf('\n', start);
      if (lineFeed === -1) {
        this.#size += start;
        this.#partial = text.slice(start);
        return this.#fits(this.#partial.length) ?? until;
      }
      if (lineFeed === start || text.charCodeAt(lineFeed - 1) !== CR)
        return invalidResponse('a line that does not end with CRLF');
      const tooLong = this.#fits(lineFeed + 1);
      if (tooLong !== undefined) return tooLong;
      const result = this.#onLine(text, start, lineFeed - 1);
      if (typeof result !== 'boolean') return result;
      start = lineFeed + 1;
      if (result) {
        this.ended = true;
        this.#partial = '';
        return at + start - partial.length;
      }
    }
  }

  #fits(more: number): InvalidResponse | undefined {
    return this.#size + more > this.#maxBytes ? invalidResponse(this.#tooLong) : undefined;
  }
}

function hasLineFeed(bytes: Buffer, at: number, until: number): boolean {
  const found = bytes.indexOf(LF, at);
  return found !== -1 && found < until;
}

const CR = 0x0d;
const LF = 0x0a;
/** Characters of an incomplete line that are scanned again with each piece. */
const SHORT = 64;
