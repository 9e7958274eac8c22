/**
 * Issuer types. `ISSUER_PRESETS` holds the facts of each type: immutable id claims, path claims, algorithms
 * and lifetimes. Sources: GitLab doc/ci/secrets/id_token_authentication, GitHub "OpenID Connect reference",
 * Kubernetes "Managing Service Accounts", Microsoft "ID/access token claims reference".
 */
export const ISSUER_TYPES = ['gitlab', 'github', 'kubernetes', 'entra', 'oidc'] as const;

export type IssuerType = (typeof ISSUER_TYPES)[number];

/**
 * Values of the JOSE header `typ` that an issuer's `tokenTypes` can accept in addition to `JWT`. Other types
 * have another purpose (RFC 8725 §3.11): logout, security event, DPoP.
 */
export const ADDITIONAL_TOKEN_TYPES = ['at+jwt'] as const;

/** The facts of one issuer type. */
export interface IssuerPreset {
  /** Accepted `alg` values; never `none`, never symmetric. */
  readonly algorithms: readonly string[];
  /** Seconds. Upper limit of `exp − iat`, and therefore of the age of a token. */
  readonly maxLifetime: number;
  /** Claims that identify the token's holder and that its jobs cannot choose. Default: `sub`. */
  readonly holder: readonly string[];
  /** An identity must match at least one of these claims, or set `allowMutableNames`. Empty: no such rule. */
  readonly immutableIds: readonly string[];
  /** Claims whose `/` is a path separator when they are inserted into a resource pattern. */
  readonly pathClaims: readonly string[];
  /** Claims, besides `aud`, whose values anyone can get in a project of their own. They restrict no holder. */
  readonly chosenByHolder: readonly string[];
  /** The issuer issues tokens to the public: an identity that matches every token is refused. */
  readonly open: boolean;
  /** The claim that identifies a single token. */
  readonly jti: 'jti' | 'uti';
  /** Claims that name the token's project, job and pipeline, for audit events. */
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
    chosenByHolder: [
      'deployment_tier',
      'environment',
      'environment_action',
      'environment_protected',
      'pipeline_source',
      'project_visibility',
      'ref',
      'ref_path',
      'ref_protected',
      'ref_type',
      'runner_environment',
    ],
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
    chosenByHolder: [
      'base_ref',
      'environment',
      'event_name',
      'head_ref',
      'ref',
      'ref_protected',
      'ref_type',
      'repository_visibility',
      'runner_environment',
      'workflow',
    ],
    open: true,
    jti: 'jti',
    trace: { project: 'repository', pipeline: 'run_id' },
  },
  kubernetes: {
    algorithms: RSA_AND_EC,
    maxLifetime: 366 * DAY,
    // RBAC can allow a workload to create service accounts, but only in its own namespace.
    holder: ['/kubernetes.io/namespace'],
    immutableIds: [],
    pathClaims: [],
    chosenByHolder: [],
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
    chosenByHolder: [],
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
    chosenByHolder: [],
    open: false,
    jti: 'jti',
    trace: {},
  },
};

/** Hosts that issue tokens to the public. This applies to issuers of every configured type. */
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

/** Returns the type of a public issuer. Undefined if its URL does not identify one. */
export function knownIssuerType(issuer: string): IssuerType | undefined {
  const { hostname, pathname } = new URL(issuer);
  if (Object.hasOwn(TYPES_OF_HOSTS, hostname)) return TYPES_OF_HOSTS[hostname];
  // GitHub with data residency, and GitHub Enterprise Server ("OpenID Connect reference").
  const isGithub = /^token\.actions\.[^.]+\.ghe\.com$/.test(hostname) || pathname === '/_services/token';
  return isGithub ? 'github' : undefined;
}

/**
 * Since 2026-07-15 GitHub's `sub` contains immutable ids (`repo:owner@1/name@2:…`). A pattern with this
 * literal prefix binds them.
 */
export const GITHUB_SUBJECT_WITH_IDS = /^repo:[^@/:*]+@\d+\/[^@/:*]+@\d+:/;

/**
 * Returns the tenant of an Entra issuer URL, v1 or v2; undefined for any other URL. Entra issues the tokens
 * of one tenant under both URLs, with the same keys.
 */
export function entraTenant(issuer: string): string | undefined {
  return (
    /^https:\/\/login\.microsoftonline\.com\/([0-9a-f-]{36})\/v2\.0$/.exec(issuer)?.[1] ??
    /^https:\/\/sts\.windows\.net\/([0-9a-f-]{36})\/$/.exec(issuer)?.[1]
  );
}

/** Every accepted `iss` of this issuer's tokens, byte-exact. */
export function issuerForms(type: IssuerType, issuer: string): readonly string[] {
  const tenant = type === 'entra' ? entraTenant(issuer) : undefined;
  if (tenant === undefined) return [issuer];
  return [`https://login.microsoftonline.com/${tenant}/v2.0`, `https://sts.windows.net/${tenant}/`];
}

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Every `aud` that matches a configured audience. Entra's v1 tokens have `api://` before the client id. */
export function audienceForms(type: IssuerType, audience: string): readonly string[] {
  return type === 'entra' && GUID.test(audience) ? [audience, `api://${audience}`] : [audience];
}
