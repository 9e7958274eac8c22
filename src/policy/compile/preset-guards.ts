import { claimAt, scalarClaim } from '../../core/credentials/claims.ts';
import type { Claims } from '../../core/credentials/credential.ts';
import { GUARDED_CLAIMS, UNTRUSTED_EVENTS, type MatchOperator } from '../../core/issuers/guarded-claims.ts';
import type { IssuerType } from '../../core/issuers/issuer-presets.ts';
import type { Condition } from './condition.ts';

/** A check on a claim that applies to an identity unless a condition of its `match` replaces it. */
export interface Guard {
  readonly claim: string;
  readonly passes: (claims: Claims) => boolean;
  readonly why: string;
  /** A condition on the claim with one of these operators replaces the guard. */
  readonly replacedBy: readonly MatchOperator[];
  /** Values that the guard refuses. Empty: it compares the claim with other claims of the token. */
  readonly refusedValues: readonly string[];
}

type GuardCheck = Omit<Guard, 'replacedBy' | 'refusedValues'>;

const EVENTS: ReadonlySet<string> = new Set(UNTRUSTED_EVENTS);

const EVENT_GUARD: GuardCheck = {
  claim: 'event_name',
  passes: (claims) => {
    const event = scalarClaim(claims, 'event_name');
    return event !== undefined && !EVENTS.has(event);
  },
  why: 'tokens without event_name never match; pull_request_target and workflow_run match only if equals or in lists them',
};

const JOB_GUARD: GuardCheck = {
  // GitLab 18.3 and later: in merge request pipelines of forks the two differ (gitlab-org/gitlab#563038).
  claim: 'job_project_id',
  passes: (claims) =>
    claimAt(claims, 'job_project_id') === undefined ||
    (scalarClaim(claims, 'job_project_id') !== undefined &&
      scalarClaim(claims, 'job_project_id') === scalarClaim(claims, 'project_id')),
  why: 'a job that runs in a project other than project_id matches only if the identity has a condition on job_project_id',
};

const GUARDS = { event_name: EVENT_GUARD, job_project_id: JOB_GUARD } as const;

/** Returns the guards that apply to an identity with these conditions. */
export function guardsFor(type: IssuerType, conditions: readonly Condition[]): readonly Guard[] {
  return guardsOf(type).filter(
    ({ claim, replacedBy }) =>
      !conditions.some(
        (condition) =>
          (condition.claim === claim || condition.claim === `/${claim}`) &&
          replacedBy.includes(condition.operator),
      ),
  );
}

/** Returns the claims that the guards of this issuer type read. */
export function guardClaims(type: IssuerType): readonly string[] {
  return guardsOf(type).map(({ claim }) => claim);
}

function guardsOf(type: IssuerType): readonly Guard[] {
  const guarded = GUARDED_CLAIMS[type];
  if (guarded === undefined) return [];
  const { claim, replacedBy, refusedValues } = guarded;
  return [{ ...GUARDS[claim], replacedBy, refusedValues }];
}
