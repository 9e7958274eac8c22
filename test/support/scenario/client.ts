import { auditedIn } from '../audited.ts';
import type { AuditLine, TestGateway } from '../gateway.ts';
import { rawRequest, rawResponse, type RawResponse } from '../raw-client.ts';

/** Requests as raw bytes; `line` is `GET /path`, headers are whole lines without their ends. */
export interface ScenarioClient {
  readonly token: string;
  /** A whole request with the token of the scenario, for `send`. Default host: the host of the scenario. */
  request(line: string, headers?: readonly string[], body?: string, host?: string): string;
  /** All responses on one connection, until the gateway closes it or sends nothing for `quiet` ms. */
  send(bytes: string | Buffer, quiet?: number): Promise<readonly RawResponse[]>;
  /** The only response to `request` with `Connection: close`; fails if there is none. */
  respond(line: string, headers?: readonly string[], body?: string): Promise<RawResponse>;
  /** The status of the first response to the same request; undefined if the connection closes without one. */
  statusOf(line: string, headers?: readonly string[], body?: string): Promise<number | undefined>;
  /** The audit event of the request with this response, once it is written. */
  audited(response: RawResponse | undefined): Promise<AuditLine>;
}

export function createScenarioClient(
  gateway: TestGateway,
  { token, host: defaultHost }: { readonly token: string; readonly host: string },
): ScenarioClient {
  const credential = token === '' ? [] : [`Authorization: Bearer ${token}`];
  const request: ScenarioClient['request'] = (line, headers = [], body = '', host = defaultHost) =>
    [`${line} HTTP/1.1`, `Host: ${host}`, ...credential, ...headers, '', body].join('\r\n');
  const closing: ScenarioClient['request'] = (line, headers = [], body) =>
    request(line, ['Connection: close', ...headers], body);
  const send: ScenarioClient['send'] = (bytes, quiet = 300) => rawRequest(gateway.port, bytes, { quiet });

  return {
    token,
    request,
    send,
    respond: (...parts) => rawResponse(gateway.port, closing(...parts), { quiet: 10_000 }),
    statusOf: async (...parts) => (await send(closing(...parts)))[0]?.status,
    audited: (response) => auditedIn(gateway, response),
  };
}
