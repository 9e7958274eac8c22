import { claimAt, scalarClaim } from '../contract/claims.ts';
import type { Claims } from '../contract/credential.ts';
import type { IssuerType } from '../contract/issuer-presets.ts';

/** What an identity refuses unless its `match` names the claim. */
export interface Guard {
  readonly claim: string;
  readonly passes: (claims: Claims) => boolean;
  readonly why: string;
}

/**
 * Both of GitHub's events run with the rights of the base repository on what a stranger may have sent:
 * https://securitylab.github.com/resources/github-actions-preventing-pwn-requests/
 */
const UNTRUSTED_EVENTS: ReadonlySet<string | undefined> = new Set(['pull_request_target', 'workflow_run']);

const GUARDS: Readonly<Record<IssuerType, readonly Guard[]>> = {
  github: [
    {
      claim: 'event_name',
      passes: (claims) => !UNTRUSTED_EVENTS.has(scalarClaim(claims, 'event_name')),
      why: 'pull_request_target and workflow_run count only where the identity names event_name',
    },
  ],
  gitlab: [
    {
      // GitLab 18.3 and later: in merge request pipelines of forks the two differ (gitlab-org/gitlab#563038).
      claim: 'job_project_id',
      passes: (claims) =>
        claimAt(claims, 'job_project_id') === undefined ||
        (scalarClaim(claims, 'job_project_id') !== undefined &&
          scalarClaim(claims, 'job_project_id') === scalarClaim(claims, 'project_id')),
      why: 'a job that runs in another project than project_id counts only where the identity names job_project_id',
    },
  ],
  kubernetes: [],
  entra: [],
  oidc: [],
};

/** The guards that remain for an identity whose `match` names these claims. */
export function guardsFor(type: IssuerType, named: readonly string[]): readonly Guard[] {
  return GUARDS[type].filter(({ claim }) => !named.includes(claim) && !named.includes(`/${claim}`));
}

/** What guards of this type ask about. */
export function guardClaims(type: IssuerType): readonly string[] {
  return GUARDS[type].map(({ claim }) => claim);
}
