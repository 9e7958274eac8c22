import { connect } from 'node:net';

export interface RecordedResponse {
  readonly server: string;
  readonly method: 'GET' | 'HEAD';
  /** Request line. */
  readonly request: string;
  /** As latin1. */
  readonly bytes: string;
}

export interface RawRequest {
  /** Method and target. */
  readonly line: string;
  readonly headers?: readonly string[];
  readonly body?: string | Buffer;
}

/** Sends requests, records the responses and returns them. */
export type Recorder = (url: string, ...requests: readonly RawRequest[]) => Promise<readonly string[]>;

export function basicHeader(user: string, password: string): string {
  return `Authorization: Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

/** Milliseconds without a byte after which a response on a connection that stays open is complete. */
const QUIET = 500;

/** Sends one request on a new connection, and returns the bytes of the response. */
function rawExchange(url: string, { line, headers = [], body = '' }: RawRequest): Promise<Buffer> {
  const { hostname, port, host } = new URL(url);
  const bytes = Buffer.from(body);
  const length =
    bytes.length > 0 || /^(?:POST|PUT|PATCH)/.test(line) ? [`Content-Length: ${bytes.length}`] : [];
  const head = [`${line} HTTP/1.1`, `Host: ${host}`, 'User-Agent: gatehouse', ...length, ...headers, '', ''];
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(Number(port), hostname, () => {
      socket.write(head.join('\r\n'));
      if (bytes.length > 0) socket.write(bytes);
    });
    const done = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(Buffer.concat(chunks));
    };
    let timer = setTimeout(done, 20_000);
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      clearTimeout(timer);
      timer = setTimeout(done, QUIET);
    });
    socket.on('end', done);
    socket.on('error', reject);
  });
}

/** Names of fields whose values are secrets or differ in every run; the length stays the same. */
const VARIABLE = /^((?:set-cookie|x-request-id|docker-upload-uuid):[ \t]*)(.*)$/gim;
const SECRETS: readonly RegExp[] = [
  /(_state=)([^\s&"]+)/g,
  /("(?:token|access_token)":\s*")([^"]+)/g,
  /(Bearer )([\w.-]{20,})/g,
  /(jwt=)([^\s&"]+)/g,
];

/** Replaces secrets, ports and random values by characters of the same number, so that lengths stay right. */
function withoutSecrets(response: Buffer): string {
  let text = response
    .toString('latin1')
    .replaceAll(/(127\.0\.0\.1|localhost):(\d+)/g, (_all, host: string, port: string) => {
      return `${host}:${'0'.repeat(port.length)}`;
    });
  for (const secret of [VARIABLE, ...SECRETS])
    text = text.replaceAll(secret, (_all, name: string, value: string) => name + 'x'.repeat(value.length));
  return text;
}

/** Runs the requests of one server. */
export async function recordServer(
  server: string,
  run: (record: Recorder) => Promise<void>,
): Promise<readonly RecordedResponse[]> {
  const recorded: RecordedResponse[] = [];
  await run(async (url, ...requests) => {
    const responses: string[] = [];
    for (const request of requests) {
      const response = await rawExchange(url, request);
      responses.push(response.toString('latin1'));
      const method = request.line.startsWith('HEAD') ? 'HEAD' : 'GET';
      const line = withoutSecrets(Buffer.from(request.line));
      recorded.push({ server, method, request: line, bytes: withoutSecrets(response) });
    }
    return responses;
  });
  return recorded;
}
