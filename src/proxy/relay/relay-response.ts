import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Relay } from './relay.ts';

/** Node's answer, told to a relay as undici tells its own. */
export function relayResponse(request: ClientRequest, answer: IncomingMessage, relay: Relay): void {
  const control = {
    aborted: false,
    paused: false,
    reason: null,
    rawHeaders: answer.rawHeaders,
    pause: () => void answer.pause(),
    resume: () => void answer.resume(),
    abort: () => void request.destroy(),
  };
  answer.on('error', (error) => relay.onResponseError(control, error));
  relay.onResponseStart(control, answer.statusCode ?? 0, undefined, answer.statusMessage ?? '');
  answer.on('data', (chunk: Buffer) => relay.onResponseData(control, chunk));
  answer.on('end', () => {
    relay.onResponseEnd();
    // It is the only one on its connection.
    request.destroy();
  });
}
