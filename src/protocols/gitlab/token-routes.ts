/** Names of resources that are credentials of the upstream, or contain them (GitLab REST API). */
const TOKEN_ROUTE =
  /^(?:(?:\w+_)?tokens?|triggers|variables|client_keys|deploy_keys|secure_files|authenticate|check_credentials)$/;

/**
 * Whether an endpoint outside the allow list issues or shows tokens, in any spelling. Tokens outlive the policy,
 * so these endpoints are not forwarded even with `admin_api`.
 */
export function issuesTokens(below: string): boolean {
  return below.split(/[/.]|%(?:25)*2f/i).some((word) => TOKEN_ROUTE.test(word.toLowerCase()));
}
