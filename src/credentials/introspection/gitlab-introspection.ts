import type { Claims, PresentedCredential } from '../../core/credentials/credential.ts';
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
const MAX_RESPONSE_BYTES = 256 * 1024;

/** Seconds to wait after a 403 or 429 without `Retry-After`. */
const DEFAULT_WAIT = 5;
const MAX_WAIT = 60;

/** How credentials of one class are introspected. */
export interface IntrospectionRequest<T> {
  /** Name of the credentials in messages, for example `job tokens`. */
  readonly credentials: string;
  /** Builds the request to GitLab's API. */
  request(presented: PresentedCredential): {
    /** Relative to GitLab's URL. */
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
  };
  /** Interprets a response of GitLab (at `bases`). Undefined: it is not about the credential. */
  interpret(
    status: number,
    body: Body,
    bases: readonly string[],
  ): T | Deny | InvalidIntrospection | undefined;
}

/** A JSON object in a response. */
export type Body = Readonly<Record<string, unknown>>;

/** GitLab confirmed the credential. */
export interface Confirmation {
  readonly kind: 'confirmed';
  readonly subject: string;
  readonly claims: Claims;
}

/** The response has a successful status, but its content is invalid. The credential is not at fault. */
export interface InvalidIntrospection {
  readonly kind: 'invalid';
  readonly detail: string;
}

/** The result of an introspection request. */
export interface Introspected<T> {
  readonly result: T | Refusal;
  /** `unanswered`: GitLab may have received the request. `unsent`: it has not. */
  readonly sent: 'answered' | 'unanswered' | 'unsent';
}

/** Introspects a credential. Never rejects. */
export type Introspect<T> = (
  presented: PresentedCredential,
  /** Connection pool: requests for previously confirmed credentials never wait for those for unknown ones. */
  pool: 'known' | 'unknown',
) => Promise<Introspected<T>>;

/** Creates the introspection of one credential class at one GitLab. */
export function createIntrospection<T extends { readonly kind: string }>(
  issuer: Pick<IssuerSettings, 'name' | 'issuer' | 'apiUrl' | 'caFile'>,
  introspection: IntrospectionRequest<T>,
  { egress, clock, log }: IntrospectionPorts,
): Introspect<T> {
  const { name, caFile } = issuer;
  const { credentials } = introspection;
  const apiUrl = withoutSlash(issuer.apiUrl ?? issuer.issuer);
  const bases = [apiUrl, withoutSlash(issuer.issuer)];
  let retryAt = Number.NEGATIVE_INFINITY;
  const outage = createOutageLog(log, credentials, name);

  function unavailable(problem: string, retryAfter?: number): Refusal {
    outage.failed(problem);
    return unable('issuer_unavailable', `issuer ${name}: ${problem}`, retryAfter);
  }

  function read(response: EgressResponse): T | Refusal {
    const { status } = response;
    const body = parseJsonObject(response.body);
    // A proxy in front of GitLab can also respond with 401, 403 or 404, but not with a JSON object.
    const result = body.kind === 'object' ? introspection.interpret(status, body.value, bases) : undefined;
    if (result !== undefined) return isInvalid(result) ? unavailable(result.detail) : result;
    // Not about the credential: GitLab bans addresses for an hour (doc/security/rate_limits.md).
    if (status === 403 || status === 429) {
      const seconds = retryAfterOf(response);
      retryAt = clock.now() + seconds * 1000;
      return unavailable(`GitLab returned ${status}: too many requests`, seconds);
    }
    return unavailable(
      body.kind === 'problem'
        ? `GitLab returned ${status} with a body that ${body.problem}`
        : `GitLab returned an unexpected ${status}`,
    );
  }

  async function call(presented: PresentedCredential, pool: string): Promise<Introspected<T>> {
    const { path, headers } = introspection.request(presented);
    try {
      const response = await egress.get({
        url: `${apiUrl}${path}`,
        headers: { ...headers, accept: 'application/json' },
        caFile,
        deadline: DEADLINE,
        maxBytes: MAX_RESPONSE_BYTES,
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
    const wait = Math.ceil((retryAt - clock.now()) / 1000);
    if (wait > 0 && wait <= MAX_WAIT) {
      const result = unable('issuer_unavailable', `issuer ${name} is in backoff after a 403 or 429`, wait);
      return { result, sent: 'unsent' };
    }
    const introspected = await call(presented, pool);
    if (introspected.result.kind !== 'unable') outage.recovered();
    return introspected;
  };
}

/** Logs an outage once per problem, not once per request, and its end. */
function createOutageLog(
  log: Log,
  credentials: string,
  issuer: string,
): { failed(problem: string): void; recovered(): void } {
  let lastProblem: string | undefined;
  return {
    failed(problem) {
      if (problem !== lastProblem) {
        log.warn(`${credentials} cannot be verified`, { issuer, reason: problem });
      }
      lastProblem = problem;
    },
    recovered() {
      if (lastProblem !== undefined) log.info(`${credentials} can be verified again`, { issuer });
      lastProblem = undefined;
    },
  };
}

function isInvalid(result: { readonly kind: string }): result is InvalidIntrospection {
  return result.kind === 'invalid';
}

/**
 * `Retry-After` in seconds (RFC 9110 §10.2.3), bounded. The default applies to a date or a missing header.
 */
function retryAfterOf({ headers }: EgressResponse): number {
  const value = headers['retry-after'];
  const seconds = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : DEFAULT_WAIT;
  return Math.min(MAX_WAIT, Math.max(1, seconds));
}

function withoutSlash(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`.replace(/\/$/, '');
}
