import { redactCredentials } from '../core/credentials/credential-pattern.ts';
import type { Operation } from '../core/request/operation.ts';
import type { Protocol } from '../core/request/protocol.ts';
import { REASONS, type Reason } from '../core/reasons.ts';
import { findHeader } from '../util/http/header-name.ts';
import { http } from '../util/http/node-http.ts';
import type { RequestContext } from './request-context.ts';

/** The error format of a protocol, or the default format for requests that match no service. */
export type RefusalForm = Pick<Protocol, 'refusal'>;

/** Sends a refusal in the protocol's error format, with the request id. The detail goes to the audit log only. */
export function sendRefusal(
  context: RequestContext,
  reason: Reason,
  retryAfter: number | undefined,
  form: RefusalForm,
  message = REASONS[reason].message,
): void {
  const { incoming, pipeline, operations } = context;
  const { req, res, requestId, head } = incoming;
  if (res.headersSent || res.destroyed) return;
  const readable = !('kind' in head);
  const { status } = REASONS[reason];
  const concealed = status === 403 && pipeline?.deny === 'conceal';
  const userAgent = readable ? findHeader(head.rawHeaders, 'user-agent') : undefined;
  const common = { requestId, head: readable ? head : undefined, userAgent };
  const text = concealed
    ? { ...common, ...CONCEALED, operations: [] }
    : {
        ...common,
        status,
        error: reason,
        message,
        hint: hintOf(context, status),
        operations: shown(operations),
      };
  const accept = readable ? findHeader(head.rawHeaders, 'accept') : undefined;
  const refusal = form.refusal(text, accept);
  const { contentType, body } = refusal;
  const sent = refusal.status ?? text.status;

  const headers = [
    'Content-Type',
    contentType,
    'Content-Length',
    String(Buffer.byteLength(body)),
    'Cache-Control',
    'no-store',
    'X-Request-Id',
    requestId,
    ...(refusal.headers ?? []),
  ];
  if (readable && pipeline !== undefined && !concealed && CHALLENGED.has(reason)) {
    const error = errorCode(reason, context.presented !== undefined);
    const { proto } = incoming.client;
    const { host } = head;
    const description = error === undefined ? undefined : (refusal.description ?? message);
    const challenge = pipeline.protocol.challenge({
      host,
      proto,
      operations,
      error,
      description,
      status: sent,
    });
    if (challenge !== undefined) headers.push('WWW-Authenticate', challenge);
  }
  if (retryAfter !== undefined) headers.push('Retry-After', String(retryAfter));
  const { subrequest } = incoming;
  if (subrequest?.bodyHeader !== undefined) headers.push(subrequest.bodyHeader, headerText(body));
  // The next bytes on this connection are the rest of the refused request. A subrequest has no body.
  if (subrequest === undefined && (!readable || (head.hasBody && !req.complete))) res.shouldKeepAlive = false;
  context.bytesOut = Buffer.byteLength(body);
  // Explicit, because Node keeps the reason phrase of an earlier head that it failed to write.
  res.writeHead(sent, refusal.phrase ?? http.STATUS_CODES[sent] ?? '', headers);
  res.end(body);
}

const CONCEALED = { status: 404, error: 'not_found', message: 'Not found.' } as const;

/** A client prints the response into its log, which more people read than its requests. */
function shown(operations: readonly Operation[]): readonly Operation[] {
  return operations.map((operation) => ({ ...operation, resource: redactCredentials(operation.resource) }));
}

/** Names the endpoint that describes the credential, where a credential or the policy is the cause. */
function hintOf(context: RequestContext, status: number): string | undefined {
  return status === 401 || status === 403 ? context.credentialHint : undefined;
}

/** The body in one line. Node writes headers as latin1, which keeps the bytes of the UTF-8 text. */
function headerText(body: string): string {
  const line = body.trim().replaceAll(/[\r\n]+/g, ' ');
  return Buffer.from(line, 'utf8').subarray(0, MAX_BODY_HEADER).toString('latin1');
}

/** Bytes; nginx reads the response head into one buffer (proxy_buffer_size). */
const MAX_BODY_HEADER = 4096;

/** Every 401, and each 403 for which RFC 6750 §3.1 defines an error code. */
const CHALLENGED: ReadonlySet<Reason> = new Set(
  (Object.keys(REASONS) as Reason[]).filter((reason) => REASONS[reason].status === 401 || isScope(reason)),
);

function isScope(reason: Reason): boolean {
  return reason === 'scope_not_granted' || reason === 'insufficient_scope';
}

/** RFC 6750 §3.1: no code without a credential. A credential without the required access has insufficient scope. */
function errorCode(reason: Reason, presented: boolean): string | undefined {
  if (reason === 'no_credential') return presented ? 'insufficient_scope' : undefined;
  return isScope(reason) ? 'insufficient_scope' : 'invalid_token';
}
