import type { AuditEvent } from '../../src/core/records/audit-event.ts';
import type { VerifiedCredential } from '../../src/core/credentials/credential.ts';
import type { Caller } from '../../src/core/decision.ts';
import type { Log, LogFields } from '../../src/core/ports.ts';

export const CANARY_TOKEN = 'canary-7f3b2c-token';

export function sampleCredential(changes: Partial<VerifiedCredential> = {}): VerifiedCredential {
  return {
    class: 'id_token',
    issuer: 'gitlab',
    issuerUrl: 'https://gitlab.example.com',
    subject: 'project_path:acme/payments:ref_type:branch:ref:main',
    jti: 'jti-1',
    tokenHash: '0123456789abcdef'.repeat(4),
    expiresAt: 2_000_000_000_000,
    claims: { project_path: 'acme/payments', job_id: '301', pipeline_id: 77 },
    ...changes,
  };
}

export function sampleCaller(changes: Partial<Caller> = {}): Caller {
  return { identity: 'payments-deploy', roles: ['publisher'], credential: sampleCredential(), ...changes };
}

/** The audit event of an allowed request, with `changes` applied. */
export function sampleEvent(changes: Partial<AuditEvent> = {}): AuditEvent {
  const caller = sampleCaller();
  return {
    requestId: 'req-1',
    startedAt: Date.UTC(2026, 8, 1, 12, 0, 0, 250),
    duration: 12.345678,
    clientAddress: '192.0.2.7',
    userAgent: 'curl/8.9',
    traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    method: 'GET',
    host: 'gateway.example.com',
    path: '/orders/v1/list',
    service: 'orders',
    serviceType: 'http',
    operations: [{ scope: 'orders:read', resource: '/v1/list', extent: 'one' }],
    presented: { class: 'id_token', credentialSource: 'bearer', token: CANARY_TOKEN, username: undefined },
    verified: caller.credential,
    caller,
    decision: { kind: 'allow', basis: 'grant', caller, relaxed: undefined },
    reason: 'granted',
    detail: undefined,
    status: 200,
    upstreamStatus: 200,
    upstreamDuration: 10.5,
    bytesIn: 0,
    bytesOut: 120,
    aborted: false,
    ...changes,
  };
}

/** The audit event of a request refused before routing. */
export function refusedEvent(changes: Partial<AuditEvent> = {}): AuditEvent {
  return sampleEvent({
    userAgent: undefined,
    traceparent: undefined,
    service: undefined,
    serviceType: undefined,
    operations: [],
    presented: undefined,
    verified: undefined,
    caller: undefined,
    decision: undefined,
    reason: 'no_service',
    status: 404,
    upstreamStatus: undefined,
    upstreamDuration: undefined,
    ...changes,
  });
}

export interface RecordedLog extends Log {
  readonly lines: { level: string; message: string; fields: LogFields | undefined }[];
}

export function recordingLog(): RecordedLog {
  const lines: RecordedLog['lines'] = [];
  const at =
    (level: string): Log['info'] =>
    (message, fields) =>
      void lines.push({ level, message, fields });
  return { lines, info: at('info'), warn: at('warn'), error: at('error') };
}
