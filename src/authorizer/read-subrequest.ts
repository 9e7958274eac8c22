import type { IncomingMessage } from 'node:http';
import { deny, type Deny } from '../core/decision.ts';
import type { OriginalRequestChecks, ReadRequest } from '../core/request/incoming.ts';
import type { RequestHead } from '../core/request/request-head.ts';
import type { Contract, DescribedRequest } from './contracts/contract.ts';
import { readEnvoy } from './contracts/envoy.ts';
import { readForward } from './contracts/forward.ts';
import { readNginx } from './contracts/nginx.ts';

/**
 * Reads the request that a subrequest describes. The bytes of the target select the contract: behind Envoy, the client
 * chooses the rest of the path, and a router that resolves dot segments would let it choose another contract.
 */
export function readSubrequest(req: IncomingMessage, checks: OriginalRequestChecks): ReadRequest {
  const described = describe(req);
  if ('kind' in described) {
    const client = { address: checks.clientAddress(req, undefined), proto: 'http' } as const;
    const bodyHeader = req.url === NGINX ? 'X-Gatehouse-Body' : undefined;
    return { original: req, subrequest: { bodyHeader }, head: described, client };
  }
  const { method, target, proto, forwardedFor, bodyHeader, headers } = described;
  const original = { method, url: target, httpVersion: '1.1', rawHeaders: headers.client };
  return {
    original,
    subrequest: { bodyHeader },
    head: withBodyAndSwitch(checks.readHead(original), headers),
    client: { address: checks.clientAddress(req, forwardedFor), proto },
  };
}

function describe(req: IncomingMessage): DescribedRequest | Deny {
  const url = req.url ?? '';
  if (url.startsWith(ENVOY)) return readEnvoy(req, url.slice(ENVOY.length));
  // Caddy appends the query of the client to the URL of the authorizer.
  const question = url.indexOf('?');
  const contract = CONTRACTS.get(question === -1 ? url : url.slice(0, question));
  return contract?.(req) ?? deny('no_service', 'the path is no contract of the authorizer');
}

const ENVOY = '/authorize/envoy';
const NGINX = '/authorize/nginx';

const CONTRACTS: ReadonlyMap<string, Contract> = new Map([
  [NGINX, readNginx],
  ['/authorize/forward', readForward],
]);

/** The proxy describes neither the body of the request nor, in full, a switch of protocols. */
function withBodyAndSwitch(
  head: RequestHead | Deny,
  { webSocket, spdy }: DescribedRequest['headers'],
): RequestHead | Deny {
  if ('kind' in head) return head;
  const hasBody = head.method !== 'GET' && head.method !== 'HEAD';
  return hasBody || webSocket || spdy ? { ...head, hasBody, webSocket, ...(spdy && { spdy }) } : head;
}
