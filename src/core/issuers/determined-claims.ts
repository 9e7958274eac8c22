import type { IssuerType } from './issuer-presets.ts';

const GITLAB_PROJECT = ['project_id', 'project_path', 'namespace_id', 'namespace_path', 'project_visibility'];
const GITHUB_OWNER = ['repository_owner_id', 'repository_owner', 'enterprise_id', 'enterprise'];
const GITHUB_REPOSITORY = ['repository_id', 'repository', 'repository_visibility', ...GITHUB_OWNER];
const SERVICE_ACCOUNT = ['namespace', 'serviceaccount/name', 'serviceaccount/uid'].map(
  (member) => `/kubernetes.io/${member}`,
);

/**
 * For one value of a claim, the claims that all tokens of one issuer have with one value at a time: a project belongs
 * to one group, a service principal has one set of roles.
 */
const DETERMINED: Readonly<Record<IssuerType, Readonly<Record<string, readonly string[]>>>> = {
  gitlab: {
    project_id: GITLAB_PROJECT,
    project_path: GITLAB_PROJECT,
    namespace_id: ['namespace_path'],
    namespace_path: ['namespace_id'],
  },
  github: {
    repository_id: GITHUB_REPOSITORY,
    repository: GITHUB_REPOSITORY,
    repository_owner_id: GITHUB_OWNER,
    repository_owner: GITHUB_OWNER,
  },
  kubernetes: {
    sub: SERVICE_ACCOUNT,
    '/kubernetes.io/serviceaccount/uid': [...SERVICE_ACCOUNT, 'sub'],
  },
  entra: { oid: ['azp', 'appid', 'roles', 'sub', 'idtyp'], sub: ['oid', 'azp', 'appid', 'roles', 'idtyp'] },
  oidc: {},
};

/** The claims whose value follows from the value of a claim. */
export function determinedClaims(type: IssuerType, claim: string): readonly string[] {
  const byClaim = DETERMINED[type];
  return Object.hasOwn(byClaim, claim) ? (byClaim[claim] ?? []) : [];
}
