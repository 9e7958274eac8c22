import { startGateway, type TestGateway } from './gateway.ts';
import { startIssuer } from './issuer.ts';
import { rawResponse, type RawResponse } from './raw-client.ts';

export interface Rig extends TestGateway {
  /** A job of acme/payments, who may do everything at `/orders/`. */
  readonly token: string;
  /** The head of a request of that job as it goes over the wire, with the empty line. */
  head(method: string, path: string, ...headers: readonly string[]): string;
  /** One request of that job on a connection of its own, which it lets the gateway close. */
  ask(method: string, path: string, headers?: readonly string[], body?: string): Promise<RawResponse>;
}

export interface RigOptions {
  /** Below `services.orders`, in YAML's flow form: `limits: { bodyBytes: 1KiB }`. */
  readonly service?: string;
  /** Below `services.orders.upstream`: `connections: 1`. */
  readonly upstream?: string;
  /** Below `server.limits`: `bodyIdle: 300ms`. */
  readonly limits?: string;
  /** Below `server`: `trustedProxies: [127.0.0.1]`. */
  readonly server?: string;
  /** More services. */
  readonly services?: string;
  readonly files?: Readonly<Record<string, string>>;
}

/** The whole gateway with one issuer and one service, `/orders/`, in front of this upstream. */
export async function startRig(upstreamUrl: string, options: RigOptions = {}): Promise<Rig> {
  const issuer = await startIssuer();
  const more = (text: string | undefined): string => (text === undefined ? '' : `, ${text}`);
  const gateway = await startGateway(
    `issuers: { gitlab: { type: gitlab, issuer: "${issuer.url}" } }
identities:
  payments:
    issuer: gitlab
    match: { project_id: "20" }
    grants: [{ service: orders, scopes: [read_api, write_api, websocket], resources: ["**"] }]
services:
  orders: { type: http, path: /orders/, upstream: { url: "${upstreamUrl}/"${more(options.upstream)} }${more(options.service)} }
${options.services ?? ''}`,
    {
      files: options.files ?? {},
      server: `server:
  listen: 127.0.0.1:0
  publicUrl: https://gateway.example.com
  admin: { listen: 127.0.0.1:0 }
  limits: { drain: 300ms${more(options.limits)} }
  ${options.server ?? ''}
`,
    },
  );
  const token = issuer.mint();
  const head: Rig['head'] = (method, path, ...headers) =>
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
    async close() {
      await gateway.close();
      await issuer.close();
    },
  };
}
