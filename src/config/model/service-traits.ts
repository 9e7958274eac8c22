export interface ServiceTraits {
  /** The scopes of the type. The `operations` of a service replace them. */
  readonly scopes: readonly string[];
  /** `path`: resources start with `/`, as `/v1/list`. `name`: they do not, as `acme/a.tgz`. */
  readonly resources: 'path' | 'name';
}

/** Every type that is not listed below is a package feed. */
const PACKAGE_FEED: ServiceTraits = {
  scopes: ['read_package_registry', 'write_package_registry'],
  resources: 'name',
};

const TRAITS: Readonly<Record<string, ServiceTraits>> = {
  http: { scopes: ['read_api', 'write_api', 'websocket'], resources: 'path' },
  oci: { scopes: ['read_registry', 'write_registry', 'delete_registry'], resources: 'name' },
  git: { scopes: ['read_repository', 'write_repository'], resources: 'name' },
  gitlab: {
    scopes: [
      'read_api',
      'write_api',
      'admin_api',
      'read_repository',
      'write_repository',
      'read_package_registry',
      'write_package_registry',
      'trigger_pipeline',
      'read_artifacts',
      'read_releases',
      'write_releases',
      'read_terraform_state',
      'write_terraform_state',
    ],
    resources: 'name',
  },
};

export function serviceTraits(type: string): ServiceTraits {
  return TRAITS[type] ?? PACKAGE_FEED;
}

/** The scopes of its operations, or the default scopes of its type. */
export function scopesOfService(service: ServiceWithScopes): readonly string[] {
  return service.operations === undefined
    ? serviceTraits(service.type).scopes
    : [...new Set(service.operations.map(({ scope }) => scope))];
}

interface ServiceWithScopes {
  readonly type: string;
  /** Of services of type `http`. */
  readonly operations?: readonly { readonly scope: string }[] | undefined;
}
