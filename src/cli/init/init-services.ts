/** The project whose pipelines get access first. */
export interface InitProject {
  readonly path: string;
  /** First segment of the path, in lower case: the scope of npm packages. */
  readonly owner: string;
  /** The claim with the project's path. Undefined: no claim has it, and the grants name the owner. */
  readonly claim?: string;
}

/** A service that `gatehouse init` can write. */
export interface InitService {
  /** Name of the flag and of the service. */
  readonly name: string;
  readonly type: string;
  readonly title: string;
  /** Path on the gateway; undefined for registries, whose paths the distribution specification defines. */
  readonly path?: string;
  /** The address of a server with default settings on the same machine. */
  readonly usualUrl: string;
  readonly read: string;
  readonly write: string;
  /** The pattern of the resources that belong to a project. */
  readonly pattern: (project: InitProject) => string;
  /** A resource that matches the pattern. */
  readonly example: (project: InitProject) => string;
  /** A request of a client that reads this resource, as METHOD and path. */
  readonly request: (project: InitProject) => string;
}

const PACKAGES = { read: 'read_package_registry', write: 'write_package_registry' } as const;

export const INIT_SERVICES: readonly InitService[] = [
  {
    name: 'registry',
    type: 'oci',
    title: 'container registry',
    usualUrl: 'http://127.0.0.1:5000',
    read: 'read_registry',
    write: 'write_registry',
    pattern: ({ claim, owner }) => (claim === undefined ? `${owner}/**` : `{claims.${claim}}/**`),
    example: ({ path }) => `${path.toLowerCase()}/app`,
    request: ({ path }) => `GET /v2/${path.toLowerCase()}/app/manifests/1.0.0`,
  },
  {
    name: 'npm',
    type: 'npm',
    title: 'npm registry',
    path: '/npm/',
    usualUrl: 'http://127.0.0.1:4873',
    ...PACKAGES,
    pattern: ({ owner }) => `@${owner}/*`,
    example: ({ owner }) => `@${owner}/app`,
    request: ({ owner }) => `GET /npm/@${owner}%2fapp`,
  },
  {
    name: 'pypi',
    type: 'pypi',
    title: 'Python package index',
    path: '/pypi/',
    usualUrl: 'http://127.0.0.1:8084',
    ...PACKAGES,
    pattern: ({ owner }) => `${normalized(owner)}-*`,
    example: ({ owner }) => `${normalized(owner)}-app`,
    request: ({ owner }) => `GET /pypi/simple/${normalized(owner)}-app/`,
  },
  {
    name: 'maven',
    type: 'maven',
    title: 'Maven repository',
    path: '/maven/',
    usualUrl: 'http://127.0.0.1:8081',
    ...PACKAGES,
    pattern: ({ owner }) => `com/${owner}/**`,
    example: ({ owner }) => `com/${owner}/app/1.0/app-1.0.jar`,
    request: ({ owner }) => `GET /maven/com/${owner}/app/1.0/app-1.0.jar`,
  },
  {
    name: 'git',
    type: 'git',
    title: 'Git server',
    path: '/git/',
    usualUrl: 'http://127.0.0.1:3000',
    read: 'read_repository',
    write: 'write_repository',
    pattern: ({ claim, path }) => (claim === undefined ? path : `{claims.${claim}}`),
    example: ({ path }) => path,
    request: ({ path }) => `GET /git/${path}.git/info/refs?service=git-upload-pack`,
  },
  {
    name: 'api',
    type: 'http',
    title: 'HTTP API',
    path: '/api/',
    usualUrl: 'http://127.0.0.1:8081',
    read: 'read_api',
    write: 'write_api',
    pattern: () => '/v1/**',
    example: () => '/v1/status',
    request: () => 'GET /api/v1/status',
  },
];

/** The name of a Python package as its index compares it (PEP 503). */
function normalized(name: string): string {
  return name.replaceAll(/[-_.]+/g, '-');
}
