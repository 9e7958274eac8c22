import type { Classification, Protocol } from '../core/request/protocol.ts';
import type { RequestHead } from '../core/request/request-head.ts';

/** The operations of a request. A WebSocket handshake has operations only if the protocol supports WebSockets. */
export function classify(protocol: Protocol, head: RequestHead): Classification {
  return head.webSocket === true && protocol.webSockets !== true
    ? WEBSOCKETS_UNSUPPORTED
    : protocol.classify(head);
}

const WEBSOCKETS_UNSUPPORTED: Classification = {
  kind: 'unknown',
  detail: 'the service does not support WebSockets',
};
