import type { IncomingMessage } from 'node:http';
import { deny, type Deny } from '../../core/decision.ts';
import type { ClientFacts } from '../../core/request/incoming.ts';
import type { SubrequestHeaders } from '../header-reader.ts';

/** The request that a subrequest describes. None of its content is validated. */
export interface DescribedRequest {
  readonly method: string;
  readonly target: string;
  readonly proto: ClientFacts['proto'];
  /** The addresses of `X-Forwarded-For`, set by the proxy. */
  readonly forwardedFor: string | undefined;
  readonly bodyHeader?: string;
  /** With the described `Host`. */
  readonly headers: Pick<SubrequestHeaders<string>, 'client' | 'webSocket' | 'spdy'>;
}

/** How one kind of proxy describes a request. */
export type Contract = (req: IncomingMessage) => DescribedRequest | Deny;

/** The refusal of a subrequest without a header that the proxy must set. */
export function missing(name: string): Deny {
  return deny('request_malformed', `the subrequest has no ${name}`);
}

/** Traefik reports WebSocket handshakes as ws and wss. */
export function schemeOf(text: string): ClientFacts['proto'] | Deny {
  switch (text.toLowerCase()) {
    case 'http':
    case 'ws':
      return 'http';
    case 'https':
    case 'wss':
      return 'https';
    default:
      return deny('request_malformed', 'the scheme of the subrequest is neither http nor https');
  }
}
