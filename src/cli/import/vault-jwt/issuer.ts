import { ISSUER_PRESETS, type IssuerType } from '../../../core/issuers/issuer-presets.ts';
import type { VaultMount } from './mount.ts';
import type { VaultRole } from './role.ts';

/** The issuer of the tokens, from the configuration of the auth method or the claims that the roles bind. */
export interface ImportedIssuer {
  readonly type: IssuerType;
  readonly url: string;
  readonly jwksUri: string | undefined;
  /** The URL is an example. */
  readonly assumed: boolean;
}

export function importedIssuer(mount: VaultMount | undefined, roles: readonly VaultRole[]): ImportedIssuer {
  const claims = new Set(roles.flatMap(({ bound }) => bound.map(({ claim }) => claim)));
  const type = mount?.type ?? typeFromClaims(claims);
  if (mount === undefined)
    return { type, url: ISSUER_PRESETS[type].exampleUrl, jwksUri: undefined, assumed: true };
  return { type, url: mount.issuer, jwksUri: mount.jwksUri, assumed: false };
}

/** Claims that only one type of issuer has. */
const TELLING: readonly (readonly [string, IssuerType])[] = [
  ['project_id', 'gitlab'],
  ['project_path', 'gitlab'],
  ['namespace_id', 'gitlab'],
  ['namespace_path', 'gitlab'],
  ['repository', 'github'],
  ['repository_id', 'github'],
  ['repository_owner', 'github'],
  ['repository_owner_id', 'github'],
  ['job_workflow_ref', 'github'],
  ['tid', 'entra'],
  ['oid', 'entra'],
  ['terraform_workspace_id', 'hcp-terraform'],
  ['terraform_workspace_name', 'hcp-terraform'],
  ['terraform_organization_name', 'hcp-terraform'],
  ['oidc.circleci.com/project-id', 'circleci'],
  ['pipeline_slug', 'buildkite'],
  ['organization_slug', 'buildkite'],
  ['repositoryUuid', 'bitbucket'],
];

function typeFromClaims(claims: ReadonlySet<string>): IssuerType {
  if ([...claims].some((claim) => claim.startsWith('/kubernetes.io/'))) return 'kubernetes';
  return TELLING.find(([claim]) => claims.has(claim))?.[1] ?? 'oidc';
}
