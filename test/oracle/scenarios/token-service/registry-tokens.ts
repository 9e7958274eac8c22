import { request, type Case } from '../../scenario.ts';
import { FORM_TYPE } from '../../tables/service-type.ts';
import { place } from '../../tables/sources.ts';
import type { World } from '../../world/world.ts';
import { form, registryLogin } from '../issue-tokens.ts';
import { ALL } from './credentials.ts';

/** GET and POST /token of a host with two registries. */
export function* registryTokens(world: World): Generator<Case> {
  for (const credential of ALL) {
    const placed = place(credential === undefined ? undefined : world.credential(credential));
    for (const scope of [
      '',
      '&scope=repository:a/acme/api:pull,push',
      '&scope=repository:b/acme/api:pull,push',
    ]) {
      const target = `/token?service=registry.example.com${scope}`;
      yield {
        id: `GET ${target} as ${credential ?? 'anonymous'}`,
        bytes: request({ target, host: 'registry.example.com', headers: placed.headers }),
      };
    }
  }
  const payments = world.credential('payments').value;
  const login = registryLogin('a/acme/api', payments);
  const queries: Readonly<Record<string, string>> = {
    'no service': '/token?scope=repository:a/acme/api:pull',
    'another service': '/token?service=evil.example.com',
    'two services': '/token?service=registry.example.com&service=x',
    'two scopes':
      '/token?service=registry.example.com&scope=repository:a/acme/api:pull&scope=repository:b/acme/api:pull',
    'the catalog': '/token?service=registry.example.com&scope=registry:catalog:*',
    'a bad scope': '/token?service=registry.example.com&scope=repository:A:pull',
    'another action': '/token?service=registry.example.com&scope=repository:a/acme/api:*',
    'offline token': '/token?service=registry.example.com&offline_token=true&client_id=docker',
  };
  for (const [what, target] of Object.entries(queries)) {
    yield { id: `GET /token, ${what}`, bytes: request({ ...login, target }) };
  }
  const common = {
    service: 'registry.example.com',
    scope: 'repository:a/acme/api:pull',
    client_id: 'docker',
  };
  const forms: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    password: { grant_type: 'password', username: 'ci', password: payments },
    'wrong password': { grant_type: 'password', username: 'ci', password: 'wrong' },
    'refresh token': { grant_type: 'refresh_token', refresh_token: 'x' },
    'no grant': { username: 'ci', password: payments },
  };
  for (const [what, parameters] of Object.entries(forms)) {
    const parts = { method: 'POST', target: '/token', host: 'registry.example.com', headers: [FORM_TYPE] };
    yield {
      id: `POST /token, ${what}`,
      bytes: request({ ...parts, body: form({ ...common, ...parameters }) }),
    };
  }
}
