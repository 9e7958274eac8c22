import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Relay } from './relay.ts';

/** Passes a response of node:http to a relay through the handler interface of undici. */
export function relayResponse(request: ClientRequest, response: IncomingMessage, relay: Relay): void {
  const control = {
    aborted: false,
    paused: false,
    reason: null,
    rawHeaders: response.rawHeaders,
    pause: () => void response.pause(),
    resume: () => void response.resume(),
    abort: () => void request.destroy(),
  };
  response.on('error', (error) => relay.onResponseError(control, error));
  relay.onResponseStart(control, response.statusCode ?? 0, undefined, response.statusMessage ?? '');
  response.on('data', (chunk: Buffer) => relay.onResponseData(control, chunk));
  response.on('end', () => {
    relay.onResponseEnd();
    // The connection carries one request.
    request.destroy();
  });
}
