import type { TLSSocket } from 'node:tls';
import type { Log } from '../../core/ports.ts';
import { presentedCertificate, type Certificate } from '../../util/tls/certificates.ts';
import { createConnector, type Connector } from './connector.ts';
import { ConnectionPool } from './http1/connection-pool.ts';
import {
  openUpstreamTls,
  type TlsMaterial,
  type UpstreamCertificates,
  type UpstreamTlsSettings,
} from './upstream-tls.ts';

export interface PoolSettings extends UpstreamTlsSettings {
  readonly url: string;
  /** Maximum number of connections and of requests in flight. */
  readonly connections: number;
  /** Milliseconds, like the timeouts. */
  readonly connectionLifetime: number;
  readonly timeouts: UpstreamTimeouts;
}

/** Milliseconds. */
export interface UpstreamTimeouts {
  readonly connect: number;
  readonly headers: number;
  /** Of requests with methods that are not safe. Default: `headers`. */
  readonly writeHeaders?: number | undefined;
  readonly idle: number;
  /** `idle` does not apply to responses without Content-Length. */
  readonly unboundedStreams?: boolean | undefined;
}

export interface UpstreamPool {
  readonly dispatch: ConnectionPool['dispatch'];
  /** Opens a separate connection under the same TLS policy. */
  readonly connect: Connector;
  certificates(): UpstreamCertificates;
  close(): void;
}

/**
 * The connections to one upstream under one TLS policy, never shared with another policy (CVE-2026-58040). Changed
 * certificates apply to new connections; requests in flight are completed.
 */
export function createUpstreamPool(service: string, settings: PoolSettings, log: Log): UpstreamPool {
  const { connect: timeout, headers, idle, unboundedStreams = false } = settings.timeouts;
  const { url, serverName, connections: maxConnections, connectionLifetime: lifetime } = settings;
  const tls = openUpstreamTls(service, settings, log, (material) => {
    connector = open(material);
    pool.replaceConnector(connector);
  });
  const open = (material: TlsMaterial): Connector =>
    createConnector({ url, serverName, timeout }, material, (socket: TLSSocket) => {
      presented = presentedCertificate(socket);
    });
  let presented: Certificate | undefined;
  let connector = open(tls.current);
  const timeouts = { headers, idle, unboundedStreams };
  const pool = new ConnectionPool(connector, { maxConnections, lifetime, timeouts });
  return {
    dispatch: (request, handler) => pool.dispatch(request, handler),
    connect: (connected, read) => connector(connected, read),
    certificates: () => ({ ...tls.certificates(), presented }),
    close() {
      tls.close();
      pool.close();
    },
  };
}
