import type { Socket } from 'node:net';
import { constants } from 'node:os';
import { UpstreamError } from './upstream-error.ts';

/** `TLSSocket` keeps the handle of its TCP connection here; no public API of Node has this information. */
interface TlsHandles {
  readonly _handle?: { readonly _parent?: { readStart?(): number } } | null;
}

/**
 * The error of a TLS connection that ended without close_notify: its peer, or an attacker on the network, cut it off (RFC
 * 8446 §6.1). Call it in the `end` event, which Node emits in both cases: after close_notify, the TCP connection is
 * still read, and libuv refuses to start again; after the end of the TCP connection, it starts. A paused connection
 * is not read, so that only a record which was read before can end it. Without the handle, the connection counts as cut off.
 */
export function truncation(socket: Socket | undefined): UpstreamError | undefined {
  if (socket === undefined || !('encrypted' in socket) || socket.isPaused()) return undefined;
  const tcp = (socket as unknown as TlsHandles)._handle?._parent;
  if (tcp?.readStart?.() === -constants.errno.EALREADY) return undefined;
  return new UpstreamError('connection_closed', 'the TLS connection ended without close_notify');
}
