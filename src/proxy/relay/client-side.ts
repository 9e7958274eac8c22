import type { ServerResponse } from 'node:http';
import type { Transfer } from './stall-watch.ts';

/** An answer that its client does not read fast enough. */
export function slowReader(res: ServerResponse, stalled: () => void): Transfer {
  return {
    // What the kernel has taken: megabytes may be under way to a slow reader before it takes more.
    patience: 5,
    moved: () => res.socket?.bytesWritten ?? 0,
    waiting: () => res.writableNeedDrain,
    stalled,
  };
}

/** Ends an answer in its middle, so that the client cannot take it for whole (threats S10). */
export function cutOff(res: ServerResponse, lengthKnown: boolean): void {
  const { socket } = res;
  // Where only the end of the connection ends the body, a clean end would say that it is complete.
  const untilClose = !lengthKnown && !res.chunkedEncoding;
  if (untilClose && socket !== null && !('encrypted' in socket)) socket.resetAndDestroy();
  else res.destroy();
}
