import { isLoopback } from '../../util/http/listen-address.ts';
import type { InitCondition, InitIssuer } from './init-issuer.ts';
import type { InitPlan } from './init-plan.ts';

const PLACEHOLDER = 'PLACEHOLDER';

function conditionLines(conditions: readonly InitCondition[], scope: string): string {
  return conditions
    .map(({ claim, value, comment, source }) => {
      const line = `      ${claim}: ${value}${comment === undefined ? '' : ` # ${comment}`}\n`;
      if (source === undefined) return line;
      const bare = value.replace(/^'(.*)'$/, '$1');
      return `      # ${PLACEHOLDER}: ${bare} matches no ${scope}. The id: ${source}\n${line}`;
    })
    .join('');
}

function identityLines(issuer: InitIssuer, services: InitPlan['services']): string {
  const { type, scope, project, subject, publishers, publishes, reads } = issuer;
  const grants = (publish: boolean): string =>
    services
      .map(({ service: { name, read, write, pattern } }) => {
        const scopes = publish ? `${read}, ${write}` : read;
        return `      - { service: ${name}, scopes: [${scopes}], resources: ['${pattern(project)}'] }\n`;
      })
      .join('');
  return `  # ${subject}: they publish.
  ${type}-${publishers}:
    issuer: ${type}
    match:
${conditionLines(publishes, scope)}\
    grants:
${grants(true)}
  # Others of the same ${scope}: they only read. The more specific identity comes first.
  ${type}-other:
    issuer: ${type}
    match:
${conditionLines(reads, scope)}\
    grants:
${grants(false)}`;
}

function issuerLines({ type, url, settings = [], request }: InitIssuer, publicUrl: string): string {
  return `  ${type}: # ${request.replace(/\bURL\b/, publicUrl)}
    type: ${type}
    issuer: ${url}
${settings.map((line) => `    ${line}\n`).join('')}`;
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
