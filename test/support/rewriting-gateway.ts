import { createServer } from 'node:http';
import type { BodyRewrite } from '../../src/contract/protocol.ts';
import type { CanonicalPath, RequestHead } from '../../src/contract/request-head.ts';
import { createForwarder, createOutbound, StallWatch } from '../../src/forward/index.ts';
import { startHttpUpstream } from './http-upstream.ts';

export interface RewritingGateway {
  readonly port: number;
  /** Why requests could not be answered, or not wholly. */
  readonly faults: readonly string[];
  close(): Promise<void>;
}

/**
 * The way out alone, with every answer to be rewritten so: which bodies a format has rewritten is its protocol's matter, what
 * becomes of them is not. Clients find it at `/feed/`; a request that fails is answered with 502 and the reason.
 */
export async function startRewritingGateway(
  upstreamUrl: string,
  rewrite: BodyRewrite,
): Promise<RewritingGateway> {
  const stalls = new StallWatch(60_000);
  const clock = { now: () => Date.now() };
  const log = { info: ignore, warn: ignore, error: ignore };
  const outbound = createOutbound();
  const forwarder = createForwarder(
    {
      name: 'feed',
      path: '/feed/',
      upstream: {
        url: `${upstreamUrl}/`,
        hostHeader: 'upstream',
        redirectOrigins: [],
        aliases: [],
        connections: 10,
        timeouts: { connect: 5_000, headers: 5_000, idle: 5_000 },
      },
      identityHeaders: {},
      keepCookies: false,
      queryCarriers: [],
      limits: {},
    },
    { stalls, clock, log, outbound },
  );
  const faults: string[] = [];
  const server = await startHttpUpstream((req, res) => {
    const head: RequestHead = {
      method: req.method ?? '',
      host: req.headers.host ?? '',
      path: (req.url ?? '') as CanonicalPath,
      query: '',
      hasBody: false,
      rawHeaders: req.rawHeaders,
    };
    forwarder.forward({
      incoming: {
        req,
        res,
        head,
        client: { address: '127.0.0.1', proto: 'https' },
        requestId: 'r-1',
        expectsContinue: false,
      },
      head,
      allow: { kind: 'allow', basis: 'anonymous', caller: undefined, relaxed: undefined },
      operations: [],
      plan: { rewrite },
      taken: undefined,
      presented: undefined,
      upstreamStatus: undefined,
      upstreamDuration: undefined,
      bytesIn: 0,
      bytesOut: 0,
      failed(reason, detail) {
        faults.push(`${reason}: ${detail}`);
        res.writeHead(502, { 'Content-Type': 'text/plain' }).end(reason);
      },
      denied: ({ reason }) => void res.writeHead(403).end(reason),
      broken: (reason, detail) => void faults.push(`${reason}: ${detail}`),
    });
  }, createServer());
  return {
    port: server.port,
    faults,
    async close() {
      await server.close();
      stalls.close();
      await Promise.all([forwarder.close(), outbound.close()]);
    },
  };
}

function ignore(): void {
  // What is logged is not looked at here.
}
