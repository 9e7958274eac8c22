import { request, type Case, type RequestParts } from '../../scenario.ts';
import { JSON_TYPE } from '../../tables/service-type.ts';
import { place } from '../../tables/sources.ts';
import type { World } from '../../world/world.ts';
import { ISSUED } from './credentials.ts';

/** Issued tokens at services and built-in endpoints. */
export function* usesOf(world: World): Generator<Case> {
  const uses: Readonly<Record<string, RequestParts>> = {
    'orders, read': { target: '/orders/v1/1' },
    'orders, write': { method: 'POST', target: '/orders/v1/1', body: '{}' },
    own: { target: '/own/v1/1' },
    files: { target: '/files/acme/a.tgz' },
    npm: {
      method: 'PUT',
      target: '/npm/@acme%2fui',
      host: 'npm.example.com',
      headers: [JSON_TYPE],
      body: '{}',
    },
    'another package': {
      method: 'PUT',
      target: '/npm/@acme%2fother',
      host: 'npm.example.com',
      headers: [JSON_TYPE],
      body: '{}',
    },
    pypi: { target: '/pypi/simple/acme-ui/', host: 'pypi.example.com' },
    'registry root': { target: '/v2/', host: 'registry.example.com' },
    'registry a, pull': { target: '/v2/a/acme/api/manifests/latest', host: 'registry.example.com' },
    'registry a, push': {
      method: 'PUT',
      target: '/v2/a/acme/api/manifests/latest',
      host: 'registry.example.com',
      body: '{}',
    },
    'registry b, pull': { target: '/v2/b/acme/api/manifests/latest', host: 'registry.example.com' },
    'no registry': { target: '/v2/c/acme/api/manifests/latest', host: 'registry.example.com' },
    me: { target: '/v1/users/me' },
  };
  for (const [use, parts] of Object.entries(uses)) {
    for (const credential of ['payments', 'reader', ...ISSUED]) {
      const { headers } = place(world.credential(credential));
      const bytes = request({ ...parts, headers: [...(parts.headers ?? []), ...headers] });
      yield { id: `use: ${use} as ${credential}`, bytes };
    }
  }
}
