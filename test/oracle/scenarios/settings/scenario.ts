import { request, type Case, type RequestParts, type Scenario } from '../../scenario.ts';
import { place, SOURCES } from '../../tables/sources.ts';
import type { World } from '../../world/world.ts';
import { configuration } from './configuration.ts';
import { handshakes } from './handshakes.ts';
import { proxies } from './proxies.ts';
import { registries } from './registries.ts';

/** Settings of the server and of services that change what is accepted and what is forwarded. */
export const SETTINGS: Scenario = {
  name: 'settings',
  configuration,
  *cases(world) {
    for (const [name, parts] of Object.entries(REQUESTS)) {
      for (const caller of ['payments', 'reader', 'github', 'own audience', undefined]) {
        const { headers } = place(caller === undefined ? undefined : world.credential(caller));
        yield {
          id: `${name} as ${caller ?? 'anonymous'}`,
          bytes: request({ ...parts, headers: [...(parts.headers ?? []), ...headers] }),
        };
      }
    }
    yield* sources(world);
    yield* handshakes(world);
    yield* proxies(world);
    yield* registries(world);
  },
};

const REQUESTS: Readonly<Record<string, RequestParts>> = {
  'operation by method': { target: '/api/v1/orders' },
  'operation by path': { method: 'POST', target: '/api/v1/orders', body: '{}' },
  'operation with its own scope': { method: 'POST', target: '/api/v1/orders/7/approve', body: '' },
  'no operation': { method: 'DELETE', target: '/api/v1/orders/7' },
  'resource from a claim': { target: '/api/projects/acme/payments/x' },
  'resource from another claim': { target: '/api/projects/acme/reader/x' },
  'audience of the service': { target: '/own/a' },
  'issuers of the service': { target: '/only-github/a' },
  'a body within the limit': { method: 'POST', target: '/small/a', body: 'x'.repeat(100) },
  'a body beyond the limit': { method: 'POST', target: '/small/a', body: 'x'.repeat(2_000) },
  'path of the upstream': { target: '/api/v1/orders?x=1' },
  'the longest prefix': { target: '/api/inner/a' },
  'a host with a service': { target: '/api/v1/orders', host: 'named.example.com' },
  'a host with a port': { target: '/api/v1/orders', host: 'named.example.com:8443' },
  'a host that has no such path': { target: '/own/a', host: 'named.example.com' },
};

function* sources(world: World): Generator<Case> {
  for (const service of ['narrow', 'wide']) {
    for (const [source, placeIn] of Object.entries(SOURCES)) {
      const { headers, query } = placeIn(world.credential('payments'));
      yield { id: `${service}: ${source}`, bytes: request({ target: `/${service}/a${query}`, headers }) };
    }
  }
}
