export { httpProtocol, httpScopes, type HttpSettings } from './http/http.ts';
export { npmPackageName } from './npm/package-name.ts';
export { registryRoot } from './oci/registry-root.ts';
export { operationsForAccess, readScopes } from './oci/scope.ts';
export { jsonRefusal } from './shared/refusal.ts';
export { createTokenRouteGuard } from './token-routes/guard.ts';

/** Package and file formats by service type. */
const PACKAGE_PROTOCOLS = {
  cargo: async () => (await import('./cargo/cargo.ts')).cargoProtocol,
  conan: async () => (await import('./conan/conan.ts')).conanProtocol,
  deb: async () => (await import('./deb/deb.ts')).debProtocol,
  generic: async () => (await import('./generic.ts')).genericProtocol,
  go: async () => (await import('./go.ts')).goProtocol,
  helm: async () => (await import('./helm.ts')).helmProtocol,
  maven: async () => (await import('./maven.ts')).mavenProtocol,
  npm: async () => (await import('./npm/npm.ts')).npmProtocol,
  nuget: async () => (await import('./nuget/nuget.ts')).nugetProtocol,
  pypi: async () => (await import('./pypi/pypi.ts')).pypiProtocol,
  rpm: async () => (await import('./rpm/rpm.ts')).rpmProtocol,
  rubygems: async () => (await import('./rubygems/rubygems.ts')).rubygemsProtocol,
  terraform: async () => (await import('./terraform/terraform.ts')).terraformProtocol,
} as const;

const PROTOCOLS = {
  ...PACKAGE_PROTOCOLS,
  git: async () => (await import('./git/git.ts')).gitProtocol,
  gitlab: async () => (await import('./gitlab/gitlab.ts')).gitlabProtocol,
  http: async () => (await import('./http/http.ts')).httpProtocol,
  oci: async () => (await import('./oci/oci.ts')).ociProtocol,
} as const;

type ServiceType = keyof typeof PROTOCOLS;

type EveryProtocol = { readonly [T in ServiceType]: Awaited<ReturnType<(typeof PROTOCOLS)[T]>> };

/** The protocols of the service types of one configuration. */
export type Protocols = Partial<EveryProtocol>;

/** Loads the modules of these service types: most configurations use a few of them. */
export async function loadProtocols(types: readonly ServiceType[]): Promise<Protocols> {
  const load = async (type: ServiceType) => [type, await PROTOCOLS[type]()] as const;
  return Object.fromEntries(await Promise.all([...new Set(types)].map(load)));
}

export async function loadEveryProtocol(): Promise<EveryProtocol> {
  return (await loadProtocols(Object.keys(PROTOCOLS) as ServiceType[])) as EveryProtocol;
}
