import { readRecordedRequest, type RecordedRequest } from '../app/tools.ts';
import { GatehouseError } from '../core/errors.ts';
import type { Terminal } from './terminal.ts';
import { auditFileName, auditLines } from './audit-files.ts';

/** An audit event that cannot be evaluated. */
interface UnusableEvent {
  readonly kind: 'unusable';
  readonly requestId: string;
  readonly detail: string;
}

export interface MalformedLine {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly reason: string;
}

export interface AuditEventHandlers {
  event(event: RecordedRequest | UnusableEvent): void;
  malformed(line: MalformedLine): void;
}

/**
 * Reads the audit events of files in constant memory; `-` is standard input. Other JSON lines, such as those of the
 * application log, are skipped, and so is a last line without LF that is incomplete: its file is still being written.
 */
export async function readAuditEvents(files: readonly string[], handlers: AuditEventHandlers): Promise<void> {
  for (const file of files) {
    for await (const { number, text, cut, ended } of auditLines(file, '')) {
      if (text === '' && !cut) continue;
      const malformed = (reason: string): void =>
        handlers.malformed({ file: auditFileName(file), line: number, reason });
      if (cut) {
        malformed('the line is longer than any audit event');
        continue;
      }
      let event: unknown;
      try {
        event = JSON.parse(text);
      } catch {
        if (ended) malformed('not valid JSON');
        continue;
      }
      const read = readRecordedRequest(event);
      if (read.kind === 'other') {
        if (isAuditEvent(event)) malformed('an audit event without http.request.id');
      } else handlers.event(read);
    }
  }
}

/** Throws `usage` if the operands name no file. */
export function requireFiles(operands: readonly string[]): readonly string[] {
  if (operands.length === 0)
    throw new GatehouseError('usage', 'name at least one audit file; "-" reads standard input');
  return operands;
}

function isAuditEvent(event: unknown): boolean {
  const { event: facts } = (event ?? {}) as { readonly event?: { readonly dataset?: unknown } };
  return facts?.dataset === 'gatehouse.audit';
}

/** Lists the first malformed lines, then their number. */
export class MalformedLines {
  #count = 0;
  readonly #terminal: Pick<Terminal, 'err'>;

  constructor(terminal: Pick<Terminal, 'err'>) {
    this.#terminal = terminal;
  }

  add({ file, line, reason }: MalformedLine): void {
    this.#count += 1;
    if (this.#count <= MAX_LISTED) this.#terminal.err(`${file}:${line}: ${reason}\n`);
  }

  /** Throws `usage` if no line was an audit event. */
  finish(events: number): void {
    if (this.#count > MAX_LISTED)
      this.#terminal.err(`and ${this.#count - MAX_LISTED} more malformed lines\n`);
    if (events === 0 && this.#count > 0)
      throw new GatehouseError('usage', 'no line is an audit event; name files of the audit log');
  }
}

const MAX_LISTED = 20;
