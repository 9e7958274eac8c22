export interface RawResponse {
  readonly status: number;
  /** `Name: value` as received, in order. */
  readonly headers: readonly string[];
  /** Without the framing of chunks. */
  readonly body: string;
  /** False where the connection ended before the body did. */
  readonly complete: boolean;
}

/** All responses on one connection, one code unit per byte; `ended`: nothing follows. */
export function readResponses(text: string): readonly RawResponse[] {
  const responses: RawResponse[] = [];
  let rest = text;
  while (rest.startsWith('HTTP/1.')) {
    const end = rest.indexOf('\r\n\r\n');
    if (end === -1) break;
    const [, ...headers] = rest.slice(0, end).split('\r\n');
    const status = Number(rest.slice(9, 12));
    const { body, complete, rest: after } = readBody(status, headers, rest.slice(end + 4));
    responses.push({ status, headers, body, complete });
    rest = after;
  }
  return responses;
}

interface Body {
  readonly body: string;
  readonly complete: boolean;
  readonly rest: string;
}

function readBody(status: number, headers: readonly string[], text: string): Body {
  if (status < 200 || status === 204 || status === 304) return { body: '', complete: true, rest: text };
  const find = (name: string): string | undefined =>
    headers
      .find((line) => line.toLowerCase().startsWith(`${name}:`))
      ?.slice(name.length + 1)
      .trim();
  if (find('transfer-encoding') === 'chunked') return readChunks(text);
  const length = find('content-length');
  // Responses to HEAD and those that end with the connection.
  if (length === undefined) return { body: text, complete: true, rest: '' };
  const body = text.slice(0, Number(length));
  return { body, complete: body.length === Number(length), rest: text.slice(Number(length)) };
}

export function readChunks(text: string): Body {
  let body = '';
  let at = 0;
  for (;;) {
    const end = text.indexOf('\r\n', at);
    const size = end === -1 ? Number.NaN : Number.parseInt(text.slice(at, end), 16);
    if (Number.isNaN(size)) return { body, complete: false, rest: '' };
    if (size === 0) {
      const last = text.indexOf('\r\n\r\n', end);
      return last === -1
        ? { body, complete: false, rest: '' }
        : { body, complete: true, rest: text.slice(last + 4) };
    }
    if (text.length < end + 2 + size) return { body: body + text.slice(end + 2), complete: false, rest: '' };
    body += text.slice(end + 2, end + 2 + size);
    at = end + 4 + size;
  }
}
