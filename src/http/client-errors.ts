import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { LiveMap } from '../util/resources/live-map.ts';
import { isClosing, writeRefusal } from './connections.ts';
import type { RefuseBytes } from './detached-connections.ts';

/** Refuses what Node's parser rejects. `responses`: the newest response of each connection. */
export function handleClientErrors(
  server: Server,
  responses: Pick<LiveMap<Socket, ServerResponse>, 'get'>,
  refuse: RefuseBytes,
): void {
  server.on('clientError', (error: ClientError, stream) => {
    const socket = stream as Socket;
    if (isClosing(socket)) return;
    if (!socket.writable || error.code === 'ECONNRESET') {
      socket.destroy();
      return;
    }
    const status = CLIENT_ERROR_STATUS[error.code ?? ''] ?? 400;
    const response = responses.get(socket);
    if (response?.req.complete !== false) return refuse(socket, status, detailOf(error));
    // The request with the malformed body has its own audit event. A second response after the start of the first would
    // be read as its body; ahead of a pending response (Node assigns sockets in turn) it would replace that one.
    if (response.headersSent || response.socket === null) {
      socket.destroy();
      return;
    }
    writeRefusal(socket, status);
    socket.end(() => socket.destroy());
  });
}

interface ClientError extends NodeJS.ErrnoException {
  /** The bytes that the parser refused. */
  readonly rawPacket?: Buffer;
}

/** The parser reports a ClientHello as an invalid method. A TLS record starts with type 22 and version 3 (RFC 8446 §5.1). */
function detailOf({ code, rawPacket }: ClientError): string {
  if (rawPacket?.[0] === 22 && rawPacket[1] === 3) return 'a TLS handshake at a listener without TLS';
  return code ?? 'unreadable';
}

const CLIENT_ERROR_STATUS: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};
