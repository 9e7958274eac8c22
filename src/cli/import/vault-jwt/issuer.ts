import type { IssuerType } from '../../../core/issuers/issuer-presets.ts';
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

const EXAMPLES: Readonly<Record<IssuerType, string>> = {
  gitlab: 'https://gitlab.example.com',
  github: 'https://token.actions.githubusercontent.com',
  kubernetes: 'https://kubernetes.default.svc',
  entra: 'https://login.microsoftonline.com/00000000-0000-0000-0000-000000000000/v2.0',
  oidc: 'https://issuer.example.com',
};

export function importedIssuer(mount: VaultMount | undefined, roles: readonly VaultRole[]): ImportedIssuer {
  const claims = new Set(roles.flatMap(({ bound }) => bound.map(({ claim }) => claim)));
  const type = mount?.type ?? typeFromClaims(claims);
  if (mount === undefined) return { type, url: EXAMPLES[type], jwksUri: undefined, assumed: true };
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
];

function typeFromClaims(claims: ReadonlySet<string>): IssuerType {
  if ([...claims].some((claim) => claim.startsWith('/kubernetes.io/'))) return 'kubernetes';
  return TELLING.find(([claim]) => claims.has(claim))?.[1] ?? 'oidc';
}
