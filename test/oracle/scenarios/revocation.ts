import { hash } from 'node:crypto';
import { request, type Case, type Scenario } from '../scenario.ts';
import { FORM_TYPE, JSON_TYPE } from '../tables/service-type.ts';
import { place } from '../tables/sources.ts';
import type { World } from '../world/world.ts';
import { exchangeRequest, form, TOKEN_TYPE } from './issue-tokens.ts';
import { issuers, policy, WITHOUT_LIMITS, type Grant } from './policy.ts';

const CALLERS = [
  'payments',
  'reader',
  'revoked',
  'github',
  'oidc',
  'running job',
  'deploy token',
  'gitlab deploy token',
];

/** The admin API, and what its revocations do to requests. */
export const REVOCATION: Scenario = {
  name: 'revocation',
  configuration(world) {
    const upstream = { url: `${world.upstream.url}/` };
    const grants = (service: string): Grant => ({
      service,
      scopes: ['read_package_registry'],
      resources: ['acme/**'],
    });
    return {
      server: WITHOUT_LIMITS,
      issuers: issuers(world),
      ...policy([grants('files'), grants('shadow')], [grants('files'), grants('shadow')]),
      services: {
        files: { type: 'generic', path: '/files/', upstream },
        shadow: { type: 'generic', path: '/shadow/', mode: 'shadow', upstream },
      },
    };
  },
  *cases(world) {
    yield* admin();
    yield* useAll(world, 'before');
    const targets: Readonly<Record<string, object>> = {
      identity: { identity: 'revoked' },
      'token id': { jti: 'jti-21', issuer: 'gitlab' },
      'token hash': { tokenHash: hash('sha256', world.credential('github').value) },
      'deploy token': { deployToken: 'edge' },
      issuer: { issuer: 'oidc' },
      project: { project: 'acme/payments' },
    };
    for (const [name, target] of Object.entries(targets)) {
      yield post(`revoke by ${name}`, { ...target, reason: 'oracle' });
      yield* useAll(world, `after revocation by ${name}`);
    }
    // In no certain order.
    yield {
      id: 'list',
      listener: 'admin',
      namesOnly: true,
      bytes: request({ target: '/revocations', host: 'localhost' }),
    };
    yield* tokensOfRevoked(world);
  },
};

function post(id: string, body: object | string): Case {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const parts = {
    method: 'POST',
    target: '/revocations',
    host: 'localhost',
    headers: [JSON_TYPE],
    body: text,
  };
  return { id, listener: 'admin', bytes: request(parts) };
}

function* admin(): Generator<Case> {
  for (const target of [
    '/livez',
    '/readyz',
    '/metrics',
    '/status',
    '/revocations',
    '/revocations/x',
    '/healthz',
    '/',
    '/console/',
  ]) {
    for (const method of ['GET', 'HEAD', 'POST', 'DELETE']) {
      yield {
        id: `admin ${method} ${target}`,
        listener: 'admin',
        ...(target === '/metrics' || target === '/status' ? { namesOnly: true } : {}),
        bytes: request({ method, target, host: 'localhost', ...(method === 'POST' ? { body: '' } : {}) }),
      };
    }
  }
  yield { id: 'admin, another host', listener: 'admin', bytes: request({ target: '/revocations' }) };
  const bodies: Readonly<Record<string, object | string>> = {
    empty: {},
    'no JSON': '{',
    'no reason': { identity: 'revoked' },
    'two targets': { identity: 'revoked', issuer: 'gitlab', reason: 'x' },
    'an unknown key': { nothing: 'x', reason: 'x' },
    'an unknown issuer': { issuer: 'nothing', reason: 'x' },
    'an unknown deploy token': { deployToken: 'nothing', reason: 'x' },
    'a short hash': { tokenHash: 'ab', reason: 'x' },
    'a project by number': { project: '20', reason: 'x' },
    'a project with a slash at its end': { project: 'acme/none/', reason: 'x' },
    'an expiry in the past': { jti: 'none', issuer: 'gitlab', reason: 'x', expires: '2020-01-01T00:00:00Z' },
    'an expiry that is none': { jti: 'none', issuer: 'gitlab', reason: 'x', expires: 'tomorrow' },
    'of 20 KB': { reason: 'x'.repeat(20_000) },
  };
  for (const [name, body] of Object.entries(bodies)) yield post(`POST /revocations, ${name}`, body);
  yield {
    id: 'POST /revocations as a form',
    listener: 'admin',
    bytes: request({
      method: 'POST',
      target: '/revocations',
      host: 'localhost',
      headers: [FORM_TYPE],
      body: 'reason=x',
    }),
  };
}

function* useAll(world: World, when: string): Generator<Case> {
  for (const caller of CALLERS) {
    const { headers } = place(world.credential(caller));
    for (const target of ['/files/acme/a', '/shadow/other/a', '/shadow/']) {
      const method = target === '/shadow/' ? 'PATCH' : 'GET';
      yield {
        id: `${when}: ${method} ${target} as ${caller}`,
        bytes: request({ method, target, headers, ...(method === 'PATCH' ? { body: '' } : {}) }),
      };
    }
  }
}

/** No token is issued for a revoked credential. */
function* tokensOfRevoked(world: World): Generator<Case> {
  for (const caller of CALLERS) {
    const { value } = world.credential(caller);
    const type = caller === 'running job' ? 'access_token' : 'id_token';
    const parts = exchangeRequest(value, { subject_token_type: `${TOKEN_TYPE}:${type}` });
    yield { id: `exchange of ${caller}, revoked`, bytes: request(parts) };
    const { headers } = place(world.credential(caller));
    yield { id: `/v1/users/me of ${caller}, revoked`, bytes: request({ target: '/v1/users/me', headers }) };
    yield {
      id: `/oauth/revoke of ${caller}, revoked`,
      bytes: request({
        method: 'POST',
        target: '/oauth/revoke',
        headers: [FORM_TYPE],
        body: form({ token: value }),
      }),
    };
  }
}
