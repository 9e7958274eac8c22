import type { ServerResponse } from 'node:http';
import { destroyResponse } from '../../util/http/destroy-response.ts';
import type { Transfer } from './stall-watch.ts';

/** The transfer of a response to a client that reads too slowly. */
export function slowReader(res: ServerResponse, waiting: () => boolean, stalled: () => void): Transfer {
  return {
    // Bytes passed to the kernel, which may buffer megabytes for a slow reader before it accepts more.
    patience: 5,
    moved: () => res.socket?.bytesWritten ?? 0,
    waiting,
    stalled,
  };
}

/** Cuts a response off, so that the client cannot mistake it for a complete one (threats S10). */
export function cutOff(res: ServerResponse, lengthKnown: boolean): void {
  // A body delimited by the end of the connection would look complete after an orderly close.
  const untilClose = !lengthKnown && !res.chunkedEncoding;
  destroyResponse(res, (socket) => {
    if (untilClose && !('encrypted' in socket)) socket.resetAndDestroy();
    else socket.destroy();
  });
}
