import { deny, unable } from '../contract/decision.ts';
import type { Refusal } from '../contract/decision.ts';
import { GatehouseError } from '../contract/errors.ts';
import type { Clock, Log, Outbound, OutboundResponse } from '../contract/ports.ts';
import { parseJsonObject } from '../lib/json-object.ts';
import { readJob } from './job-token-claims.ts';
import type { RunningJob } from './job-token-claims.ts';
import type { IssuerSettings } from './settings.ts';

export interface IntrospectionPorts {
  readonly outbound: Outbound;
  readonly clock: Clock;
  readonly log: Log;
}

const DEADLINE = 5_000;
/** A job is a few KiB. */
const MAX_ANSWER_BYTES = 256 * 1024;

/** Seconds for which a GitLab that sent us away is left alone, where it does not say. */
const REST = 5;
const LONGEST_REST = 60;

/** GitLab's word on a job token, or why there is none. Never rejects. */
export type Introspect = (token: string) => Promise<RunningJob | Refusal>;

/** `GET /api/v4/job` answers what the job of the token in `JOB-TOKEN` is (GitLab doc/api/jobs.md). */
export function createIntrospection(
  issuer: IssuerSettings,
  { outbound, clock, log }: IntrospectionPorts,
): Introspect {
  const { name, caFile } = issuer;
  const apiUrl = withoutSlash(issuer.apiUrl ?? issuer.issuer);
  const bases = [apiUrl, withoutSlash(issuer.issuer)];
  let restUntil = Number.NEGATIVE_INFINITY;
  let lastProblem: string | undefined;

  function interpret(response: OutboundResponse): RunningJob | Refusal {
    const body = parseJsonObject(response.body);
    // Whatever stands before GitLab says 401 and 404 too, but not as a JSON object.
    if (body.kind === 'problem') return unavailable(`answers ${response.status}, which ${body.problem}`);
    switch (response.status) {
      case 200: {
        const job = readJob(body.value, bases);
        return job.kind === 'unusable' ? unavailable(job.detail) : job;
      }
      case 401:
        return deny('job_not_running', 'GitLab answers 401: the job has ended, or there never was one');
      case 404:
        return deny('credential_invalid', 'GitLab answers 404: a credential, but not that of a job');
      default:
        return unavailable(`answers ${response.status}`);
    }
  }

  function unavailable(problem: string, retryAfter?: number): Refusal {
    // An outage of hours is one line, not one per job.
    if (problem !== lastProblem) log.warn('job tokens cannot be checked', { issuer: name, reason: problem });
    lastProblem = problem;
    return unable('issuer_unavailable', `issuer ${name}: ${problem}`, retryAfter);
  }

  async function call(token: string): Promise<RunningJob | Refusal> {
    try {
      const response = await outbound.get({
        url: `${apiUrl}/api/v4/job`,
        headers: { 'job-token': token, accept: 'application/json' },
        caFile,
        deadline: DEADLINE,
        maxBytes: MAX_ANSWER_BYTES,
      });
      // 403 is not about the token: GitLab bans addresses for an hour (doc/security/rate_limits.md).
      if (response.status !== 403 && response.status !== 429) return interpret(response);
      const seconds = restAfter(response);
      restUntil = clock.now() + seconds * 1000;
      return unavailable(`answers ${response.status}: too many calls`, seconds);
    } catch (cause) {
      return unavailable(cause instanceof GatehouseError ? cause.message : 'unexpected error');
    }
  }

  return async function introspect(token) {
    const rest = Math.ceil((restUntil - clock.now()) / 1000);
    if (rest > 0 && rest <= LONGEST_REST) {
      return unable('issuer_unavailable', `issuer ${name} sent us away a moment ago`, rest);
    }
    const answer = await call(token);
    if (answer.kind !== 'unable' && lastProblem !== undefined) {
      log.info('job tokens can be checked again', { issuer: name });
      lastProblem = undefined;
    }
    return answer;
  };
}

/** Retry-After in seconds (RFC 9110 §10.2.3); a date, or nothing, is read as "a while". */
function restAfter({ headers }: OutboundResponse): number {
  const value = headers['retry-after'];
  const seconds = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : REST;
  return Math.min(LONGEST_REST, Math.max(1, seconds));
}

function withoutSlash(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`.replace(/\/$/, '');
}
