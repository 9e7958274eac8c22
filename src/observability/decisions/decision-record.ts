import { redactCredentials } from '../../core/credentials/credential-pattern.ts';
import type { AuditEvent } from '../../core/records/audit-event.ts';
import type { VerifiedCredential } from '../../core/credentials/credential.ts';
import type { DecisionRecord, DecisionVerdict } from '../../core/records/decision-record.ts';
import type { Decision } from '../../core/decision.ts';
import type { Operation } from '../../core/request/operation.ts';
import { LIMITS } from '../audit/limits.ts';
import { describeDecision } from '../audit/verdict.ts';

/**
 * Copies the members of the event. The event itself would keep the request and its Authorization header in memory, and
 * a slice of a URL, such as the resource of a denial, would keep the query, with its credential.
 */
export function toDecisionRecord(
  event: AuditEvent,
  verdict: DecisionVerdict,
  config: string,
): DecisionRecord {
  const { presented, operations, decision, userAgent, detail } = event;
  return {
    requestId: ownText(LIMITS.id, event.requestId),
    startedAt: event.startedAt,
    duration: event.duration,
    clientAddress: ownText(LIMITS.address, event.clientAddress),
    userAgent: userAgent === undefined ? undefined : ownText(LIMITS.userAgent, userAgent),
    method: ownText(LIMITS.method, event.method),
    host: ownText(LIMITS.host, event.host),
    path: ownText(LIMITS.path, event.path),
    service: event.service,
    serviceType: event.serviceType,
    operations: operations.slice(0, LIMITS.operations).map(ownOperation),
    operationsTotal: operations.length,
    presented: presented && { class: presented.class, credentialSource: presented.credentialSource },
    verified: event.verified,
    caller: event.caller ?? callerIn(decision),
    shadowed: shadowedIn(decision),
    reason: event.reason,
    detail: detail === undefined ? undefined : ownText(LIMITS.detail, detail),
    candidate: event.candidate,
    status: event.status,
    upstreamStatus: event.upstreamStatus,
    upstreamDuration: event.upstreamDuration,
    bytesIn: event.bytesIn,
    bytesOut: event.bytesOut,
    aborted: event.aborted,
    verdict,
    config,
  };
}

export function verdictOf(event: AuditEvent): DecisionVerdict {
  const { type, outcome } = describeDecision(event);
  switch (type) {
    case 'denied':
      return 'denied';
    case 'error':
      return event.reason === 'client_left' ? 'left' : 'unable';
    case 'allowed':
      return outcome === 'success' ? 'allowed' : outcome === 'failure' ? 'failed' : 'left';
    default:
      return type satisfies never;
  }
}

/** Bytes of the object without its texts and without its credential. */
const RECORD_SIZE = 512;

/** An estimate, without the credential, which several records can share. */
export function sizeOf(record: DecisionRecord): number {
  const { requestId, path, host, userAgent = '', detail = '', operations } = record;
  let size = RECORD_SIZE + requestId.length + path.length + host.length + userAgent.length + detail.length;
  for (const { resource } of operations) size += resource.length + OPERATION_SIZE;
  return size;
}

const OPERATION_SIZE = 64;

/** Bytes of a claim in memory, per byte of its JSON. */
const CLAIM_OVERHEAD = 3;

export function sizeOfCredential(credential: VerifiedCredential): number {
  return RECORD_SIZE + CLAIM_OVERHEAD * JSON.stringify(credential.claims).length;
}

function ownOperation({ scope, resource, extent }: Operation): Operation {
  return { scope, resource: ownText(LIMITS.resource, resource), extent };
}

function ownText(limit: number, client: string): string {
  const text = redactCredentials(client);
  return Buffer.from(text.length <= limit ? text : `${text.slice(0, limit)}…`).toString();
}

export function callerIn(decision: Decision | undefined): DecisionRecord['caller'] {
  return decision === undefined || decision.kind === 'unable' ? undefined : decision.caller;
}

/** The denial that shadow mode did not enforce. */
export function shadowedIn(decision: Decision | undefined): DecisionRecord['shadowed'] {
  return decision?.kind === 'allow' ? decision.relaxed?.reason : undefined;
}
