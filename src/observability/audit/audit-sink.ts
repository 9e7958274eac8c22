import type { AuditEvent, AuditSink } from '../../core/records/audit-event.ts';
import type { IssuerType } from '../../core/issuers/issuer-presets.ts';
import type { Log } from '../../core/ports.ts';
import type { AuditedClaims } from './claims-text.ts';
import { createEventLine } from './event-line.ts';
import { LineWriter } from './line-writer.ts';
import { openStdoutWriter } from './stdout-writer.ts';
import { LogFile } from './log-file.ts';

export interface AuditSettings {
  readonly enabled: boolean;
  /** Default: stdout. */
  readonly file?: string | undefined;
  /** Requests are refused while their events cannot be buffered. */
  readonly required: boolean;
  /** Issuer types by issuer name; the type determines the claims of project, pipeline and job. Read per event. */
  readonly issuerTypes: ReadonlyMap<string, IssuerType>;
  /** The claims to write, read per event. Undefined: events contain no claims of the policy. */
  readonly auditedClaims?: AuditedClaims | undefined;
}

export interface ClosableAuditSink extends AuditSink {
  /** Events that were dropped because the buffer was full. */
  lost(): number;
  /** Bytes that are not written yet, including other lines of a shared output. */
  buffered(): number;
  /** Reopens the file if it was renamed or deleted. */
  reopen(): Promise<void>;
  /** Writes the buffered events until `expired` settles. A shared writer is closed by its owner. */
  close(expired?: Promise<void>): Promise<void>;
}

/** Buffer space reserved for the events of requests that were accepted before the sink stalled. */
const RESERVE = 1024 * 1024;

export function createAuditSink(
  settings: AuditSettings,
  ports: { readonly log: Log; readonly stdout?: LineWriter | undefined },
): ClosableAuditSink {
  if (!settings.enabled) return DISABLED;

  const file = settings.file === undefined ? undefined : new LogFile(settings.file, ports);
  const shared = file === undefined ? ports.stdout : undefined;
  const writer = shared ?? (file === undefined ? openStdoutWriter(ports) : new LineWriter(file, ports));
  const eventLine = createEventLine(settings.issuerTypes, settings.auditedClaims);
  let lost = 0;

  const available = (): boolean => !settings.required || writer.room() >= RESERVE;

  return {
    available,
    write(event: AuditEvent): void {
      // Refusals caused by a full buffer must not use the space reserved for accepted requests.
      const accepted = event.reason !== 'audit_unavailable' || available();
      if (!accepted || !writer.append(eventLine(event))) lost++;
    },
    flush: () => writer.flush(),
    lost: () => lost,
    buffered: () => writer.buffered(),
    reopen: () => file?.check() ?? Promise.resolve(),
    close: (expired) => (shared === undefined ? writer.close(expired) : Promise.resolve()),
  };
}

const DISABLED: ClosableAuditSink = {
  write: () => undefined,
  available: () => true,
  flush: () => Promise.resolve(),
  lost: () => 0,
  buffered: () => 0,
  reopen: () => Promise.resolve(),
  close: () => Promise.resolve(),
};
