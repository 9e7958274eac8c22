import { invalidResponse, type InvalidResponse } from '../invalid-response.ts';

export interface StatusLine {
  readonly kind: 'status-line';
  /** 0 or 1 of `HTTP/1.x`. */
  readonly minorVersion: number;
  readonly status: number;
}

/** RFC 9112 §4. The reason phrase is checked and dropped; servers omit it with and without its space. */
export function readStatusLine(line: string): StatusLine | InvalidResponse {
  if (!isResponseStart(line) || line.length < 'HTTP/1.1 200'.length)
    return invalidResponse('not an HTTP/1.1 response');
  const match = STATUS_LINE.exec(line);
  if (match === null) return invalidResponse('a status line that is not valid');
  const [, minor, code = '', phrase = ''] = match;
  if (CONTROL.test(phrase)) return invalidResponse('a control character in the reason phrase');
  const status = Number(code);
  if (status < 100 || status > 599) return invalidResponse(`status ${code}`);
  return { kind: 'status-line', minorVersion: Number(minor), status };
}

/** Whether a line that may be incomplete can be a status line. */
export function isResponseStart(partial: string): boolean {
  return partial.length < PROTOCOL.length ? PROTOCOL.startsWith(partial) : partial.startsWith(PROTOCOL);
}

const PROTOCOL = 'HTTP/1.';
const STATUS_LINE = /^HTTP\/1\.([01]) (\d{3})(?: (.*))?$/s;
const CONTROL = /[\x00-\x08\x0a-\x1f\x7f]/;
