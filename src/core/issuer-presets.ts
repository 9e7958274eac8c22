/**
 * What is known of each type of issuer: which claims are ids that nobody can take over, which may hold a
 * path, which algorithms and lifetimes are usual, and which tokens never count unless the policy names them.
 * Sources: GitLab doc/ci/secrets/id_token_authentication, GitHub "OpenID Connect reference",
 * Kubernetes "Managing Service Accounts", Microsoft "ID/access token claims reference".
 */
export const ISSUER_TYPES = ['gitlab', 'github', 'kubernetes', 'entra', 'oidc'] as const;

export type IssuerType = (typeof ISSUER_TYPES)[number];

/**
 * What an issuer's tokens may name as `typ` beside `JWT`, where its `tokenTypes` says so. All other types are made for another
 * purpose (RFC 8725 §3.11): logout, security event, DPoP.
 */
export const TOKEN_TYPES = ['at+jwt'] as const;

export interface IssuerPreset {
  /** Accepted `alg` values; never `none`, never symmetric. */
  readonly algorithms: readonly string[];
  /** Seconds; the longest `exp − iat` and the oldest `iat` that are believed. */
  readonly maxLifetime: number;
  /** Claims that say who a token is of, and that its jobs cannot choose; the first one present counts. Otherwise it is `sub`. */
  readonly holder: readonly string[];
  /** Claims of which an identity must bind at least one (or say `allowMutableNames`). Empty: no such rule. */
  readonly immutableIds: readonly string[];
  /** Claims whose `/` counts when they are inserted into a resource pattern. */
  readonly pathClaims: readonly string[];
  /** Anybody can get a token from such an issuer: an identity that matches everything is refused. */
  readonly open: boolean;
  /** Claim that names the single token. */
  readonly jti: 'jti' | 'uti';
  /** Claims that say which project, job and pipeline a token is of; for the audit trail. */
  readonly trace: { readonly project?: string; readonly job?: string; readonly pipeline?: string };
}

const RSA_AND_EC = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512'] as const;

const DAY = 86_400;

export const ISSUER_PRESETS: Readonly<Record<IssuerType, IssuerPreset>> = {
  gitlab: {
    algorithms: ['RS256'],
    maxLifetime: DAY,
    holder: ['project_id', 'deploy_token_id'],
    immutableIds: ['project_id', 'namespace_id', 'deploy_token_id'],
    pathClaims: ['project_path', 'namespace_path'],
    open: true,
    jti: 'jti',
    trace: { project: 'project_path', job: 'job_id', pipeline: 'pipeline_id' },
  },
  github: {
    algorithms: ['RS256'],
    maxLifetime: DAY,
    holder: ['repository_id'],
    immutableIds: ['repository_id', 'repository_owner_id'],
    pathClaims: ['repository'],
    open: true,
    jti: 'jti',
    trace: { project: 'repository', pipeline: 'run_id' },
  },
  kubernetes: {
    algorithms: RSA_AND_EC,
    maxLifetime: 366 * DAY,
    // A workload may be allowed to create service accounts, but only in its namespace.
    holder: ['/kubernetes.io/namespace'],
    immutableIds: [],
    pathClaims: [],
    open: false,
    jti: 'jti',
    trace: {},
  },
  entra: {
    algorithms: ['RS256'],
    maxLifetime: 2 * DAY,
    holder: ['oid'],
    immutableIds: ['oid', 'azp', 'appid', 'roles'],
    pathClaims: [],
    open: true,
    jti: 'uti',
    trace: {},
  },
  oidc: {
    algorithms: [...RSA_AND_EC, 'EdDSA', 'Ed25519'],
    maxLifetime: DAY,
    holder: [],
    immutableIds: [],
    pathClaims: [],
    open: false,
    jti: 'jti',
    trace: {},
  },
};

/** Hosts whose tokens anybody can get, whatever type the issuer is configured as. */
export const OPEN_ISSUER_HOSTS: ReadonlySet<string> = new Set([
  'token.actions.githubusercontent.com',
  'gitlab.com',
  'accounts.google.com',
  'agent.buildkite.com',
  'oidc.circleci.com',
  'app.terraform.io',
  'login.microsoftonline.com',
  'sts.windows.net',
]);

const TYPES_OF_HOSTS: Readonly<Record<string, IssuerType>> = {
  'token.actions.githubusercontent.com': 'github',
  'gitlab.com': 'gitlab',
  'login.microsoftonline.com': 'entra',
  'sts.windows.net': 'entra',
};

/** The type of a public issuer; undefined where its URL does not tell. */
export function knownIssuerType(issuer: string): IssuerType | undefined {
  const { hostname, pathname } = new URL(issuer);
  if (Object.hasOwn(TYPES_OF_HOSTS, hostname)) return TYPES_OF_HOSTS[hostname];
  // GitHub with data residency, and GitHub Enterprise Server ("OpenID Connect reference").
  const isGithub = /^token\.actions\.[^.]+\.ghe\.com$/.test(hostname) || pathname === '/_services/token';
  return isGithub ? 'github' : undefined;
}

/** GitHub's subjects since 2026-07-15 carry the ids (`repo:owner@1/name@2:…`); such a literal prefix binds them. */
export const GITHUB_SUBJECT_WITH_IDS = /^repo:[^@/:*]+@\d+\/[^@/:*]+@\d+:/;

/**
 * Entra signs for one tenant under two issuers, v1 and v2, with the same keys. Returns the tenant of either
 * form, or undefined where the text is neither.
 */
export function entraTenant(issuer: string): string | undefined {
  return (
    /^https:\/\/login\.microsoftonline\.com\/([0-9a-f-]{36})\/v2\.0$/.exec(issuer)?.[1] ??
    /^https:\/\/sts\.windows\.net\/([0-9a-f-]{36})\/$/.exec(issuer)?.[1]
  );
}

/** Every `iss` that tokens of this issuer may bear, byte-exact. */
export function issuerForms(type: IssuerType, issuer: string): readonly string[] {
  const tenant = type === 'entra' ? entraTenant(issuer) : undefined;
  if (tenant === undefined) return [issuer];
  return [`https://login.microsoftonline.com/${tenant}/v2.0`, `https://sts.windows.net/${tenant}/`];
}

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Every `aud` that an audience of the configuration stands for: Entra's v1 tokens say `api://` before the client id. */
export function audienceForms(type: IssuerType, audience: string): readonly string[] {
  return type === 'entra' && GUID.test(audience) ? [audience, `api://${audience}`] : [audience];
}
