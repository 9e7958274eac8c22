import type { BodyRewrite } from '../contract/protocol.ts';

/** Endpoints of one project, below `/api/v4/projects/:id/`. The first that fits decides; what fits none is the rest of the API. */
export interface GitlabEndpoint {
  /** As the documentation shows it. */
  readonly name: string;
  readonly path: RegExp;
  /** Undefined: never, by nobody. */
  readonly read: string | undefined;
  readonly write: string | undefined;
  /** The credential may stand in the form that is sent. */
  readonly form?: boolean;
  /** The upstream's URLs stand in what it answers. */
  readonly rewrite?: BodyRewrite;
}

const READ_PACKAGES = 'read_package_registry';
const WRITE_PACKAGES = 'write_package_registry';

const JSON_URLS = {
  kind: 'urls',
  types: ['application/json', 'application/vnd.npm.install-v1+json'],
} as const;
const PAGE_URLS = { kind: 'urls', types: ['text/html'] } as const;
const CHART_URLS = { kind: 'urls', types: ['text/yaml', 'application/yaml', 'text/x-yaml'] } as const;

/** Sources: GitLab's REST API documentation, one page per group of endpoints. */
export const GITLAB_ENDPOINTS: readonly GitlabEndpoint[] = [
  {
    // Their answer is a token of the upstream's for the gateway's own account.
    name: 'packages/conan/v1/users/*, packages/conan/v2/users/*',
    path: /^packages\/conan\/v[12]\/users(?:\/|$)/,
    read: undefined,
    write: undefined,
  },
  {
    // So it is here: whoever makes one has rights that outlive the policy.
    name: 'access_tokens/**, deploy_tokens/**, triggers/**, cluster_agents/:id/tokens/**, runners/reset_registration_token',
    path: /^(?:access_tokens|deploy_tokens|triggers)(?:\/|$)|^cluster_agents\/\w+\/tokens(?:[/.]|$)|^runners\/reset_registration_token(?:\.|$)/,
    read: undefined,
    write: undefined,
  },
  {
    name: 'packages/npm/-/npm/v1/security/* (npm audit)',
    path: /^packages\/npm\/-\/npm\/v1\/security\/(?:advisories\/bulk|audits\/quick)$/,
    read: READ_PACKAGES,
    write: READ_PACKAGES,
  },
  {
    name: 'packages/npm/:package',
    path: /^packages\/npm\/(?:@[^/]+\/)?[^/]+$/,
    read: READ_PACKAGES,
    write: WRITE_PACKAGES,
    rewrite: JSON_URLS,
  },
  {
    name: 'packages/nuget/index, metadata, query; packages/conan/**/download_urls, upload_urls',
    path: /^packages\/(?:nuget\/(?:v2\/?$|index(?:\.json)?$|metadata\/|query)|conan\/v1\/.+_urls$)/,
    read: READ_PACKAGES,
    write: WRITE_PACKAGES,
    rewrite: JSON_URLS,
  },
  {
    name: 'packages/pypi/simple/**',
    path: /^packages\/pypi\/simple(?:\/|$)/,
    read: READ_PACKAGES,
    write: WRITE_PACKAGES,
    rewrite: PAGE_URLS,
  },
  {
    name: 'packages/helm/:channel/index.yaml',
    path: /^packages\/helm\/[^/]+\/index\.yaml$/,
    read: READ_PACKAGES,
    write: WRITE_PACKAGES,
    rewrite: CHART_URLS,
  },
  {
    name: 'packages/** (every format)',
    path: /^packages(?:\/|$)/,
    read: READ_PACKAGES,
    write: WRITE_PACKAGES,
  },
  {
    name: 'trigger/pipeline, ref/:ref/trigger/pipeline',
    path: /^(?:ref\/[^/]+\/)?trigger\/pipeline$/,
    read: undefined,
    write: 'trigger_pipeline',
    form: true,
  },
  {
    name: 'jobs/:id/artifacts/**',
    path: /^jobs\/\d+\/artifacts(?:\/|$)/,
    read: 'read_artifacts',
    write: 'write_api',
  },
  {
    name: 'jobs/artifacts/:ref/**',
    path: /^jobs\/artifacts\/.+$/,
    read: 'read_artifacts',
    write: 'write_api',
  },
  { name: 'releases/**', path: /^releases(?:\/|$)/, read: 'read_releases', write: 'write_releases' },
  {
    name: 'terraform/state/:name/**',
    path: /^terraform\/state\/[^/]+(?:\/|$)/,
    read: 'read_terraform_state',
    write: 'write_terraform_state',
  },
  { name: 'everything else', path: /^/, read: 'read_api', write: 'write_api' },
];

/** First segments whose endpoints are told apart by what follows: that must be one plain word, so that there is one reading of it. */
const DIVIDED: ReadonlySet<string> = new Set([
  'cluster_agents',
  'jobs',
  'ref',
  'runners',
  'terraform',
  'trigger',
]);

/** `rest`: what follows the project, with escapes as sent. Undefined where servers could take it for another endpoint. */
export function endpointOf(rest: string): GitlabEndpoint | undefined {
  const [first = '', second = ''] = rest.split('/');
  // A `.json` behind a name is the same endpoint to GitLab's router; an escape may be one.
  if (rest !== '' && !/^[a-z_-]+$/.test(first)) return undefined;
  if (first === 'ref' && !/^ref\/[^/]+\/trigger\/pipeline$/.test(rest)) return undefined;
  if (DIVIDED.has(first) && first !== 'ref' && !/^\w*$/.test(second)) return undefined;
  return GITLAB_ENDPOINTS.find(({ path }) => path.test(rest));
}
