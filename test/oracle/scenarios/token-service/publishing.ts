import { request, type Case } from '../../scenario.ts';
import { JSON_TYPE } from '../../tables/service-type.ts';
import type { World } from '../../world/world.ts';
import { ALL } from './credentials.ts';

/** Trusted publishing of npm and PyPI. */
export function* publishing(world: World): Generator<Case> {
  const npm = '/-/npm/v1/oidc/token/exchange/package';
  for (const credential of ALL) {
    const token = credential === undefined ? '' : world.credential(credential).value;
    const headers = credential === undefined ? [] : [`Authorization: Bearer ${token}`];
    yield {
      id: `npm publishing as ${credential ?? 'anonymous'}`,
      bytes: request({
        method: 'POST',
        target: `${npm}/@acme%2fui`,
        host: 'npm.example.com',
        headers,
        body: '',
      }),
    };
    yield {
      id: `pypi publishing as ${credential ?? 'anonymous'}`,
      bytes: request({
        method: 'POST',
        target: '/_/oidc/mint-token',
        host: 'pypi.example.com',
        headers: [JSON_TYPE],
        body: JSON.stringify({ token }),
      }),
    };
  }
  const headers = [`Authorization: Bearer ${world.credential('npm audience').value}`];
  for (const name of ['left-pad', '@acme/ui', '@other%2fui', '@acme%2f..', '']) {
    yield {
      id: `npm publishing of "${name}"`,
      bytes: request({
        method: 'POST',
        target: `${npm}/${name}`,
        host: 'npm.example.com',
        headers,
        body: '',
      }),
    };
  }
  yield { id: 'pypi audience', bytes: request({ target: '/_/oidc/audience', host: 'pypi.example.com' }) };
  yield { id: 'pypi audience at another host', bytes: request({ target: '/_/oidc/audience' }) };
  yield {
    id: 'pypi publishing as text',
    bytes: request({ method: 'POST', target: '/_/oidc/mint-token', host: 'pypi.example.com', body: 'x' }),
  };
}
