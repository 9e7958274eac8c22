import { startIssuer, type TestIssuer } from '../issuer.ts';
import { rawResponse, type RawResponse } from '../raw-client.ts';
import { startScenario, type Scenario } from '../scenario.ts';

export interface AuthorizerOptions {
  /** Keys of `server`, one per line. */
  readonly server?: readonly string[];
  /** Default: `127.0.0.1:0`. */
  readonly listen?: string;
  /** Keys of `server.authorizer` after `listen`, as YAML flow. */
  readonly authorizer?: string;
  /** Keys of the service `app`, as YAML flow. */
  readonly app?: string;
  /** Further grants of the identity, as YAML lines. */
  readonly grants?: string;
  /** Further services, as YAML lines. */
  readonly services?: string;
  /** Further keys of the configuration. */
  readonly more?: string;
  /** `server.limits`, as YAML flow. */
  readonly limits?: string;
  readonly files?: Readonly<Record<string, string>>;
}

type Connection = 'close' | 'keep-alive';

export type Contract = 'nginx' | 'forward' | 'envoy';

/** A request of a client, as a proxy describes it. */
export interface Described {
  readonly method?: string;
  readonly target: string;
  /** Default: app.example. */
  readonly host?: string;
  /** Header lines of the client. */
  readonly headers?: readonly string[];
}

export interface AuthorizerScenario extends Scenario<{ issuer: TestIssuer }> {
  /** `Authorization` of a job of acme/payments, with grants on `app`, `files` and `registry`. */
  readonly bearer: string;
  /** Sends a subrequest of this contract. */
  ask(contract: Contract, described: Described, connection?: Connection): Promise<RawResponse>;
  /** Sends the raw head of a subrequest to the authorizer. */
  askRaw(line: string, headers: readonly string[], connection?: Connection): Promise<RawResponse>;
}

/** A gateway with `server.authorizer`, and services without upstream: `app` (http), `files` (generic) and `registry` (oci). */
export async function startAuthorizerScenario(options: AuthorizerOptions = {}): Promise<AuthorizerScenario> {
  const {
    listen = '127.0.0.1:0',
    authorizer = '',
    app = '',
    grants = '',
    services = '',
    more = '',
    server = [],
  } = options;
  const scenario = await startScenario({
    backends: { issuer: () => startIssuer() },
    server: {
      more: [`authorizer: { listen: "${listen}"${authorizer} }`, ...server],
      ...(options.limits !== undefined && { limits: options.limits }),
    },
    files: options.files ?? {},
    config: ({ issuer }) => `issuers: { gitlab: { type: gitlab, issuer: "${issuer.url}" } }
identities:
  payments:
    issuer: gitlab
    match: { project_id: "20" }
    grants:
      - { service: app, scopes: [read_api, write_api], resources: ["/api/**"] }
      - { service: files, scopes: [read_package_registry, write_package_registry], resources: ["acme/**"] }
      - { service: registry, scopes: [read_registry, write_registry], resources: ["acme/**"] }
${grants}${more}services:
  app: { type: http, hosts: [app.example], anonymous: [{ scopes: [read_api], resources: ["/public/**"] }]${app} }
  files: { type: generic, hosts: [files.example] }
  registry: { type: oci, hosts: [registry.example] }
${services}`,
  });
  const askRaw: AuthorizerScenario['askRaw'] = (line, headers, connection = 'close') =>
    rawResponse(
      scenario.gateway.authorizer as number,
      [`${line} HTTP/1.1`, ...headers, `Connection: ${connection}`, '', ''].join('\r\n'),
      connection === 'close' ? { quiet: 10_000 } : {},
    );
  return {
    ...scenario,
    bearer: `Authorization: Bearer ${scenario.issuer.mint()}`,
    askRaw,
    ask(contract, described, connection) {
      const { line, headers } = describeTo(contract, described);
      return askRaw(line, headers, connection);
    },
  };
}

/** The request line and the header lines with which a proxy describes a request. */
function describeTo(
  contract: Contract,
  { method = 'GET', target, host = 'app.example', headers = [] }: Described,
): { readonly line: string; readonly headers: readonly string[] } {
  switch (contract) {
    case 'nginx':
      return {
        line: 'GET /authorize/nginx',
        headers: [
          'Host: gatehouse',
          `X-Original-Method: ${method}`,
          `X-Original-URL: https://${host}${target}`,
          'X-Forwarded-For: 192.0.2.7',
          ...headers,
        ],
      };
    case 'forward':
      return {
        line: 'GET /authorize/forward',
        headers: [
          'Host: gatehouse',
          `X-Forwarded-Method: ${method}`,
          'X-Forwarded-Proto: https',
          `X-Forwarded-Host: ${host}`,
          `X-Forwarded-Uri: ${target}`,
          'X-Forwarded-For: 192.0.2.7',
          ...headers,
        ],
      };
    case 'envoy':
      return {
        line: `${method} /authorize/envoy${target}`,
        headers: [
          `Host: ${host}`,
          'Content-Length: 0',
          'X-Forwarded-Proto: https',
          'X-Forwarded-For: 192.0.2.7',
          ...headers,
        ],
      };
    default:
      return contract satisfies never;
  }
}

export const CONTRACTS: readonly Contract[] = ['nginx', 'forward', 'envoy'];
