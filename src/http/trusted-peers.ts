import type { BlockList, Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Log } from '../core/ports.ts';
import { isLoopback } from '../util/http/listen-address.ts';
import { contains, plainAddress } from './networks.ts';

/**
 * Whether the peer of a connection may describe the requests of other clients: a process of this machine or a trusted
 * proxy. A listener that requires client certificates accepts their holders only.
 */
export function isTrustedPeer(
  socket: Socket,
  {
    requiresCertificate,
    trusted,
  }: { readonly requiresCertificate: boolean; readonly trusted: BlockList | undefined },
): boolean {
  if (requiresCertificate) return socket instanceof TLSSocket && socket.authorized;
  const { remoteAddress } = socket;
  // The peer of a Unix domain socket has no address; the permissions of the file restrict the peers.
  if (remoteAddress === undefined) return !socket.destroyed && socket.remoteFamily === undefined;
  const address = plainAddress(remoteAddress);
  return isLoopback(address) || (trusted !== undefined && contains(trusted, address));
}

/** Closes connections of untrusted peers, with one log line per minute. */
export function createRefusePeer(log: Log): (socket: Socket) => void {
  let loggedAt = Number.NEGATIVE_INFINITY;
  return (socket) => {
    const now = performance.now();
    if (now - loggedAt >= LOG_INTERVAL) {
      loggedAt = now;
      log.warn(
        'a connection to server.authorizer is refused: the peer is not in server.trustedProxies, or has no accepted client certificate',
        { address: plainAddress(socket.remoteAddress ?? '') },
      );
    }
    socket.destroy();
  };
}

const LOG_INTERVAL = 60_000;
