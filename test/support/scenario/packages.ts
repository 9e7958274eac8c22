import type { Scenario } from '../scenario.ts';
import { feedConfig } from './feed-config.ts';
import { useRecordedScenario, type RecordedBackends } from './recorded.ts';

/** A service, and the resources that a job of project 20 (acme/payments) reads and writes. */
export interface PackageService {
  readonly type: string;
  /** Default: the type. */
  readonly name?: string;
  /** Default: `/NAME/`. */
  readonly path?: string;
  /** Without any, there is no grant. */
  readonly resources: readonly string[];
  /** What the deploy token `edge` reads. Default: `resources`. */
  readonly readable?: readonly string[];
  /** `url` and `auth` as YAML flow. */
  readonly upstream: string;
  /** Further keys, as YAML flow. */
  readonly keys?: string;
}

/** `feedConfig` for such services; `identities`: further ones, as YAML lines indented by two spaces. */
export function packagesConfig(gitlab: string, services: readonly PackageService[], identities = ''): string {
  return feedConfig({
    gitlab,
    grants: `[${grantsOf(services)}]`,
    deployToken: services
      .map((service) => grantOf(service, ['read'], service.readable ?? service.resources))
      .join(', '),
    identities,
    services: services.map(serviceLine).join('\n'),
  });
}

/** `upstream` of a server that requires Basic authentication. */
export function basicUpstream(server: {
  readonly url: string;
  readonly username: string;
  readonly password: string;
}): string {
  const { url, username, password } = server;
  return `{ url: "${url}/", auth: { basic: { username: ${username}, password: ${password} } } }`;
}

/** Such services in front of the recording upstream; requests carry the ID token of the job. */
export function useRecordedPackages(
  services: readonly Omit<PackageService, 'upstream' | 'readable'>[],
  identities = '',
): Scenario<RecordedBackends> {
  return useRecordedScenario({
    host: 'gateway.example.com',
    config: ({ issuer, upstream }) => `
issuers: { gitlab: { type: gitlab, issuer: "${issuer.url}" } }
identities:
  ci:
    issuer: gitlab
    match: { project_id: "20" }
    grants: [${grantsOf(services)}]
${identities}
services:
${services.map((service) => serviceLine({ ...service, upstream: `{ url: "${upstream.url}/" }` })).join('\n')}
`,
  });
}

function grantsOf(services: readonly Omit<PackageService, 'upstream'>[]): string {
  return services
    .filter(({ resources }) => resources.length > 0)
    .map((service) => grantOf(service, ['read', 'write'], service.resources))
    .join(', ');
}

function grantOf(
  { type, name = type }: Pick<PackageService, 'type' | 'name'>,
  actions: readonly ('read' | 'write')[],
  resources: readonly string[],
): string {
  const scopes = actions.map((action) => `${action}_${type === 'git' ? 'repository' : 'package_registry'}`);
  return `{ service: ${name}, scopes: [${scopes.join(', ')}], resources: ${JSON.stringify(resources)} }`;
}

function serviceLine({ type, name = type, path = `/${name}/`, upstream, keys }: PackageService): string {
  const further = keys === undefined ? '' : `, ${keys}`;
  return `  ${name}: { type: ${type}, path: ${path}, upstream: ${upstream}${further} }`;
}
