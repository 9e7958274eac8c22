/** A route on which an upstream issues or reveals credentials, or accepts a key of the client as one. */
export interface TokenRoute {
  /**
   * Segments, lowercase; `*` is any one segment; a trailing `/**` covers the route and everything below it.
   */
  readonly route: string;
  readonly server: string;
  /**
   * On services of type `http`, where the path may belong to an ordinary API. `never`: refused, as on every
   * other type. `get`: refused for GET and HEAD, the methods by which these servers issue tokens. `write`: refused for
   * the other methods; GET and HEAD show public keys only. `policy`: left to `operations` and grants.
   */
  readonly http: 'never' | 'get' | 'write' | 'policy';
  /**
   * Only at the root of the upstream or below one segment (a context path): package paths may contain it
   * further down.
   */
  readonly atRoot?: true;
  /**
   * Service types that rewrite the response of this route; there it is refused only where the protocol does
   * not know the request.
   */
  readonly rewrittenBy?: readonly string[];
}

/**
 * The routes that are never forwarded (threats X3). The upstream answers them for the account of the gateway, and
 * afterwards the client holds a credential that outlives the policy: a token or secret of the response, or a key of
 * its own that the account accepts. Each group names its sources.
 */
export const TOKEN_ROUTES: readonly TokenRoute[] = [
  // gitea routers/api/packages/api.go, gitlabhq lib/api/concerns/packages/conan/shared_endpoints.rb,
  // conan-server
  ...onServer('Conan', 'get', ['v1/users/authenticate', 'v2/users/authenticate']),

  // npm-profile, npm-registry-fetch, verdaccio packages/core/core/src/api-urls.ts
  ...onServer('npm registry', 'never', [
    '-/user/**',
    '-/npm/v1/tokens/**',
    '-/npm/v1/user/**',
    '-/npm/v1/oidc/**',
    '-/v1/login/**',
    '-/v1/done/**',
    '-/verdaccio/sec/**',
  ]),

  // docs.gitlab.com/api: *_access_tokens, user_impersonation_tokens, deploy_tokens, runners, runner_controller_tokens,
  // pipeline_triggers, *_variables, pipeline_schedules, secure_files, error_tracking, applications, settings,
  // code_suggestions, virtual registries
  ...onServer('GitLab', 'never', [
    'api/v4/personal_access_tokens/**',
    'api/v4/user/personal_access_tokens/**',
    'api/v4/users/*/personal_access_tokens/**',
    'api/v4/users/*/impersonation_tokens/**',
    'api/v4/groups/*/service_accounts/*/personal_access_tokens/**',
    'api/v4/projects/*/service_accounts/*/personal_access_tokens/**',
    'api/v4/groups/*/access_tokens/**',
    'api/v4/projects/*/access_tokens/**',
    'api/v4/deploy_tokens/**',
    'api/v4/groups/*/deploy_tokens/**',
    'api/v4/projects/*/deploy_tokens/**',
    'api/v4/groups/*/manage/**',
    'api/v4/user/support_pin',
    'api/v4/users/*/support_pin/**',
    'api/v4/user/runners',
    'api/v4/runners/reset_registration_token',
    'api/v4/groups/*/runners/reset_registration_token',
    'api/v4/projects/*/runners/reset_registration_token',
    'api/v4/runners/reset_authentication_token',
    'api/v4/runners/*/reset_authentication_token',
    'api/v4/runner_controllers/*/tokens/**',
    'api/v4/projects/*/cluster_agents/*/tokens/**',
    'api/v4/projects/*/triggers/**',
    'api/v4/admin/ci/variables/**',
    'api/v4/groups/*/variables/**',
    'api/v4/projects/*/variables/**',
    'api/v4/projects/*/pipelines/*/variables',
    // The schedule contains its variables (Entities::Ci::PipelineScheduleDetails).
    'api/v4/projects/*/pipeline_schedules/*',
    'api/v4/projects/*/pipeline_schedules/*/take_ownership',
    'api/v4/projects/*/pipeline_schedules/*/variables/**',
    'api/v4/projects/*/secure_files/**',
    'api/v4/projects/*/error_tracking/client_keys/**',
    'api/v4/applications/**',
    'api/v4/application/settings',
    'api/v4/code_suggestions/direct_access',
    'api/v4/ai/duo_workflows/direct_access',
    // Credentials of the servers behind virtual registries.
    'api/v4/groups/*/-/virtual_registries/**',
    'api/v4/virtual_registries/packages/*/registries/**',
    'api/v4/virtual_registries/packages/*/upstreams/**',
    'api/v4/virtual_registries/container/registries/**',
    'api/v4/virtual_registries/container/upstreams/**',
    '-/settings/access_tokens/**',
    '-/user_settings/personal_access_tokens/**',
  ]),
  // docs.gitlab.com/api: user_keys, deploy_keys, group_ssh_certificates
  ...onServer('GitLab', 'write', [
    'api/v4/user/keys/**',
    'api/v4/users/*/keys/**',
    'api/v4/user/gpg_keys/**',
    'api/v4/users/*/gpg_keys/**',
    'api/v4/deploy_keys/**',
    'api/v4/projects/*/deploy_keys/**',
    'api/v4/groups/*/ssh_certificates/**',
  ]),
  ...onServer('GitLab', 'get', ['jwt/auth']),
  // RFC 6749 and RFC 8628 endpoints, as GitLab (Doorkeeper) and Azure Container Registry name them
  ...onServer('OAuth 2.0', 'policy', [
    'oauth/token',
    'oauth/token/info',
    'oauth/authorize',
    'oauth/authorize_device',
    'oauth/applications',
    'oauth2/token',
    'oauth2/exchange',
  ]),

  // gitea routers/api/v1/api.go, routers/web/web.go, services/webhook/general.go (ToHook); docs.github.com/rest: apps,
  // oauth-applications, self-hosted runners, secret-scanning, deploy keys, users/keys; enterprise-admin/users
  ...onServer('Gitea, Forgejo, GitHub', 'never', [
    'api/v1/users/*/tokens/**',
    'api/v1/user/applications/oauth2/**',
    'login/oauth/access_token',
    'login/oauth/authorize',
    'login/oauth/grant',
    'login/oauth/introspect',
    'runners/registration-token',
    'runners/remove-token',
    'runners/generate-jitconfig',
    'app/installations/*/access_tokens',
    'app-manifests/*/conversions',
    'admin/users/*/authorizations',
    'repos/*/*/secret-scanning/alerts',
    'repos/*/*/secret-scanning/alerts/*',
    'orgs/*/secret-scanning/alerts',
    'enterprises/*/secret-scanning/alerts',
    // GitHub accepts ids for names; its Link and Location headers contain such URLs.
    'repositories/*/secret-scanning/alerts',
    'repositories/*/secret-scanning/alerts/*',
    'organizations/*/secret-scanning/alerts',
    // A hook of Gitea contains its Authorization header.
    'api/v1/repos/*/*/hooks/**',
    'api/v1/orgs/*/hooks/**',
    'api/v1/user/hooks/**',
    'api/v1/admin/hooks/**',
  ]),
  // Checks and resets tokens with POST, PATCH and DELETE.
  ...onServer('Gitea, Forgejo, GitHub', 'write', ['applications/*/token', 'applications/*/token/scoped']),
  // Not below them: package repositories serve their public keys from such directories.
  ...onServer('Gitea, Forgejo, GitHub', 'write', [
    'repos/*/*/keys',
    'repositories/*/keys',
    'user/keys',
    'user/gpg_keys',
    'user/ssh_signing_keys',
    'admin/users/*/keys',
  ]),

  // distribution specification, "Token Authentication": Gitea, Artifactory, Nexus; Quay; Harbor
  // src/server/route.go
  ...onServer('OCI registry', 'get', ['v2/token', 'v2/auth', 'service/token']),

  // JFrog REST API: "Security", "Access Tokens", "npm"
  ...onServer('Artifactory', 'never', [
    'api/npm/auth',
    'api/npm/*/auth/*',
    'artifactory/api/security/**',
    'access/api/*/tokens/**',
    'access/api/*/oidc/token',
  ]),
  ...onServer('Artifactory', 'policy', ['api/security/**', 'access/api/**'], { atRoot: true }),

  // Nexus Repository: security API, user tokens (nexus-core-ui, rapture)
  ...onServer(
    'Nexus',
    'never',
    [
      'service/rest/internal/**',
      'service/rest/v1/security/**',
      'service/rest/beta/security/**',
      'service/rest/usertoken/**',
      'service/siesta/usertoken/**',
      'service/local/usertoken/**',
      'service/extdirect/**',
      'service/rapture/session',
    ],
    { atRoot: true },
  ),

  // rubygems.org config/routes.rb; crates.io src/router.rs; NuGetGallery API routes; warehouse and
  // devpi-server views
  ...onServer('RubyGems', 'get', ['api/v1/api_key']),
  ...onServer('RubyGems', 'never', ['api/v1/oidc/trusted_publisher/**', 'api/v1/oidc/api_key_roles/**']),
  ...onServer('RubyGems', 'policy', ['api/v1/oidc/**']),
  ...onServer('crates.io', 'never', ['api/v1/trusted_publishing/**']),
  ...onServer('crates.io', 'policy', ['api/v1/me/tokens/**']),
  ...onServer('NuGet', 'never', ['api/v2/package/create-verification-key/**']),
  ...onServer('NuGet', 'policy', ['api/v2/token']),
  ...onServer('PyPI, devpi', 'never', ['_/oidc/**', '+login', '+token-create/**']),

  // git-lfs docs/api/batch.md: `header` holds a credential for the object storage or for the server itself
  ...onServer('Git LFS', 'never', ['info/lfs/objects/batch'], { rewrittenBy: ['git', 'gitlab'] }),
];

function onServer(
  server: string,
  http: TokenRoute['http'],
  routes: readonly string[],
  more: Pick<TokenRoute, 'atRoot' | 'rewrittenBy'> = {},
): readonly TokenRoute[] {
  return routes.map((route) => ({ route, server, http, ...more }));
}
