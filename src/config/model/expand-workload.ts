import type { Draft, DraftIdentity, DraftIssuer, DraftWorkload } from './draft.ts';

/** Types of issuer that the shorthand knows the claims of. */
type Platform = 'gitlab' | 'github';

/** How each calls what the shorthand speaks of. */
const CLAIMS = {
  gitlab: { project: 'project_path', projectId: 'project_id', groupId: 'namespace_id', ref: 'ref_path' },
  github: { project: 'repository', projectId: 'repository_id', groupId: 'repository_owner_id', ref: 'ref' },
} as const satisfies Record<Platform, object>;

/** The issuer that a shorthand is about, or undefined where it names none, or none that the shorthand knows. */
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

/** The claim that pins what a shorthand names by its path. */
export function idClaim(type: Platform, key: 'projectId' | 'groupId'): string {
  return CLAIMS[type][key];
}

/** The identity that a shorthand stands for; undefined where it does not say enough. */
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

/** All identities of a draft, with those that shorthands stand for. */
export function identitiesOf({ identities, workloadIdentities, issuers }: Draft): DraftIdentity[] {
  return [
    ...identities,
    ...workloadIdentities.flatMap((workload) => expandWorkload(workload, issuers) ?? []),
  ];
}

/** The whole path of the project, where one is named. */
function projectPath({ group, user, project }: DraftWorkload): string | undefined {
  const owner = group ?? user;
  if (project === undefined || owner === undefined || project.startsWith(`${owner}/`)) return project;
  return `${owner}/${project}`;
}

/** Undefined: every ref. Who names some of one kind means none of the other. */
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
