import { READ_PACKAGES, WRITE_PACKAGES } from '../../shared/package-operations.ts';
import { endpointsOf, never, type GitlabEndpoint } from './endpoint.ts';

/** URLs of the GitLab in metadata of packages. */
export const JSON_URLS = {
  kind: 'urls',
  types: ['application/json', 'application/vnd.npm.install-v1+json'],
} as const;
const PAGE_URLS = { kind: 'urls', types: ['text/html'] } as const;
const CHART_URLS = { kind: 'urls', types: ['text/yaml', 'application/yaml', 'text/x-yaml'] } as const;

const packages = endpointsOf(READ_PACKAGES, WRITE_PACKAGES);
/** npm sends the names of installed packages and gets their advisories: a POST that reads. */
const audit = endpointsOf(READ_PACKAGES, READ_PACKAGES);

/**
 * POST is listed only where clients use it: with `_method` in a form it would be any other method of its
 * path.
 */
const files = (format: string): GitlabEndpoint => packages(`packages/${format}/**`, ['GET', 'PUT', 'DELETE']);

const RECIPE = 'packages/conan/v1/conans/:name/:version/:user/:channel';

/**
 * GitLab REST API: "Packages" and one page for each format. Not listed: `packages/protection`, which outlives
 * the policy.
 */
export const PACKAGE_ENDPOINTS: readonly GitlabEndpoint[] = [
  packages('packages', ['GET']),
  packages('packages/:package_id', ['GET', 'DELETE']),
  packages('packages/:package_id/pipelines', ['GET']),
  packages('packages/:package_id/package_files', ['GET']),
  packages('packages/:package_id/package_files/:package_file_id', ['GET', 'DELETE']),
  packages('packages/:package_id/package_files/:package_file_id/download', ['GET']),
  files('cargo'),
  files('composer'),
  packages('packages/composer', ['POST']),
  // The response is a token of the upstream for the account of the gateway.
  never('packages/conan/v1/users/**'),
  never('packages/conan/v2/users/**'),
  files('conan'),
  packages(`${RECIPE}/download_urls`, ['GET'], { rewrite: JSON_URLS }),
  packages(`${RECIPE}/upload_urls`, ['POST'], { rewrite: JSON_URLS }),
  packages(`${RECIPE}/packages/:reference/download_urls`, ['GET'], { rewrite: JSON_URLS }),
  packages(`${RECIPE}/packages/:reference/upload_urls`, ['POST'], { rewrite: JSON_URLS }),
  // A pull stores the package in the project, with the rights of the gateway's token.
  packages('dependency_proxy/packages/maven/**', ['GET']),
  packages('dependency_proxy/packages/npm/**', ['GET']),
  packages('dependency_proxy/packages/npm/:package', ['GET'], { rewrite: JSON_URLS }),
  packages('dependency_proxy/packages/npm/:scope/:package', ['GET'], { rewrite: JSON_URLS }),
  files('debian'),
  files('generic'),
  files('go'),
  files('helm'),
  packages('packages/helm/:channel/index.yaml', ['GET'], { rewrite: CHART_URLS }),
  packages('packages/helm/api/:channel/charts', ['POST'], { upload: true }),
  files('maven'),
  files('ml_models'),
  files('npm'),
  packages('packages/npm/:package', ['GET', 'PUT'], { rewrite: JSON_URLS }),
  packages('packages/npm/:scope/:package', ['GET', 'PUT'], { rewrite: JSON_URLS }),
  packages('packages/npm/-/package/**', ['GET', 'PUT', 'DELETE']),
  audit('packages/npm/-/npm/v1/security/advisories/bulk', ['POST']),
  audit('packages/npm/-/npm/v1/security/audits/quick', ['POST']),
  never('packages/npm/-/user/**'),
  never('packages/npm/-/v1/**'),
  files('nuget'),
  packages('packages/nuget/index', ['GET'], { rewrite: JSON_URLS }),
  packages('packages/nuget/index.json', ['GET'], { rewrite: JSON_URLS }),
  packages('packages/nuget/metadata/**', ['GET'], { rewrite: JSON_URLS }),
  packages('packages/nuget/query/**', ['GET'], { rewrite: JSON_URLS }),
  packages('packages/nuget/v2/**', ['GET', 'PUT'], { rewrite: JSON_URLS }),
  files('pypi'),
  packages('packages/pypi', ['POST'], { upload: true }),
  packages('packages/pypi/simple/**', ['GET'], { rewrite: PAGE_URLS }),
  files('rpm'),
  packages('packages/rpm', ['POST'], { upload: true }),
  files('rubygems'),
  packages('packages/rubygems/api/v1/gems', ['POST'], { upload: true }),
  files('terraform'),
];
