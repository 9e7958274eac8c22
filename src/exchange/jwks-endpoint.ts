import { Hono } from 'hono';
import { unable } from '../contract/decision.ts';
import type { Handle } from '../contract/endpoint.ts';
import type { Keyring } from '../contract/keyring.ts';
import { REASONS } from '../contract/reason.ts';
import { handleWith, send, type Env } from './own-app.ts';

export const JWKS_PATH = '/.well-known/jwks.json';

/** The public halves of the keys that tokens are signed with (RFC 7517), for whoever wants to verify one. */
export function createJwksEndpoint(keyring: Pick<Keyring, 'publicKeys'>): Handle {
  const app = new Hono<Env>();
  app.get(JWKS_PATH, async (context) => {
    const { call } = context.env;
    const keys = await keyring.publicKeys();
    call.reason = 'anonymous';
    call.decision = { kind: 'allow', basis: 'anonymous', caller: undefined, relaxed: undefined };
    // A new key is published before it signs: minutes are soon enough.
    return send(context, 200, 'application/jwk-set+json', JSON.stringify(keys), 'public, max-age=300');
  });
  app.all(JWKS_PATH, (context) => {
    context.env.call.reason = 'operation_unknown';
    context.header('Allow', 'GET, HEAD');
    return send(context, 405, 'application/json', errorBody('operation_unknown', 'Use GET.'));
  });
  app.onError((_error, context) => {
    const { call } = context.env;
    call.decision = unable('store_unavailable', 'the signing keys cannot be had');
    call.reason = 'store_unavailable';
    context.header('Retry-After', '5');
    const { status, message } = REASONS.store_unavailable;
    return send(context, status, 'application/json', errorBody('store_unavailable', message));
  });
  return handleWith(app);
}

function errorBody(error: string, message: string): string {
  return JSON.stringify({ error, message });
}
