import type { Draft, DraftIdentity, DraftIssuer, DraftWorkload } from './draft.ts';

/** Issuer types that workload identities support. */
type Platform = 'gitlab' | 'github';

/** Claim names of each platform. */
const CLAIMS = {
  gitlab: { project: 'project_path', projectId: 'project_id', groupId: 'namespace_id', ref: 'ref_path' },
  github: { project: 'repository', projectId: 'repository_id', groupId: 'repository_owner_id', ref: 'ref' },
} as const satisfies Record<Platform, object>;

/** The issuer of a workload identity; undefined if it is missing, ambiguous or of another type. */
export function issuerOf(
  { issuer, platform }: Pick<DraftWorkload, 'issuer' | 'platform'>,
  issuers: readonly DraftIssuer[],
): (DraftIssuer & { readonly type: Platform }) | undefined {
  const [found, other] = issuers.filter(
    ({ name, type }) =>
      (issuer === undefined || name === issuer) && (platform === undefined || type === platform),
  );
  const one = (issuer ?? platform) === undefined || other !== undefined ? undefined : found;
  return one !== undefined && isKnown(one) ? one : undefined;
}

function isKnown(issuer: DraftIssuer): issuer is DraftIssuer & { readonly type: Platform } {
  return issuer.type === 'gitlab' || issuer.type === 'github';
}

/** The claim with the immutable id of the project or group. */
export function idClaim(type: Platform, key: 'projectId' | 'groupId'): string {
  return CLAIMS[type][key];
}

/** The identity that a workload identity defines; undefined if it is incomplete. */
export function expandWorkload(
  workload: DraftWorkload,
  issuers: readonly DraftIssuer[],
): DraftIdentity | undefined {
  const issuer = issuerOf(workload, issuers);
  if (workload.identity !== undefined || issuer === undefined) return undefined;
  const claims = CLAIMS[issuer.type];
  const { projectId, groupId, tokenLifetime } = workload;
  const match: DraftIdentity['match'] = {};
  if (projectId !== undefined) match[claims.projectId] = projectId;
  if (groupId !== undefined) match[claims.groupId] = groupId;
  const owner = workload.group ?? workload.user;
  const project = projectPath(workload);
  if (project !== undefined) match[claims.project] = project;
  else if (owner !== undefined) match[claims.project] = { glob: `${owner}/**` };
  const refs = refPatterns(workload);
  if (refs !== undefined) match[claims.ref] = refs.some(isPattern) ? { glob: refs } : { in: refs };
  return {
    name: workload.name,
    issuer: issuer.name,
    via: ['id_token'],
    match,
    allowMutableNames: workload.allowMutableNames ?? false,
    roles: workload.roles ?? [],
    grants: [],
    ...(tokenLifetime === undefined ? {} : { tokenLifetime }),
  };
}

/** All identities of a draft, including those that workload identities define. */
export function identitiesOf({ identities, workloadIdentities, issuers }: Draft): DraftIdentity[] {
  return [
    ...identities,
    ...workloadIdentities.flatMap((workload) => expandWorkload(workload, issuers) ?? []),
  ];
}

/** The full path of the project, if the entry names one. */
function projectPath({ group, user, project }: DraftWorkload): string | undefined {
  const owner = group ?? user;
  if (project === undefined || owner === undefined || project.startsWith(`${owner}/`)) return project;
  return `${owner}/${project}`;
}

/** Undefined: every ref. Listing only branches excludes tags, and vice versa. */
function refPatterns({ branches, tags }: DraftWorkload): string[] | undefined {
  if (branches === undefined && tags === undefined) return undefined;
  return [
    ...(branches ?? []).map((name) => `refs/heads/${name}`),
    ...(tags ?? []).map((name) => `refs/tags/${name}`),
  ];
}

function isPattern(ref: string): boolean {
  return ref.includes('*');
}
