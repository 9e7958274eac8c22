import type { EgressResponse } from './ports.ts';

/** Seconds. GitHub asks for a minute where its response has no time; its window is an hour. */
const DEFAULT_WAIT = 60;
const MAX_WAIT = 3_600;

/**
 * Seconds to wait after a response that limits the gateway; undefined for any other response. GitHub limits with 403 or
 * 429 and sends `retry-after`, `x-ratelimit-reset` or neither ("Rate limits for the REST API"); GitLab and Kubernetes
 * with 429.
 */
export function rateLimitOf({ status, headers, body }: EgressResponse): number | undefined {
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
  const wait = retryAfter ?? (exhausted ? secondsToReset(headers) : undefined) ?? DEFAULT_WAIT;
  return Math.min(MAX_WAIT, Math.max(1, wait));
}

/** From the time of the response, because the clock of the gateway may differ. */
function secondsToReset(headers: EgressResponse['headers']): number | undefined {
  const [reset, date] = [integer(headers['x-ratelimit-reset']), Date.parse(String(headers['date']))];
  return reset === undefined || Number.isNaN(date) ? undefined : Math.ceil(reset - date / 1000);
}

function integer(value: string | string[] | undefined): number | undefined {
  return typeof value === 'string' && /^\d{1,12}$/.test(value) ? Number(value) : undefined;
}
