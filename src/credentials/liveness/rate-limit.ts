import type { EgressResponse } from '../../core/ports.ts';

/** Seconds. GitHub asks for a minute where its response has no time; its window is an hour. */
const DEFAULT_WAIT = 60;
const MAX_WAIT = 3_600;

/**
 * Seconds to wait after a response that limits the client; undefined for any other response. GitHub limits with 403 or
 * 429 and sends `retry-after`, `x-ratelimit-reset` or neither ("Rate limits for the REST API"); GitLab and Kubernetes
 * with 429.
 */
export function rateLimitOf({ status, headers, body }: EgressResponse, now: number): number | undefined {
  if (status !== 403 && status !== 429) return undefined;
  const retryAfter = integer(headers['retry-after']);
  const exhausted = headers['x-ratelimit-remaining'] === '0';
  // Any other 403 concerns the permissions of the token.
  if (
    status === 403 &&
    retryAfter === undefined &&
    !exhausted &&
    !/rate limit/i.test(body.toString('latin1'))
  ) {
    return undefined;
  }
  const reset = exhausted ? integer(headers['x-ratelimit-reset']) : undefined;
  const wait = retryAfter ?? (reset === undefined ? DEFAULT_WAIT : reset - Math.floor(now / 1000));
  return Math.min(MAX_WAIT, Math.max(1, wait));
}

function integer(value: string | string[] | undefined): number | undefined {
  return typeof value === 'string' && /^\d{1,12}$/.test(value) ? Number(value) : undefined;
}
