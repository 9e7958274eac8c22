import type { Classification, Protocol } from '../core/request/protocol.ts';
import type { RequestHead } from '../core/request/request-head.ts';

/** The operations of a request; a WebSocket handshake has some only where the protocol carries WebSockets. */
export function classify(protocol: Protocol, head: RequestHead): Classification {
  return head.webSocket === true && protocol.webSockets !== true
    ? WEBSOCKETS_UNSUPPORTED
    : protocol.classify(head);
}

const WEBSOCKETS_UNSUPPORTED: Classification = {
  kind: 'unknown',
  detail: 'there are no WebSockets at this service',
};
