import type { TestGateway } from '../gateway.ts';
import { startIssuer } from '../issuer.ts';
import { rawResponse, type RawResponse } from '../raw-client.ts';
import { startScenario } from '../scenario.ts';

export interface OrdersScenario extends TestGateway {
  /** The ID token of a job of acme/payments with every scope on `/orders/`. */
  readonly token: string;
  /** The head of a request with that token as raw HTTP/1.1, including the empty line. */
  head(method: string, path: string, ...headers: readonly string[]): string;
  /** Sends one request with that token and `Connection: close` on a new connection. */
  ask(method: string, path: string, headers?: readonly string[], body?: string): Promise<RawResponse>;
}

export interface OrdersOptions {
  /** Keys of `services.orders`, as YAML flow: `limits: { bodyBytes: 1KiB }`. */
  readonly service?: string;
  /** Keys of `services.orders.upstream`, as YAML flow: `connections: 1`. */
  readonly upstream?: string;
  /** Keys of `server.limits`, as YAML flow: `bodyIdle: 300ms`. */
  readonly limits?: string;
  /** A key of `server`: `trustedProxies: [127.0.0.1]`. */
  readonly server?: string;
  /** Further services, as YAML lines. */
  readonly services?: string;
  readonly files?: Readonly<Record<string, string>>;
}

/** Starts an issuer and a gateway with the service `/orders/` in front of this upstream. */
export async function startOrdersScenario(
  upstreamUrl: string,
  options: OrdersOptions = {},
): Promise<OrdersScenario> {
  const more = (text: string | undefined): string => (text === undefined ? '' : `, ${text}`);
  const { gateway, token, close } = await startScenario({
    backends: { issuer: () => startIssuer() },
    token: ({ issuer }) => issuer.mint(),
    files: options.files ?? {},
    server: {
      ...(options.limits !== undefined && { limits: options.limits }),
      more: options.server === undefined ? [] : [options.server],
    },
    config: ({ issuer }) => `issuers: { gitlab: { type: gitlab, issuer: "${issuer.url}" } }
identities:
  payments:
    issuer: gitlab
    match: { project_id: "20" }
    grants: [{ service: orders, scopes: [read_api, write_api, websocket], resources: ["**"] }]
services:
  orders: { type: http, path: /orders/, upstream: { url: "${upstreamUrl}/"${more(options.upstream)} }${more(options.service)} }
${options.services ?? ''}`,
  });
  const head: OrdersScenario['head'] = (method, path, ...headers) =>
    [
      `${method} ${path} HTTP/1.1`,
      'Host: gateway.example.com',
      `Authorization: Bearer ${token}`,
      ...headers,
      '',
      '',
    ].join('\r\n');
  return {
    ...gateway,
    token,
    head,
    ask: (method, path, headers = [], body = '') =>
      rawResponse(gateway.port, head(method, path, 'Connection: close', ...headers) + body, {
        quiet: 10_000,
      }),
    close,
  };
}
