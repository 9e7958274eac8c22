import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request, type IncomingMessage, type RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { eventually } from './eventually.ts';
import { startGatewayProcess, type GatewayProcess } from './gateway-process.ts';
import { startHttpUpstream, type HttpUpstream } from './http-upstream.ts';
import { startIssuer, type TestIssuer } from './issuer.ts';

export interface ProcessScene {
  readonly gateway: GatewayProcess;
  readonly issuer: TestIssuer;
  readonly upstream: HttpUpstream;
  readonly token: string;
  readonly folder: string;
  /** The configuration, with which another process can be started: `gatehouse.yaml`, or the folder if it has more files. */
  readonly file: string;
  /** Sends one request; `agent` selects the connection. */
  ask(method: string, options?: AskOptions): Promise<IncomingMessage>;
  /** Request line, `Host` and `Authorization`, for raw connections. */
  head(method: string, path?: string): string;
  /** Waits until the gateway has so many requests in flight. */
  inFlight(count: number): Promise<void>;
  /** Request ids of the audit events on stdout. */
  audited(): readonly string[];
  close(): Promise<void>;
}

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
  const issuer = await startIssuer();
  const upstream = await startHttpUpstream(options.respond);
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-scene-'));
  const main = join(folder, 'gatehouse.yaml');
  const file = options.files === undefined ? main : folder;
  const extend = (keys: string | undefined): string => (keys === undefined ? '' : `, ${keys}`);
  for (const [name, text] of Object.entries(options.files ?? {})) writeFileSync(join(folder, name), text);
  writeFileSync(
    main,
    `version: 1
server:
  listen: 127.0.0.1:${options.sharedPort ?? 0}
  reusePort: ${options.sharedPort !== undefined}
  publicUrl: https://gateway.example.com
  admin: { listen: 127.0.0.1:0 }
  limits: { ${options.limits ?? ''} }
issuers: { gitlab: { type: gitlab, issuer: "${issuer.url}"${extend(options.issuerKeys)} } }
identities:
  payments:
    issuer: gitlab
    match: { project_id: "20" }
    grants: [{ service: orders, scopes: [read_api, write_api], resources: ["**"] }]
services:
  orders: { type: http, path: /orders/, upstream: { url: "${upstream.url}/"${extend(options.upstreamKeys)} } }
${options.more?.(folder) ?? ''}`,
  );
  const gateway = await startGatewayProcess(file, options.environment, options.through?.(folder));
  const token = issuer.mint({ project_id: '20' }, { lifetime: 86_400 });

  return {
    gateway,
    issuer,
    upstream,
    token,
    folder,
    file,
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
    async close() {
      await gateway.close();
      await Promise.all([upstream.close(), issuer.close()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
