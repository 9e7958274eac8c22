import type { IncomingMessage, Server, ServerOptions } from 'node:http';
import * as https from 'node:https';
import { http } from '../util/http/node-http.ts';
import type { ConnectionLimits } from './connection-limits.ts';
import { loadCertificate } from './tls.ts';

export interface ListenerSettings {
  /** `ADDRESS:PORT`, where port 0 selects a free port, or `unix:/PATH`. */
  readonly listen: string;
  /** Shares the address with other processes that set it. */
  readonly reusePort?: boolean | undefined;
  readonly tls?: ListenerTls | undefined;
  readonly trustedProxies: readonly string[];
  readonly limits: {
    readonly headerBytes: number;
    readonly headerCount: number;
    /** Milliseconds, like the following limits. */
    readonly headersTimeout: number;
    readonly keepAlive: number;
    readonly drainDelay: number;
    readonly drain: number;
  } & ConnectionLimits;
}

export interface ListenerTls {
  readonly certFile: string;
  readonly keyFile: string;
  /** Clients must present a certificate of these authorities. */
  readonly clientCaFile?: string | undefined;
}

export function createServer(
  { tls, limits }: ListenerSettings,
  acceptsUpgrade: (req: IncomingMessage) => boolean,
): Server | https.Server {
  const options: ServerOptions = {
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headersTimeout,
    // A push may take hours; the idle timeout bounds body transfers instead.
    requestTimeout: 0,
    keepAliveTimeout: limits.keepAlive,
    connectionsCheckingInterval: Math.min(5_000, limits.headersTimeout),
    optimizeEmptyRequests: true,
    noDelay: true,
    shouldUpgradeCallback: acceptsUpgrade,
  };
  const server =
    tls === undefined
      ? http.createServer(options)
      : https.createServer({
          ...options,
          ...loadCertificate(tls),
          requestCert: tls.clientCaFile !== undefined,
          minVersion: 'TLSv1.2',
          ALPNProtocols: ['http/1.1'],
        });
  // readHead enforces the limit with 431; Node would silently drop the excess header lines (threats S4).
  server.maxHeadersCount = 0;
  return server;
}
