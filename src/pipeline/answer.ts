import type { Operation } from '../contract/operation.ts';
import type { Protocol } from '../contract/protocol.ts';
import { REASONS, type Reason } from '../contract/reason.ts';
import { findHeader } from '../lib/header-name.ts';
import type { Exchange } from './exchange.ts';

/** The words of a refusal: a protocol's own, or those for requests that no service was found for. */
export type RefusalForm = Pick<Protocol, 'refusal'>;

/**
 * Sends a refusal in the protocol's own form: what to do next and the request id; the whole
 * story goes to the audit trail.
 */
export function answer(
  exchange: Exchange,
  reason: Reason,
  retryAfter: number | undefined,
  form: RefusalForm,
): void {
  const { incoming, line } = exchange;
  const { req, res, requestId, head } = incoming;
  if (res.headersSent || res.destroyed) return;
  const readable = !('kind' in head);
  const { status, message } = REASONS[reason];
  const concealed = status === 403 && line?.deny === 'conceal';
  const text = concealed
    ? { error: 'not_found', message: 'Not found.', requestId }
    : { error: reason, message, requestId };
  const accept = readable ? findHeader(head.rawHeaders, 'accept') : undefined;
  const { contentType, body } = form.refusal(text, accept);

  const headers = [
    'Content-Type',
    contentType,
    'Content-Length',
    String(Buffer.byteLength(body)),
    'Cache-Control',
    'no-store',
    'X-Request-Id',
    requestId,
  ];
  if (readable && line !== undefined && !concealed && CHALLENGED.has(reason)) {
    headers.push('WWW-Authenticate', challenge(line.protocol, exchange.operations, reason, head));
  }
  if (retryAfter !== undefined) headers.push('Retry-After', String(retryAfter));
  // What follows on this connection is the rest of something that was refused.
  if (!readable || (head.hasBody && !req.complete)) res.shouldKeepAlive = false;
  exchange.bytesOut = Buffer.byteLength(body);
  res.writeHead(concealed ? 404 : status, headers);
  res.end(body);
}

/** Every 401, and the 403 for which RFC 6750 §3.1 has a code. */
const CHALLENGED: ReadonlySet<Reason> = new Set(
  (Object.keys(REASONS) as Reason[]).filter((reason) => REASONS[reason].status === 401 || isScope(reason)),
);

function isScope(reason: Reason): boolean {
  return reason === 'scope_not_granted' || reason === 'insufficient_scope';
}

function challenge(
  protocol: Protocol,
  operations: readonly Operation[],
  reason: Reason,
  head: Parameters<Protocol['challenge']>[0],
): string {
  // RFC 6750 §3.1: no error code where no credential was sent.
  if (reason === 'no_credential') return protocol.challenge(head, operations, undefined);
  return protocol.challenge(head, operations, isScope(reason) ? 'insufficient_scope' : 'invalid_token');
}
