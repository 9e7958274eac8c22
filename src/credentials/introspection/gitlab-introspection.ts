import type { PresentedCredential } from '../../core/credentials/credential.ts';
import { unable } from '../../core/decision.ts';
import type { Deny, Refusal } from '../../core/decision.ts';
import { GatehouseError } from '../../core/errors.ts';
import type { Clock, Log, EgressClient, EgressResponse } from '../../core/ports.ts';
import { parseJsonObject } from '../../util/json/object.ts';
import type { IssuerSettings } from '../settings.ts';

export interface IntrospectionPorts {
  readonly egress: EgressClient;
  readonly clock: Clock;
  readonly log: Log;
}

const DEADLINE = 5_000;
/** A job is a few KiB, a token less. */
const MAX_ANSWER_BYTES = 256 * 1024;

/** Seconds for which a GitLab that sent us away is left alone, where it does not say. */
const REST = 5;
const MAX_BACKOFF = 60;

/** How one class of credential is asked about. */
export interface IntrospectionRequest<T> {
  /** For people: `job tokens`. */
  readonly what: string;
  request(presented: PresentedCredential): {
    /** Below GitLab's URL. */
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
  };
  /** What the answer says; undefined where it is not about the credential. */
  interpret(status: number, body: Body, bases: readonly string[]): T | Deny | UnusableResponse | undefined;
}

export type Body = Readonly<Record<string, unknown>>;

/** The answer should have said it, and does not. */
export interface UnusableResponse {
  readonly kind: 'unusable';
  readonly detail: string;
}

/** GitLab's answer about a credential, or why there is none. */
export interface Introspected<T> {
  readonly result: T | Refusal;
  /** Without an answer of GitLab, whether it may have got the question all the same. */
  readonly sent: 'answered' | 'unanswered' | 'unsent';
}

/** Never rejects. */
export type Introspect<T> = (
  presented: PresentedCredential,
  /** Questions about credentials that GitLab confirmed before do not wait behind those about unknown ones. */
  pool: 'known' | 'unknown',
) => Promise<Introspected<T>>;

export function createIntrospection<T extends { readonly kind: string }>(
  issuer: Pick<IssuerSettings, 'name' | 'issuer' | 'apiUrl' | 'caFile'>,
  question: IntrospectionRequest<T>,
  { egress, clock, log }: IntrospectionPorts,
): Introspect<T> {
  const { name, caFile } = issuer;
  const { what } = question;
  const apiUrl = withoutSlash(issuer.apiUrl ?? issuer.issuer);
  const bases = [apiUrl, withoutSlash(issuer.issuer)];
  let restUntil = Number.NEGATIVE_INFINITY;
  let lastProblem: string | undefined;

  function unavailable(problem: string, retryAfter?: number): Refusal {
    // An outage of hours is one line, not one per job.
    if (problem !== lastProblem) log.warn(`${what} cannot be checked`, { issuer: name, reason: problem });
    lastProblem = problem;
    return unable('issuer_unavailable', `issuer ${name}: ${problem}`, retryAfter);
  }

  function read(response: EgressResponse): T | Refusal {
    const { status } = response;
    const body = parseJsonObject(response.body);
    // Whatever stands before GitLab says 401, 403 and 404 too, but not as a JSON object.
    const said = body.kind === 'object' ? question.interpret(status, body.value, bases) : undefined;
    if (said !== undefined) return isUnusable(said) ? unavailable(said.detail) : said;
    // Not about the credential: GitLab bans addresses for an hour (doc/security/rate_limits.md).
    if (status === 403 || status === 429) {
      const seconds = restAfter(response);
      restUntil = clock.now() + seconds * 1000;
      return unavailable(`answers ${status}: too many calls`, seconds);
    }
    return unavailable(
      body.kind === 'problem' ? `answers ${status}, which ${body.problem}` : `answers ${status}`,
    );
  }

  async function call(presented: PresentedCredential, pool: string): Promise<Introspected<T>> {
    const { path, headers } = question.request(presented);
    try {
      const response = await egress.get({
        url: `${apiUrl}${path}`,
        headers: { ...headers, accept: 'application/json' },
        caFile,
        deadline: DEADLINE,
        maxBytes: MAX_ANSWER_BYTES,
        pool,
      });
      return { result: read(response), sent: 'answered' };
    } catch (cause) {
      const known = cause instanceof GatehouseError;
      return {
        result: unavailable(known ? cause.message : 'unexpected error'),
        sent: known && cause.code === 'outbound_unreachable' ? 'unsent' : 'unanswered',
      };
    }
  }

  return async function introspect(presented, pool) {
    const rest = Math.ceil((restUntil - clock.now()) / 1000);
    if (rest > 0 && rest <= MAX_BACKOFF) {
      const result = unable('issuer_unavailable', `issuer ${name} sent us away a moment ago`, rest);
      return { result, sent: 'unsent' };
    }
    const asked = await call(presented, pool);
    if (asked.result.kind !== 'unable' && lastProblem !== undefined) {
      log.info(`${what} can be checked again`, { issuer: name });
      lastProblem = undefined;
    }
    return asked;
  };
}

function isUnusable(said: { readonly kind: string }): said is UnusableResponse {
  return said.kind === 'unusable';
}

/** Retry-After in seconds (RFC 9110 §10.2.3); a date, or nothing, is read as "a while". */
function restAfter({ headers }: EgressResponse): number {
  const value = headers['retry-after'];
  const seconds = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : REST;
  return Math.min(MAX_BACKOFF, Math.max(1, seconds));
}

function withoutSlash(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`.replace(/\/$/, '');
}
