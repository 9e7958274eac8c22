import { request, type Case, type Scenario } from '../scenario.ts';
import { place, SOURCES } from '../tables/sources.ts';
import type { World } from '../world/world.ts';
import { issuers, policy, WITHOUT_LIMITS, type Grant } from './policy.ts';

const CALLERS = [
  undefined,
  'payments',
  'reader',
  'own audience',
  'stranger',
  'github',
  'running job',
  'deploy token',
  'gitlab deploy token',
];

/** What the upstream gets as credential and as identity. */
export const UPSTREAM_CREDENTIALS: Scenario = {
  name: 'upstream credentials',
  configuration,
  *cases(world) {
    for (const name of [...Object.keys(auths(world)), 'asserted', 'registry']) {
      for (const caller of CALLERS) yield ask(world, name, caller);
    }
    const forwarding = ['forwarded', 'forwarded-own', 'header', 'basic'];
    for (const name of forwarding) {
      for (const [source, placeIn] of Object.entries(SOURCES)) {
        for (const caller of ['payments', 'running job']) {
          const { headers, query } = placeIn(world.credential(caller));
          const bytes = request({
            target: `/${name}/acme/a.tgz${query}`,
            headers: [...headers, 'X-Upstream-Key: of-the-client'],
          });
          yield { id: `${name}: ${source} as ${caller}`, bytes };
        }
      }
    }
    for (const name of ['forwarded', 'header', 'oauth2', 'per-identity']) {
      const reply = {
        bytes: [
          'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm="x"\r\nContent-Length: 0\r\n\r\n',
        ],
      };
      for (const caller of ['payments', 'running job']) {
        const asked = ask(world, name, caller);
        yield { ...asked, id: `${asked.id}, the upstream answers 401`, reply };
      }
    }
  },
};

function auths(world: World): Readonly<Record<string, object | undefined>> {
  const oauth2 = (path: string, more: object = {}): object => ({
    oauth2: {
      tokenEndpoint: `${world.tokenEndpoints.url}/${path}`,
      clientId: 'gatehouse',
      clientSecret: 'client-secret',
      ...more,
    },
  });
  return {
    none: undefined,
    basic: { basic: { username: 'gateway', password: 'gateway-password' } },
    bearer: { bearer: { token: 'gateway-token' } },
    header: { header: { name: 'X-Upstream-Key', value: 'upstream-key' } },
    oauth2: oauth2('oauth2', { scope: 'a b' }),
    'oauth2-form': oauth2('oauth2-form', { authentication: 'form', parameters: { audience: 'x' } }),
    'oauth2-refuses': oauth2('refuses'),
    'oauth2-garbage': oauth2('garbage'),
    'oauth2-fails': oauth2('fails'),
    'oauth2-down': {
      oauth2: { tokenEndpoint: `${world.down}/token`, clientId: 'gatehouse', clientSecret: 'client-secret' },
    },
    'per-identity': {
      perIdentity: {
        payments: { bearer: { token: 'of-payments' } },
        'deploy-token:edge': { basic: { username: 'edge', password: 'of-edge' } },
        default: { header: { name: 'X-Default', value: 'of-all-others' } },
      },
    },
    'per-identity-strict': { perIdentity: { payments: { bearer: { token: 'of-payments' } } } },
    forwarded: { forwardCredential: true },
  };
}

function configuration(world: World): object {
  const url = `${world.upstream.url}/`;
  const files = Object.entries(auths(world)).map(([name, auth]): [string, object] => [
    name,
    {
      type: 'generic',
      path: `/${name}/`,
      upstream: { url, ...(auth === undefined ? {} : { auth }) },
      anonymous: open(name),
    },
  ]);
  const services: Record<string, object> = {
    ...Object.fromEntries(files),
    'forwarded-own': {
      type: 'generic',
      path: '/forwarded-own/',
      audiences: ['https://own.example.com'],
      upstream: { url, auth: { forwardCredential: true } },
    },
    asserted: {
      type: 'generic',
      path: '/asserted/',
      assertion: true,
      keepCookies: true,
      identityHeaders: { 'X-Project': '{claims.project_path}', 'X-Who': '{identity} {subject} {issuer}' },
      upstream: { url, hostHeader: 'client' },
    },
    registry: {
      type: 'oci',
      upstream: {
        url,
        auth: {
          registryToken: {
            url: `${world.tokenEndpoints.url}/registry`,
            service: 'upstream registry',
            username: 'gateway',
            password: 'gateway-password',
          },
        },
      },
    },
  };
  const grants = Object.keys(services).map((service): Grant =>
    service === 'registry'
      ? { service, scopes: ['read_registry'], resources: ['acme/**'] }
      : { service, scopes: ['read_package_registry'], resources: ['acme/**'] },
  );
  return { server: WITHOUT_LIMITS, issuers: issuers(world), ...policy(grants, grants), services };
}

function open(name: string): object {
  return name === 'none' || name === 'per-identity-strict' || name === 'forwarded'
    ? [{ scopes: ['read_package_registry'], resources: ['acme/**'] }]
    : [];
}

function ask(world: World, service: string, caller: string | undefined): Case {
  const { headers } = place(caller === undefined ? undefined : world.credential(caller));
  const target = service === 'registry' ? '/v2/acme/api/manifests/latest' : `/${service}/acme/a.tgz`;
  return {
    id: `${service} as ${caller ?? 'anonymous'}`,
    bytes: request({ target, headers: [...headers, 'Cookie: session=1'] }),
  };
}
