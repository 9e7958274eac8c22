import { rawResponse, type RawResponse } from './raw-client.ts';

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const TYPE = 'urn:ietf:params:oauth:token-type:';

type Json = Readonly<Record<string, unknown>>;

/** Requests tokens from a gateway and uses them; raw bytes, one connection per request. */
export interface TokenClient {
  request(line: string, lines?: readonly string[], body?: string): Promise<RawResponse>;
  /** A request with `Authorization: Bearer`. */
  use(token: string, line: string): Promise<RawResponse>;
  /** `POST /oauth/token`, RFC 8693. */
  exchange(
    subject: string,
    parameters?: Readonly<Record<string, string>>,
    type?: 'id_token' | 'access_token',
  ): Promise<RawResponse>;
  /** `GET /token` with HTTP Basic. */
  login(password: string, scopes?: readonly string[], user?: string): Promise<RawResponse>;
}

export function createTokenClient(port: number, host: string): TokenClient {
  const request: TokenClient['request'] = (line, lines = [], body = '') => {
    const length = body === '' ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
    const head = [`${line} HTTP/1.1`, `Host: ${host}`, 'Connection: close', ...length, ...lines, '', body];
    return rawResponse(port, head.join('\r\n'), { quiet: 5_000 });
  };
  return {
    request,
    use: (token, line) => request(line, [`Authorization: Bearer ${token}`]),
    exchange(subject, parameters = {}, type = 'id_token') {
      const form = new URLSearchParams({
        grant_type: EXCHANGE,
        subject_token: subject,
        subject_token_type: TYPE + type,
        ...parameters,
      });
      const lines = ['Content-Type: application/x-www-form-urlencoded'];
      return request('POST /oauth/token', lines, form.toString());
    },
    login(password, scopes = [], user = 'ci') {
      const query = new URLSearchParams({ service: host });
      for (const scope of scopes) query.append('scope', scope);
      const basic = Buffer.from(`${user}:${password}`).toString('base64');
      return request(`GET /token?${query.toString()}`, [`Authorization: Basic ${basic}`]);
    },
  };
}

export function jsonOf({ body }: RawResponse): Json {
  return JSON.parse(body) as Json;
}

/** The minted token of a successful response, whatever its endpoint calls it. */
export function tokenOf(answer: RawResponse): string {
  if (answer.status !== 200) throw new Error(`no token: ${answer.status} ${answer.body}`);
  const { access_token: byOauth, accessToken: byApi, token } = jsonOf(answer);
  const found = byOauth ?? byApi ?? token;
  if (typeof found !== 'string') throw new Error(`no token in ${answer.body}`);
  return found;
}

/** Status, and the reason in the error body of any protocol. */
export function outcomeOf({ status, body }: RawResponse): string {
  const [, field, inText] = /"(?:error|detail)":"(\w+)"|\((\w+), request id/.exec(body) ?? [];
  const reason = field ?? inText;
  return reason === undefined ? String(status) : `${status} ${reason}`;
}

/** The unverified payload of a JWT. */
export function payloadOf(token: string): Json {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Json;
}
