import { READ_PACKAGES } from '../../shared/package-operations.ts';
import { endpointsOf, NEVER, type ApiMethod, type GitlabEndpoint } from './endpoint.ts';
import { indexEndpoints } from './endpoint-index.ts';
import { JSON_URLS, PACKAGE_ENDPOINTS } from './packages.ts';

const reads = endpointsOf(READ_PACKAGES, READ_PACKAGES);

/** Endpoints of the packages of a group, below `/api/v4/`. Composer's have the singular `group`. */
export const GROUP_ENDPOINTS: readonly GitlabEndpoint[] = [
  ...readsOf('groups/:group/-/', ['debian', 'maven', 'npm', 'nuget', 'pypi']),
  reads('groups/:group/-/packages/debian/pool/:distribution/:project_id/**', ['GET']),
  reads('group/:group/-/packages/composer/**', ['GET'], { rewrite: JSON_URLS }),
];

/**
 * Endpoints of the packages of the instance, below `/api/v4/`. The administration of virtual registries shows the
 * passwords of their upstreams and is not listed.
 */
export const INSTANCE_ENDPOINTS: readonly GitlabEndpoint[] = [
  ...readsOf('', ['conan', 'maven', 'npm', 'terraform']),
  reads('virtual_registries/packages/maven/:registry_id/**', ['GET']),
  reads('virtual_registries/packages/npm/:registry_id/**', ['GET']),
  reads('virtual_registries/packages/npm/:registry_id/:package', ['GET'], { rewrite: JSON_URLS }),
  reads('virtual_registries/packages/npm/:registry_id/:scope/:package', ['GET'], { rewrite: JSON_URLS }),
];

export const findSharedEndpoint = indexEndpoints([...GROUP_ENDPOINTS, ...INSTANCE_ENDPOINTS]);

/** The endpoints of a project that read, and the ones that are never forwarded, at another place. */
function readsOf(prefix: string, formats: readonly string[]): readonly GitlabEndpoint[] {
  return PACKAGE_ENDPOINTS.flatMap((endpoint) => {
    if (!formats.includes(endpoint.path.split('/')[1] ?? '')) return [];
    const scopes = Object.entries(endpoint.scopes).filter(
      ([, scope]) => scope === READ_PACKAGES || scope === NEVER,
    ) as [ApiMethod, string][];
    return scopes.length === 0
      ? []
      : [{ ...endpoint, path: prefix + endpoint.path, scopes: Object.fromEntries(scopes) }];
  });
}
