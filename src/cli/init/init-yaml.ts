import { isLoopback } from '../../util/http/listen-address.ts';
import { PLACEHOLDER_ID, type InitIssuer, type InitPlan } from './init-plan.ts';

const PLACEHOLDER = 'PLACEHOLDER';

/** The id of the project, or a placeholder with a comment that names the source of the real one. */
function idLines({ project: { path, id }, scope, idClaim }: InitIssuer): string {
  if (id !== undefined) return `      ${idClaim}: '${id}' # the id of ${path}`;
  const sources = {
    project: 'the page of the project in GitLab, menu "Copy project ID"',
    repository: `gh api repos/${path} --jq .id`,
    organization: `gh api users/${ownerOf(path)} --jq .id`,
  };
  return `      # ${PLACEHOLDER}: ${PLACEHOLDER_ID} matches no ${scope}. The id: ${sources[scope]}
      ${idClaim}: '${PLACEHOLDER_ID}'`;
}

function ownerOf(path: string): string {
  return path.slice(0, path.indexOf('/'));
}

/** The branch whose jobs publish. */
function branchLines({ type }: InitIssuer): string {
  return type === 'gitlab'
    ? `      ref: main
      ref_type: branch
      ref_protected: true # GitLab's rules for protected branches apply`
    : `      ref: refs/heads/main
      event_name: { in: [push, workflow_dispatch] } # no pull_request_target, which can run untrusted code`;
}

function identityLines(issuer: InitIssuer, services: InitPlan['services']): string {
  const grants = (publish: boolean): string =>
    services
      .map(({ service: { name, read, write, pattern } }) => {
        const scopes = publish ? `${read}, ${write}` : read;
        return `      - { service: ${name}, scopes: [${scopes}], resources: ['${pattern(issuer.project)}'] }\n`;
      })
      .join('');
  const { type, scope, project } = issuer;
  const subject = scope === 'organization' ? `any repository of ${ownerOf(project.path)}` : project.path;
  return `  # Jobs of the branch main of ${subject}: they publish.
  ${type}-main:
    issuer: ${type}
    match:
${idLines(issuer)}
${branchLines(issuer)}
    grants:
${grants(true)}
  # Its other jobs: they only read. The more specific identity comes first.
  ${type}-other:
    issuer: ${type}
    match:
${idLines(issuer)}
    grants:
${grants(false)}`;
}

function issuerLines({ type, url }: InitIssuer, publicUrl: string): string {
  const request =
    type === 'gitlab'
      ? `in the job: id_tokens: { GATEHOUSE_TOKEN: { aud: ${publicUrl} } }`
      : `in the workflow: permissions: { id-token: write }, and a token for the audience ${publicUrl}`;
  return `  ${type}: # ${request}
    type: ${type}
    issuer: ${url}
`;
}

/** The listener: the port of a loopback URL, so that this URL works without a proxy. */
function listenAddress(publicUrl: string): string {
  const { hostname, port, protocol } = new URL(publicUrl);
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  if (protocol !== 'http:' || !isLoopback(host)) return `'127.0.0.1:8080'`;
  const address = host.includes(':') ? `[${host}]` : host === 'localhost' ? '127.0.0.1' : host;
  // In quotes, because an IPv6 address starts like a list.
  return `'${address}:${port === '' ? '80' : port}'`;
}

/** The text of gatehouse.yaml. */
export function initialConfiguration({ publicUrl, issuers, services }: InitPlan): string {
  const written = services.map(
    ({ service: { name, type, title, path }, url }) => `  ${name}: # ${title}: ${publicUrl}${path ?? '/v2/'}
    type: ${type}
${path === undefined ? '' : `    path: ${path}\n`}    upstream:
      url: ${url}
      # auth: { basic: { username: gatehouse, passwordFile: ${name}-password } } # the gateway's own account
`,
  );
  return `# The configuration of Gatehouse, written by "gatehouse init". Next to it, gatehouse.test.yaml tests its policy.
#
#   gatehouse check --config .             all problems, with their positions; --online also contacts the servers
#   gatehouse test --config . --coverage   the tests
#   gatehouse serve --config .

version: 1

server:
  listen: ${listenAddress(publicUrl)} # 0.0.0.0:8080 for clients on other machines; TLS: server.tls, or a proxy in front
  publicUrl: ${publicUrl} # the address that clients use, and the audience (aud) of their ID tokens

# The token issuers that the gateway trusts.
issuers:
${issuers.map((issuer) => issuerLines(issuer, publicUrl)).join('')}
# Callers, recognised by claims of their token. The first identity that matches applies. An id, unlike a path, never
# passes to another project.
identities:
${issuers.map((issuer) => identityLines(issuer, services)).join('\n')}
# The servers behind the gateway. Clients reach them through it, at the address in the comment.
services:
${written.join('')}`;
}

/** Lines of the configuration with a value to replace, counted from 1. */
export function placeholderLines(configuration: string): readonly number[] {
  return configuration
    .split('\n')
    .flatMap((line, index) => (line.includes(`# ${PLACEHOLDER}`) ? [index + 2] : []));
}
