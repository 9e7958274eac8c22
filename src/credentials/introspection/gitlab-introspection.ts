import type { Claims, PresentedCredential } from '../../core/credentials/credential.ts';
import { unable } from '../../core/decision.ts';
import type { Deny, Refusal } from '../../core/decision.ts';
import { createOutageLog } from '../../core/operation/outage-log.ts';
import type { Clock, Log, EgressClient, EgressResponse, EgressResult } from '../../core/ports.ts';
import { parseJsonObject } from '../../util/json/object.ts';
import type { IssuerSettings } from '../settings.ts';
import { MAX_BLOCK, type Block } from './backoff.ts';
import type { Outcome } from './budget.ts';
import type { Permit } from './units.ts';

export interface IntrospectionPorts {
  readonly egress: EgressClient;
  readonly clock: Clock;
  readonly log: Log;
}

const DEADLINE = 5_000;
/** A job is a few KiB, a token less. */
const MAX_RESPONSE_BYTES = 256 * 1024;

/** Seconds to wait after a response without `Retry-After` that is not about the credential. */
const DEFAULT_WAIT = 5;

/** How credentials of one class are introspected. */
export interface IntrospectionRequest<T> {
  /** Name of the credentials in messages. */
  readonly credentials: 'job tokens' | 'deploy tokens';
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
  readonly outcome: Outcome;
  /** Set if the outcome is `blocked`. */
  readonly block?: Block | undefined;
}

/** Introspects a credential. Never rejects. */
export type Introspect<T> = (
  presented: PresentedCredential,
  /** Each kind has its own connections: renewals never wait for first uses. */
  kind: Permit['kind'],
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
  const outage = createOutageLog(
    { log, clock },
    {
      failed: `${credentials} cannot be verified`,
      recovered: `${credentials} can be verified again`,
    },
    { issuer: name },
  );

  function unavailable(problem: string, outcome: Outcome, block?: Block): Introspected<T> {
    outage.failed(problem);
    const result = unable('issuer_unavailable', `issuer ${name}: ${problem}`, block?.seconds);
    return { result, outcome, block };
  }

  function read(response: EgressResponse): Introspected<T> {
    const { status } = response;
    const body = parseJsonObject(response.body);
    // A proxy in front of GitLab can also respond with 401, 403 or 404, but not with a JSON object.
    const result = body.kind === 'object' ? introspection.interpret(status, body.value, bases) : undefined;
    if (result !== undefined) {
      if (isInvalid(result)) return unavailable(result.detail, 'uncounted');
      outage.recovered();
      return { result, outcome: isDeny(result) ? 'refused' : 'confirmed' };
    }
    const problem =
      body.kind === 'invalid'
        ? `GitLab returned ${status} with a body that ${body.detail}`
        : `GitLab returned an unexpected ${status}`;
    if (status >= 500) return unavailable(problem, 'uncounted');
    // GitLab bans addresses for an hour (doc/security/rate_limits.md); a firewall can block the content of a token.
    const limited = status === 403 || status === 429;
    return unavailable(
      limited ? `GitLab returned ${status}: too many requests, or blocked by a proxy` : problem,
      'blocked',
      { seconds: retryAfterOf(response), limited },
    );
  }

  function ask(presented: PresentedCredential, kind: Permit['kind']): Promise<EgressResult> {
    const { path, headers } = introspection.request(presented);
    return egress.get({
      url: `${apiUrl}${path}`,
      headers: { ...headers, accept: 'application/json' },
      caFile,
      deadline: DEADLINE,
      maxBytes: MAX_RESPONSE_BYTES,
      pool: `${credentials}, ${kind}`,
    });
  }

  return async function introspect(presented, kind) {
    try {
      const result = await ask(presented, kind);
      switch (result.kind) {
        case 'response':
          return read(result);
        case 'unreachable':
          return unavailable(result.detail, 'uncounted');
        case 'failed':
          return unavailable(result.detail, 'unanswered');
        default:
          return result satisfies never;
      }
    } catch {
      // A fault, for which GitLab may have received the request: its units stay charged.
      return unavailable('unexpected error', 'unanswered');
    }
  };
}

function isInvalid(result: { readonly kind: string }): result is InvalidIntrospection {
  return result.kind === 'invalid';
}

function isDeny(result: { readonly kind: string }): result is Deny {
  return result.kind === 'deny';
}

/**
 * `Retry-After` in seconds (RFC 9110 §10.2.3), bounded. The default applies to a date or a missing header.
 */
function retryAfterOf({ headers }: EgressResponse): number {
  const value = headers['retry-after'];
  const seconds = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : DEFAULT_WAIT;
  return Math.min(MAX_BLOCK, Math.max(1, seconds));
}

function withoutSlash(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`.replace(/\/$/, '');
}
