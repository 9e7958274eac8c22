import { connect, type Socket } from 'node:net';

export interface RawResponse {
  readonly status: number;
  /** Lowercase name → value; several are joined with `, `. */
  readonly headers: ReadonlyMap<string, string>;
  readonly head: string;
  /** The raw body, including chunk framing. */
  readonly body: string;
}

/** Milliseconds. A loaded machine delays the first byte of a response. */
const FIRST_BYTE = 10_000;

/** A request whose response ends the connection. A body that is not empty gets a Content-Length. */
export function closingRequest(
  line: string,
  headers: readonly string[] = [],
  body: Buffer | string = '',
): Buffer {
  const bytes = Buffer.from(body);
  const head = [
    `${line} HTTP/1.1`,
    'Host: gateway.example.com',
    'Connection: close',
    ...(bytes.length === 0 ? [] : [`Content-Length: ${bytes.length}`]),
    ...headers,
  ];
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), bytes]);
}

/** Sends raw bytes; returns all received bytes when the peer closes or sends nothing for `quiet` ms. */
export function exchange(
  port: number,
  bytes: string | Buffer,
  options: { quiet?: number } = {},
): Promise<string> {
  const quiet = options.quiet ?? 400;
  return new Promise((resolve) => {
    let received = '';
    const socket = connect(port, '127.0.0.1');
    const done = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(received);
    };
    let timer = setTimeout(done, Math.max(quiet, FIRST_BYTE));
    socket.on('connect', () => socket.write(bytes));
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
      clearTimeout(timer);
      timer = setTimeout(done, quiet);
    });
    socket.on('end', done);
    socket.on('error', done);
    socket.on('close', done);
  });
}

/** Like `exchange`, parsed: all responses on the connection in order, including 1xx. */
export async function rawRequest(
  port: number,
  bytes: string | Buffer,
  options?: { quiet?: number },
): Promise<readonly RawResponse[]> {
  return parseResponses(await exchange(port, bytes, options));
}

/** The only response; throws if there is none or more than one. */
export async function rawResponse(
  port: number,
  bytes: string | Buffer,
  options?: { quiet?: number },
): Promise<RawResponse> {
  const responses = await rawRequest(port, bytes, options);
  const [first] = responses;
  if (first === undefined || responses.length > 1) {
    throw new Error(
      `expected one response, got ${responses.length}: ${responses.map(({ status }) => status).join()}`,
    );
  }
  return first;
}

export function parseResponses(received: string): RawResponse[] {
  const responses: RawResponse[] = [];
  let rest = received;
  while (rest.startsWith('HTTP/1.1 ')) {
    const end = rest.indexOf('\r\n\r\n');
    if (end === -1) break;
    const head = rest.slice(0, end);
    const headers = new Map<string, string>();
    for (const line of head.split('\r\n').slice(1)) {
      const colon = line.indexOf(':');
      const name = line.slice(0, colon).toLowerCase();
      const value = line.slice(colon + 1).trim();
      headers.set(name, headers.has(name) ? `${headers.get(name)}, ${value}` : value);
    }
    const status = Number(head.slice(9, 12));
    const after = rest.slice(end + 4);
    const length = bodyLength(status, headers, after);
    responses.push({ status, headers, head, body: after.slice(0, length) });
    rest = after.slice(length);
  }
  return responses;
}

function bodyLength(status: number, headers: ReadonlyMap<string, string>, after: string): number {
  if (status < 200 || status === 204 || status === 304) return 0;
  if (headers.get('transfer-encoding') === 'chunked') {
    const last = /(?:^|\r\n)0\r\n\r\n/.exec(after);
    return last === null ? after.length : last.index + last[0].length;
  }
  const length = headers.get('content-length');
  return length === undefined ? after.length : Number(length);
}

/** Sends the head and one chunk of a POST, and no more; all bytes received until the server closes the connection. */
export function stalledPost(url: string, framing: string): Promise<string> {
  const { host, port, pathname } = new URL(url);
  const head = `POST ${pathname} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\n${framing}\r\n\r\n`;
  return new Promise((resolve) => {
    let received = '';
    const socket = connect(Number(port), '127.0.0.1', () => socket.write(`${head}2\r\n{ \r\n`));
    socket.on('data', (chunk) => (received += chunk.toString('latin1')));
    socket.on('end', () => socket.end());
    socket.on('close', () => resolve(received));
  });
}

/** A connected socket. */
export function openSocket(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket));
    socket.once('error', reject);
  });
}
