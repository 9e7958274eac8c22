import { snippet } from '../docs.ts';
import { startGateway, type TestGateway } from '../gateway.ts';
import { startIssuer, type TestIssuer } from '../issuer.ts';
import { rawRequest, type RawResponse } from '../raw-client.ts';
import {
  startRecordingUpstream,
  type RecordedRequest,
  type RecordingUpstream,
} from '../recording-upstream.ts';
import { startRegistry, type TestRegistry } from '../registry.ts';
import { startExternalProxy, type ExternalProxy, type ProxyKind } from './proxies.ts';

/** A proxy with the configuration of its page, which asks a gateway; an upstream and a registry behind it. */
export interface ProxiedScenario {
  readonly issuer: TestIssuer;
  readonly gateway: TestGateway;
  readonly upstream: RecordingUpstream;
  readonly registry: TestRegistry;
  readonly proxy: ExternalProxy;
  /** The ID token of a job of acme/payments. */
  readonly token: string;
  /** The first response to a request of app.example; undefined if the proxy closes the connection without one. */
  send(line: string, headers?: readonly string[], body?: string): Promise<RawResponse | undefined>;
  /** The requests that the upstream has received since the last call. */
  received(): readonly RecordedRequest[];
  close(): Promise<void>;
}

const POLICY = (issuer: TestIssuer): string => `issuers: { gitlab: { type: gitlab, issuer: "${issuer.url}" } }
identities:
  payments:
    issuer: gitlab
    match: { project_id: "20" }
    grants:
      - { service: app, scopes: [read_api, write_api], resources: ["/api/**"] }
      - { service: registry, scopes: [read_registry, write_registry], resources: ["acme/**"] }
services:
  app: { type: http, hosts: [app.example], anonymous: [{ scopes: [read_api], resources: ["/public/**"] }, { scopes: [websocket], resources: ["/ws/**"] }] }
  registry: { type: oci, hosts: [127.0.0.1], audiences: ["https://gateway.example.com"] }
`;

export async function startProxiedScenario(kind: ProxyKind, page: string): Promise<ProxiedScenario> {
  const [issuer, upstream, registry] = await Promise.all([
    startIssuer(),
    startRecordingUpstream(),
    startRegistry(),
  ]);
  const gateway = await startGateway(POLICY(issuer), {
    server: {
      // http: the clients of the registry do not use TLS in this test.
      publicUrl: 'http://gateway.example.com',
      limits: 'authFailures: { perAddress: 20 }',
      more: ['authorizer: { listen: "127.0.0.1:0" }', 'trustedProxies: [127.0.0.1]'],
    },
  });
  const proxy = await startExternalProxy(kind, (name) => snippet(page, 'Configuration', name), {
    app: `127.0.0.1:${upstream.port}`,
    registry: registry.host,
    authorizer: `127.0.0.1:${gateway.authorizer}`,
    gateway: `127.0.0.1:${gateway.port}`,
  });
  let seen = 0;
  return {
    issuer,
    gateway,
    upstream,
    registry,
    proxy,
    token: issuer.mint({ aud: ['http://gateway.example.com', 'https://gateway.example.com'] }),
    async send(line, headers = [], body = '') {
      const head = [`${line} HTTP/1.1`, 'Host: app.example', 'Connection: close', ...headers];
      const bytes = `${head.join('\r\n')}\r\n\r\n${body}`;
      const responses = await rawRequest(proxy.port, Buffer.from(bytes, 'latin1'), { quiet: 10_000 });
      return responses.find(({ status }) => status >= 200);
    },
    received() {
      const all = upstream.requests().slice(seen);
      seen += all.length;
      return all;
    },
    async close() {
      await proxy.close();
      await gateway.close();
      await Promise.all([issuer.close(), upstream.close(), registry.close()]);
    },
  };
}
