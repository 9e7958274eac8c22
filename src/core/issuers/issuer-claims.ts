import type { IssuerType } from './issuer-presets.ts';

/** Claims of RFC 7519 §4.1. */
const REGISTERED = ['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti'];

interface DocumentedClaims {
  readonly names: readonly string[];
  /** Starts of the names of custom claims, which administrators define. */
  readonly customPrefixes: readonly string[];
}

/**
 * The documented claims of each issuer type. Sources: GitLab "ID tokens" and lib/gitlab/ci/jwt_v2.rb, GitHub "OpenID
 * Connect reference", Kubernetes "Managing Service Accounts", Microsoft "claims reference" and "optional claims".
 */
const DOCUMENTED: Readonly<Record<Exclude<IssuerType, 'oidc'>, DocumentedClaims>> = {
  gitlab: {
    names: words(`
      project_id project_path project_visibility namespace_id namespace_path job_project_id
      job_project_path job_namespace_id job_namespace_path user_id user_login user_email
      user_access_level user_identities groups_direct pipeline_id pipeline_source job_id job_config
      job_source sha ref ref_type ref_path ref_protected environment environment_protected
      deployment_tier environment_action runner_id runner_environment ci_config_ref_uri ci_config_sha
      target_audience deploy_token_id registry_access username`),
    customPrefixes: [],
  },
  github: {
    names: words(`
      repository repository_id repository_owner repository_owner_id repository_visibility actor
      actor_id enterprise enterprise_id ref ref_type ref_protected base_ref head_ref event_name sha
      environment environment_node_id workflow workflow_ref workflow_sha job_workflow_ref
      job_workflow_sha check_run_id run_id run_number run_attempt runner_environment`),
    customPrefixes: ['repo_property_'],
  },
  kubernetes: {
    names: [
      'kubernetes.io',
      '/kubernetes.io/namespace',
      '/kubernetes.io/warnafter',
      ...['serviceaccount', 'pod', 'node', 'secret'].flatMap((object) => [
        `/kubernetes.io/${object}`,
        `/kubernetes.io/${object}/name`,
        `/kubernetes.io/${object}/uid`,
      ]),
    ],
    customPrefixes: [],
  },
  entra: {
    names: words(`
      acct acr acrs aio amr appid appidacr app_displayname auth_time azp azpacr ctry deviceid email
      family_name fwd given_name groups hasgroups idp idtyp in_corp ipaddr login_hint name nonce oid
      onprem_sid preferred_username pwd_exp pwd_url puid rh roles scp sid tenant_ctry
      tenant_region_scope tid unique_name upn uti ver verified_primary_email verified_secondary_email
      vnet wids zoneinfo`),
    customPrefixes: ['extension_', 'extn.', 'xms_'],
  },
};

function words(text: string): string[] {
  return text.trim().split(/\s+/);
}

/** The documented claims of an issuer type, or undefined where each issuer has its own. */
export function documentedClaims(type: IssuerType): readonly string[] | undefined {
  return type === 'oidc' ? undefined : [...DOCUMENTED[type].names, ...REGISTERED];
}

/** Whether tokens of this issuer type can contain the claim, named plainly or as a JSON pointer. */
export function isDocumentedClaim(type: IssuerType, name: string): boolean {
  if (type === 'oidc') return true;
  const { names, customPrefixes } = DOCUMENTED[type];
  const plain = topLevelName(name) ?? name;
  if (names.includes(plain) || REGISTERED.includes(plain)) return true;
  if (customPrefixes.some((prefix) => plain.startsWith(prefix))) return true;
  // Only Kubernetes documents the members of its objects.
  const parent = name.startsWith('/') ? (name.split('/')[1] ?? '') : '';
  return type !== 'kubernetes' && name !== `/${parent}` && names.includes(parent);
}

/** The claim that a JSON pointer of one part names. */
function topLevelName(name: string): string | undefined {
  const [, part, deeper] = name.startsWith('/') ? name.split('/') : [];
  return deeper === undefined ? part?.replaceAll('~1', '/').replaceAll('~0', '~') : undefined;
}
