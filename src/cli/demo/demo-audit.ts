import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { GatehouseError } from '../../core/errors.ts';

/** Members of an audit event that the demo prints (docs/reference/audit.md). */
interface RecordedEvent {
  readonly '@timestamp': string;
  readonly event: { readonly reason: string };
  readonly http: {
    readonly request: { readonly id: string; readonly method: string };
    readonly response: { readonly status_code: number };
  };
  readonly url: { readonly path: string };
  readonly user?: { readonly name?: string };
  readonly gatehouse: { readonly decision?: string; readonly project?: string; readonly job?: string };
}

/** Attempts with 20 ms between them: the audit log is written in batches. */
const ATTEMPTS = 500;

/** The line of this request in the audit log. */
export async function findAuditLine(file: string, requestId: string): Promise<string> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const found = readFileSync(file, 'utf8')
      .split('\n')
      .find((line) => line.includes(requestId) && line.endsWith('}'));
    if (found !== undefined) return found;
    await sleep(20);
  }
  throw new GatehouseError('startup_failed', `${file} contains no event of the request ${requestId}`);
}

/** An audit event for people. */
export function readableAuditEvent(line: string): string {
  const { '@timestamp': time, event, http, url, user, gatehouse } = JSON.parse(line) as RecordedEvent;
  const job = gatehouse.job === undefined ? '' : `job ${gatehouse.job} of ${gatehouse.project}`;
  return [
    time.slice(11, 19),
    gatehouse.decision ?? 'refused',
    `${http.request.method} ${url.path}`,
    `${http.response.status_code} ${event.reason}`,
    user?.name ?? 'no identity',
    job,
  ]
    .filter((part) => part !== '')
    .join('  ');
}
