import type { ClientRequest, IncomingMessage } from 'node:http';
import { readStatusLine } from '../transport/http1/status-line.ts';
import type { Relay } from './relay.ts';

/** Passes a response of node:http, which answers a WebSocket handshake, to a relay. */
export function relayResponse(request: ClientRequest, response: IncomingMessage, relay: Relay): void {
  const control = {
    pause: () => void response.pause(),
    resume: () => void response.resume(),
    abort: () => void request.destroy(),
  };
  response.on('error', (error) => relay.onResponseError(control, error));
  const { statusCode = 0, statusMessage = '', httpVersion } = response;
  // Node is more lenient than the transport: the status line is checked again.
  const line = readStatusLine(`HTTP/${httpVersion} ${String(statusCode).padStart(3, '0')} ${statusMessage}`);
  if (line.kind === 'invalid') return relay.refuse('upstream_invalid', line.detail);
  if (statusCode < 200) return relay.refuse('upstream_invalid', `status ${statusCode}`);
  relay.onResponseStart(control, { status: statusCode, fields: response.rawHeaders });
  response.on('data', (chunk: Buffer) => relay.onResponseData(control, chunk));
  response.on('end', () => {
    relay.onResponseEnd();
    // The connection carries one request.
    request.destroy();
  });
}
