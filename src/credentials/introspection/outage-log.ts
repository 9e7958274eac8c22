import type { Clock, Log } from '../../core/ports.ts';

/** Milliseconds. */
const LOG_INTERVAL = 60_000;

/**
 * Logs an outage once per problem, not once per request, and its end. The same problem is logged once a minute
 * at most: clients can alternate between tokens that are blocked and tokens that are not.
 */
export function createOutageLog(
  log: Log,
  credentials: string,
  issuer: string,
  clock: Clock,
): { failed(problem: string): void; recovered(): void } {
  let current: string | undefined;
  let last: { readonly problem: string; readonly at: number } | undefined;
  return {
    failed(problem) {
      if (problem === current) return;
      const now = clock.now();
      if (problem === last?.problem && Math.abs(now - last.at) < LOG_INTERVAL) return;
      current = problem;
      last = { problem, at: now };
      log.warn(`${credentials} cannot be verified`, { issuer, reason: problem });
    },
    recovered() {
      if (current !== undefined) log.info(`${credentials} can be verified again`, { issuer });
      current = undefined;
    },
  };
}
