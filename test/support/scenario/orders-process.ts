import { Agent, request, type IncomingMessage, type RequestListener } from 'node:http';
import type { Readable } from 'node:stream';
import { eventually } from '../eventually.ts';
import { startHttpUpstream, type HttpUpstream } from '../http-upstream.ts';
import { startIssuer, type TestIssuer } from '../issuer.ts';
import { startProcessScenario, type ProcessScenario } from './process.ts';

type Servers = { readonly issuer: TestIssuer; readonly upstream: HttpUpstream };

export type ProcessScene = ProcessScenario<Servers> & {
  readonly token: string;
  /** Sends one request; `agent` selects the connection. */
  ask(method: string, options?: AskOptions): Promise<IncomingMessage>;
  /** Request line, `Host` and `Authorization`, for raw connections. */
  head(method: string, path?: string): string;
  /** Waits until the gateway has so many requests in flight. */
  inFlight(count: number): Promise<void>;
  /** Request ids of the audit events on stdout. */
  audited(): readonly string[];
};

interface AskOptions {
  readonly path?: string;
  readonly agent?: Agent;
  readonly body?: Readable;
}

/** A gateway process with an issuer and the `http` service `orders`; `project_id: 20` has all rights. */
export async function startProcessScene(options: {
  readonly respond: RequestListener;
  /** Keys of `server.limits`, as YAML flow. */
  readonly limits?: string;
  /** A port that several processes share with `reusePort`. Default: a free port per process. */
  readonly sharedPort?: number;
  /** Further top-level keys, as YAML; gets the folder of the configuration. */
  readonly more?: (folder: string) => string;
  /** Further YAML files of the configuration, which is a directory then. */
  readonly files?: Readonly<Record<string, string>>;
  /** Environment variables of the gateway. */
  readonly environment?: NodeJS.ProcessEnv;
  /** A program with its arguments that becomes the gateway. */
  readonly through?: (folder: string) => readonly string[];
  /** Keys of the upstream, as YAML flow. */
  readonly upstreamKeys?: string;
  /** Keys of the issuer, as YAML flow. */
  readonly issuerKeys?: string;
}): Promise<ProcessScene> {
  const extend = (keys: string | undefined): string => (keys === undefined ? '' : `, ${keys}`);
  const { files } = options;
  const scenario = await startProcessScenario({
    backends: { issuer: () => startIssuer(), upstream: () => startHttpUpstream(options.respond) },
    ...(options.limits === undefined ? {} : { limits: options.limits }),
    ...(options.sharedPort === undefined ? {} : { sharedPort: options.sharedPort }),
    ...(options.environment === undefined ? {} : { environment: options.environment }),
    ...(files === undefined ? {} : { files: () => files, directory: true }),
    ...(options.through === undefined ? {} : { through: options.through }),
    config: (
      { issuer, upstream },
      folder,
    ) => `issuers: { gitlab: { type: gitlab, issuer: "${issuer.url}"${extend(options.issuerKeys)} } }
identities:
  payments:
    issuer: gitlab
    match: { project_id: "20" }
    grants: [{ service: orders, scopes: [read_api, write_api], resources: ["**"] }]
services:
  orders: { type: http, path: /orders/, upstream: { url: "${upstream.url}/"${extend(options.upstreamKeys)} } }
${options.more?.(folder) ?? ''}`,
  });
  const { gateway, issuer } = scenario;
  const token = issuer.mint({ project_id: '20' }, { lifetime: 86_400 });

  return {
    ...scenario,
    token,
    ask: (method, { path = 'x', agent = new Agent(), body } = {}) =>
      new Promise((resolve, reject) => {
        const headers = { Authorization: `Bearer ${token}` };
        const call = request(`${gateway.url}/orders/${path}`, { method, headers, agent }, resolve);
        call.on('error', reject);
        if (body === undefined) call.end();
        else body.pipe(call);
      }),
    head: (method, path = 'x') =>
      `${method} /orders/${path} HTTP/1.1\r\nHost: a.example.com\r\nAuthorization: Bearer ${token}\r\n`,
    inFlight: async (count) => {
      await eventually(`${count} requests in flight`, async () => {
        const metrics = await (await fetch(`${gateway.adminUrl}/metrics`)).text();
        return metrics.includes(`gatehouse_requests_in_flight ${count}\n`);
      });
    },
    audited: () =>
      gateway
        .output()
        .stdout.split('\n')
        .filter((line) => line.includes('gatehouse.audit'))
        .map((line) => (JSON.parse(line) as { http: { request: { id: string } } }).http.request.id),
  };
}
