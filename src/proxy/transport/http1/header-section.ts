import { invalidResponse, type InvalidResponse } from '../invalid-response.ts';
import { readFieldName, type FieldName } from './field-name.ts';
import { LineReader } from './line-reader.ts';

/** Called for each field of the section. */
export type OnField = (name: FieldName, value: string) => InvalidResponse | undefined;

/** Bytes of one head, and of the trailers of one response. */
const MAX_BYTES = 64 * 1024;
const MAX_FIELDS = 200;

/**
 * Reads field lines up to the empty line (RFC 9112 §5). `onStartLine` receives the line before the fields; trailers have
 * none.
 */
export class HeaderSection {
  readonly #lines: LineReader;
  readonly #onField: OnField;
  readonly #onStartLine: ((line: string) => InvalidResponse | undefined) | undefined;
  #startLine = false;
  #fields = 0;

  constructor(onField: OnField, onStartLine?: (line: string) => InvalidResponse | undefined) {
    this.#onField = onField;
    this.#onStartLine = onStartLine;
    this.#lines = new LineReader(
      (text, start, end) => this.#line(text, start, end),
      MAX_BYTES,
      `more than ${MAX_BYTES} bytes of header fields`,
    );
    this.start();
  }

  get ended(): boolean {
    return this.#lines.ended;
  }

  /** The incomplete start line; undefined after it. */
  get partialStartLine(): string | undefined {
    return this.#startLine ? this.#lines.partial : undefined;
  }

  start(): void {
    this.#lines.start();
    this.#startLine = this.#onStartLine !== undefined;
    this.#fields = 0;
  }

  /** Returns the index after the last byte that belongs to the section. */
  read(bytes: Buffer, at: number): number | InvalidResponse {
    const empty = bytes.indexOf('\r\n\r\n', at, 'latin1');
    return this.#lines.read(bytes, at, empty === -1 ? bytes.length : empty + 4);
  }

  #line(text: string, start: number, end: number): boolean | InvalidResponse {
    if (this.#startLine) {
      this.#startLine = false;
      return this.#onStartLine?.(text.slice(start, end)) ?? false;
    }
    if (start === end) return true;
    this.#fields += 1;
    if (this.#fields > MAX_FIELDS) return invalidResponse(`more than ${MAX_FIELDS} header fields`);
    return this.#field(text, start, end) ?? false;
  }

  #field(text: string, start: number, end: number): InvalidResponse | undefined {
    const colon = text.indexOf(':', start);
    if (colon === -1 || colon >= end) return invalidResponse('a header line without a colon');
    const name = readFieldName(text.slice(start, colon));
    if (name === undefined) return invalidResponse('a header name that is not a token');
    let first = colon + 1;
    let last = end;
    while (first < last && isSpace(text.charCodeAt(first))) first += 1;
    while (last > first && isSpace(text.charCodeAt(last - 1))) last -= 1;
    for (let i = first; i < last; i += 1) {
      const code = text.charCodeAt(i);
      if ((code < SPACE && code !== TAB) || code === DELETE)
        return invalidResponse('a control character in a header value');
    }
    // llhttp reads `chunked` before a tab as another coding, and the body until the end of the connection.
    if (name.role === 'transfer-encoding' && text.slice(colon, end).includes('\t'))
      return invalidResponse('a Transfer-Encoding other than chunked');
    return this.#onField(name, text.slice(first, last));
  }
}

function isSpace(code: number): boolean {
  return code === SPACE || code === TAB;
}

const TAB = 0x09;
const SPACE = 0x20;
const DELETE = 0x7f;
