import type { AuditEvent } from '../../core/records/audit-event.ts';
import { jsonText } from '../../util/json/text.ts';
import { loggedText } from '../logged-text.ts';
import type { LineWriter } from './line-writer.ts';
import { LIMITS } from './limits.ts';

export interface AccessLog {
  write(event: AuditEvent): void;
}

/** One short line per request, for operators and log counters; the audit event contains the reason. */
export function createAccessLog(
  settings: { readonly enabled: boolean },
  ports: { readonly stdout: LineWriter },
): AccessLog {
  if (!settings.enabled) return { write: () => undefined };
  return { write: (event) => void ports.stdout.append(accessLine(event)) };
}

export function accessLine(event: AuditEvent): string {
  const identity = event.caller?.identity;
  return (
    `{"time":"${new Date(event.startedAt).toISOString()}","event.dataset":"gatehouse.access"` +
    `,"client":${loggedText(LIMITS.address, event.clientAddress)}` +
    `,"method":${loggedText(LIMITS.method, event.method)}` +
    `,"host":${loggedText(LIMITS.host, event.host)}` +
    `,"path":${loggedText(LIMITS.path, event.path)}` +
    `,"status":${event.status},"bytes":${event.bytesOut}` +
    `,"duration_ms":${Math.round(event.duration * 1000) / 1000}` +
    (event.service === undefined ? '' : `,"service":${jsonText(event.service)}`) +
    (identity === undefined ? '' : `,"identity":${jsonText(identity)}`) +
    `,"request_id":${loggedText(LIMITS.id, event.requestId)}}\n`
  );
}
