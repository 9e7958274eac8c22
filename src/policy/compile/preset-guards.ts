import { claimAt, scalarClaim } from '../../core/credentials/claims.ts';
import type { Claims } from '../../core/credentials/credential.ts';
import { GUARDED_CLAIMS, UNTRUSTED_EVENTS } from '../../core/guarded-claims.ts';
import type { IssuerType } from '../../core/issuer-presets.ts';
import type { Condition, Operator } from './condition.ts';

/** What an identity refuses unless a condition of its `match` accepts it. */
export interface Guard {
  readonly claim: string;
  readonly passes: (claims: Claims) => boolean;
  readonly why: string;
  /** Operators of the conditions on the claim that replace the guard. */
  readonly replacedBy: readonly Operator[];
}

const EVENTS: ReadonlySet<string> = new Set(UNTRUSTED_EVENTS);

const EVENT_GUARD: Guard = {
  claim: 'event_name',
  passes: (claims) => {
    const event = scalarClaim(claims, 'event_name');
    return event !== undefined && !EVENTS.has(event);
  },
  why: 'a token without event_name never matches, and pull_request_target and workflow_run only where equals or in names them',
  replacedBy: ['equals', 'in'],
};

const JOB_GUARD: Guard = {
  // GitLab 18.3 and later: in merge request pipelines of forks the two differ (gitlab-org/gitlab#563038).
  claim: 'job_project_id',
  passes: (claims) =>
    claimAt(claims, 'job_project_id') === undefined ||
    (scalarClaim(claims, 'job_project_id') !== undefined &&
      scalarClaim(claims, 'job_project_id') === scalarClaim(claims, 'project_id')),
  why: 'a job that runs in another project than project_id counts only where the identity names job_project_id',
  replacedBy: ['equals', 'in', 'notIn', 'contains', 'glob'],
};

const GUARDS = { event_name: EVENT_GUARD, job_project_id: JOB_GUARD } as const;

/** The guards that remain for an identity with these conditions. */
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

/** What guards of this type ask about. */
export function guardClaims(type: IssuerType): readonly string[] {
  return guardsOf(type).map(({ claim }) => claim);
}

function guardsOf(type: IssuerType): readonly Guard[] {
  const claim = GUARDED_CLAIMS[type];
  return claim === undefined ? [] : [GUARDS[claim]];
}
