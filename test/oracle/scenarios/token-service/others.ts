import { request, type Case } from '../../scenario.ts';
import { FORM_TYPE } from '../../tables/service-type.ts';
import { place } from '../../tables/sources.ts';
import type { World } from '../../world/world.ts';
import { form } from '../issue-tokens.ts';
import { ALL, ISSUED } from './credentials.ts';

/** Metadata, methods of all endpoints, and revocation. */
export function* others(world: World): Generator<Case> {
  const endpoints = [
    '/.well-known/oauth-authorization-server',
    '/.well-known/jwks.json',
    '/.well-known/oauth-protected-resource',
    '/.well-known/terraform.json',
    '/v1/users/me',
    '/v1/users/me/services',
    '/v1/auth:exchangeToken',
    '/v1/auth%3AexchangeToken',
    '/oauth/token',
    '/oauth/revoke',
    '/token',
    '/healthz',
    '/metrics',
    '/revocations',
  ];
  for (const target of endpoints) {
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'OPTIONS']) {
      const body = method === 'GET' || method === 'HEAD' ? {} : { body: '' };
      yield { id: `built-in ${method} ${target}`, bytes: request({ method, target, ...body }) };
    }
  }
  // Last, because the cases above use these tokens.
  for (const credential of ALL) {
    const token = credential === undefined ? '' : world.credential(credential).value;
    const parts = { method: 'POST', target: '/oauth/revoke', headers: [FORM_TYPE], body: form({ token }) };
    yield { id: `/oauth/revoke: ${credential ?? 'nothing'}`, bytes: request(parts) };
  }
  for (const credential of ISSUED) {
    const { headers } = place(world.credential(credential));
    yield {
      id: `after /oauth/revoke: orders as ${credential}`,
      bytes: request({ target: '/orders/v1/1', headers }),
    };
  }
}
