import type { World } from '../../world/world.ts';
import { issuers, policy, WITHOUT_LIMITS, type Grant } from '../policy.ts';

interface Service {
  readonly type: keyof typeof RIGHTS;
  readonly [setting: string]: unknown;
}

/** What is granted on services of a type. */
const RIGHTS = {
  http: { scopes: ['read_api', 'write_api', 'websocket'], resources: ['/**'] },
  oci: { scopes: ['read_registry', 'write_registry'], resources: ['**'] },
  generic: { scopes: ['read_package_registry'], resources: ['**'] },
} as const;

export function configuration(world: World): object {
  const url = `${world.upstream.url}/base/`;
  const http = (path: string, more: object = {}): Service => ({
    type: 'http',
    path,
    upstream: { url },
    ...more,
  });
  const oci = (host: string, more: object = {}): Service => ({
    type: 'oci',
    hosts: [host],
    ...more,
    upstream: { url: `${world.upstream.url}/`, redirectOrigins: [world.storage.url] },
  });
  const services: Record<string, Service> = {
    api: http('/api/', {
      operations: [
        { scope: 'orders:approve', methods: ['POST'], paths: ['/v1/orders/*/approve'] },
        { scope: 'orders:write', methods: ['POST'], paths: ['/v1/orders'] },
        { scope: 'orders:read', methods: ['GET', 'HEAD'] },
      ],
    }),
    inner: http('/api/inner/'),
    named: http('/api/', { hosts: ['named.example.com'] }),
    own: http('/own/', { audiences: ['https://own.example.com'] }),
    'only-github': http('/only-github/', { issuers: ['github'] }),
    small: http('/small/', { limits: { bodyBytes: '1KiB' } }),
    narrow: { type: 'generic', path: '/narrow/', credentialSources: ['private-token'], upstream: { url } },
    wide: {
      type: 'http',
      path: '/wide/',
      credentialSources: [
        'bearer',
        'basic',
        'raw-authorization',
        'job-token',
        'deploy-token',
        'private-token',
        'x-nuget-apikey',
      ],
      upstream: { url },
    },
    closed: http('/closed/', { webSockets: false }),
    watched: http('/watched/', { mode: 'shadow' }),
    open: http('/open/', { anonymous: [{ scopes: ['read_api'], resources: ['/**'] }] }),
    basic: oci('basic.example.com', { challenge: 'basic' }),
    follow: oci('follow.example.com', { blobRedirects: 'follow' }),
    prefixed: oci('prefixed.example.com', { repositoryPrefix: 'team/' }),
  };
  const all = Object.entries(services).map(([service, { type }]): Grant => ({ service, ...RIGHTS[type] }));
  const orders: Grant = { service: 'api', scopes: ['orders:read', 'orders:write'], resources: ['/v1/**'] };
  const others = all.filter(({ service }) => service !== 'api');
  const ownProject: Grant = {
    service: 'api',
    scopes: ['orders:read'],
    resources: ['/projects/{claims.project_path}/**'],
  };
  const reading = others.filter(({ service }) => service !== 'small');
  return {
    server: { ...WITHOUT_LIMITS, trustedProxies: ['127.0.0.0/8'] },
    issuers: issuers(world),
    ...policy([...others, orders], [...reading, ownProject]),
    services,
  };
}
