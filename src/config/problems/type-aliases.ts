/** Names of products and tools, and the service or issuer type that serves them. */
const ALIASES: Readonly<Record<string, string>> = {
  api: 'http',
  rest: 'http',
  https: 'http',
  web: 'http',
  docker: 'oci',
  container: 'oci',
  registry: 'oci',
  harbor: 'oci',
  verdaccio: 'npm',
  node: 'npm',
  yarn: 'npm',
  pnpm: 'npm',
  python: 'pypi',
  pip: 'pypi',
  golang: 'go',
  goproxy: 'go',
  rust: 'cargo',
  crates: 'cargo',
  gradle: 'maven',
  dotnet: 'nuget',
  chart: 'helm',
  charts: 'helm',
  raw: 'generic',
  files: 'generic',
  k8s: 'kubernetes',
  azure: 'entra',
  'github-actions': 'github',
  'gitlab-ci': 'gitlab',
  eks: 'kubernetes',
  gcp: 'google',
  'google-cloud': 'google',
  'aws-sts': 'aws',
  ado: 'azure-devops',
  'azure-pipelines': 'azure-devops',
  azuredevops: 'azure-devops',
  'bitbucket-pipelines': 'bitbucket',
  circle: 'circleci',
  tfc: 'hcp-terraform',
  terraform: 'hcp-terraform',
  'terraform-cloud': 'hcp-terraform',
  keycloak: 'oidc',
};

/** The type among `types` that is meant by another name for it. */
export function typeForAlias(text: string, types: readonly string[]): string | undefined {
  const name = text.toLowerCase();
  const type = Object.hasOwn(ALIASES, name) ? ALIASES[name] : undefined;
  return type !== undefined && types.includes(type) ? type : undefined;
}
