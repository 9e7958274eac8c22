import { randomUUID } from 'node:crypto';
import type { AuditEvent } from '../core/records/audit-event.ts';
import type { MalformedRequest } from '../core/request/incoming.ts';

/** The audit event of bytes that are not a request; they have no method, path or host. */
export function malformedRequestEvent({ status, detail, client }: MalformedRequest, now: number): AuditEvent {
  const reason = status === 431 ? 'headers_too_large' : status === 408 ? 'body_timeout' : 'request_malformed';
  return {
    requestId: randomUUID(),
    startedAt: now,
    duration: 0,
    clientAddress: client.address,
    userAgent: undefined,
    traceparent: undefined,
    method: '',
    host: '',
    path: '',
    service: undefined,
    serviceType: undefined,
    operations: [],
    presented: undefined,
    verified: undefined,
    caller: undefined,
    decision: { kind: 'deny', reason, detail },
    reason,
    detail,
    status,
    upstreamStatus: undefined,
    upstreamDuration: undefined,
    bytesIn: 0,
    bytesOut: 0,
    aborted: true,
  };
}
