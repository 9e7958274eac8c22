import type { BufferBody } from '../../core/request/buffered-body.ts';
import type { Forward } from '../../core/request/forwarding.ts';
import { firstToExpire } from '../../util/tls/certificates.ts';
import type { UpstreamCertificates } from '../transport/upstream-tls.ts';
import type { RequestCredential } from '../upstream-credentials/request-credential.ts';
import { createBodyBuffer } from './buffer-body.ts';
import type { ForwardPorts, ForwardSettings } from './forward-settings.ts';
import { createForward } from './forward.ts';
import { createUpstreamSide } from './upstream-side.ts';

export interface Forwarder {
  readonly forward: Forward;
  readonly bufferBody: BufferBody;
  /** The certificates in use; `presented` covers the origins of followed redirects, too. */
  certificates(): UpstreamCertificates;
  /** The upstream credential; undefined if requests are sent without one. */
  readonly credential: RequestCredential | undefined;
  /**
   * Stops watching files at once, and closes all connections when `inUse` resolves. Requests that arrive before that
   * are forwarded.
   */
  close(inUse?: Promise<unknown>): Promise<void>;
}

/** Forwards the requests of one service to its upstream. */
export function createForwarder(settings: ForwardSettings, ports: ForwardPorts): Forwarder {
  const side = createUpstreamSide(settings, ports);
  const { maxBody, maxConnections } = side;
  return {
    forward: createForward(side),
    credential: side.credential,
    bufferBody: createBodyBuffer({ maxBody, maxConcurrent: maxConnections }, ports.stalls),
    certificates() {
      const { presented, ...files } = side.pool.certificates();
      const all = [...(presented === undefined ? [] : [presented]), ...side.redirects.presented()];
      return { ...files, presented: firstToExpire(all) };
    },
    async close(inUse) {
      side.credential?.close();
      side.tunnels?.close();
      await inUse;
      side.pool.close();
      side.redirects.close();
    },
  };
}
