import type { Clock, Log, LogFields } from '../ports.ts';

export interface OutageLog {
  /** `problem` identifies the cause; `cause` describes it in the log. */
  failed(problem: string, cause?: LogFields): void;
  recovered(): void;
}

/** Milliseconds. */
const LOG_INTERVAL = 60_000;

/** Problems whose last line is remembered. */
const MAX_PROBLEMS = 20;

/**
 * Logs an outage once per problem, not once per request, and its end. The same problem is logged once a minute
 * at most: clients can alternate between requests that fail and requests that do not.
 */
export function createOutageLog(
  { log, clock }: { readonly log: Log; readonly clock: Clock },
  messages: { readonly failed: string; readonly recovered: string },
  fields: LogFields,
): OutageLog {
  let current: string | undefined;
  const loggedAt = new Map<string, number>();

  return {
    failed(problem, cause = { reason: problem }) {
      if (problem === current) return;
      const now = clock.now();
      if (Math.abs(now - (loggedAt.get(problem) ?? -Infinity)) < LOG_INTERVAL) return;
      current = problem;
      if (loggedAt.size >= MAX_PROBLEMS) loggedAt.clear();
      loggedAt.set(problem, now);
      log.warn(messages.failed, { ...fields, ...cause });
    },
    recovered() {
      if (current !== undefined) log.info(messages.recovered, fields);
      current = undefined;
    },
  };
}
