import { send } from '../client.ts';
import type { Gateway } from '../gateway.ts';
import { readResponses } from '../http-text.ts';
import { request, SETUP_AGENT, USER_AGENT, type RequestParts } from '../scenario.ts';
import { FORM_TYPE, JSON_TYPE } from '../tables/service-type.ts';
import { basicHeader } from '../tables/sources.ts';
import { DEPLOY_TOKENS } from '../world/credentials.ts';
import type { World } from '../world/world.ts';

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
export const TOKEN_TYPE = 'urn:ietf:params:oauth:token-type';

export function form(parameters: Readonly<Record<string, string>>): string {
  return new URLSearchParams(parameters).toString();
}

/** A request of RFC 8693 for an ID token. */
export function exchangeForm(token: string, more: Readonly<Record<string, string>> = {}): string {
  return form({
    grant_type: EXCHANGE,
    subject_token: token,
    subject_token_type: `${TOKEN_TYPE}:id_token`,
    ...more,
  });
}

export function exchangeRequest(token: string, more?: Readonly<Record<string, string>>): RequestParts {
  return { method: 'POST', target: '/oauth/token', headers: [FORM_TYPE], body: exchangeForm(token, more) };
}

/** Has the gateway issue tokens of every kind, and adds them to the credentials of the world. */
export async function issueTokens(world: World, gateway: Gateway): Promise<void> {
  const id = (name: string): string => world.credential(name).value;
  const workload = JSON.stringify({ token: id('workload audience'), email: 'ci@workload.example.com' });
  const requests: Readonly<Record<string, RequestParts>> = {
    minted: exchangeRequest(id('payments')),
    'minted for orders': exchangeRequest(id('payments'), { audience: 'orders' }),
    'minted for reading': exchangeRequest(id('payments'), { scope: 'read_api' }),
    'minted for own': exchangeRequest(id('own audience'), { audience: 'own' }),
    'minted from a job': exchangeRequest(id('running job'), {
      subject_token_type: `${TOKEN_TYPE}:access_token`,
    }),
    'minted from a deploy token': {
      method: 'POST',
      target: '/oauth/token',
      headers: [FORM_TYPE, basicHeader('edge', DEPLOY_TOKENS.edge.secret)],
      body: form({ grant_type: 'client_credentials' }),
    },
    'minted for a workload': {
      method: 'POST',
      target: '/v1/auth:exchangeToken',
      headers: [JSON_TYPE],
      body: workload,
    },
    'minted for npm': {
      method: 'POST',
      target: '/-/npm/v1/oidc/token/exchange/package/@acme%2fui',
      host: 'npm.example.com',
      headers: [`Authorization: Bearer ${id('npm audience')}`],
      body: '',
    },
    'minted for pypi': {
      method: 'POST',
      target: '/_/oidc/mint-token',
      host: 'pypi.example.com',
      headers: [JSON_TYPE],
      body: JSON.stringify({ token: id('pypi audience') }),
    },
    'minted for a registry': registryLogin('a/acme/api', id('payments')),
    'minted for the other registry': registryLogin('b/acme/api', id('payments')),
    'minted and revoked': exchangeRequest(id('payments'), { audience: 'orders', scope: 'read_api' }),
  };
  for (const [name, parts] of Object.entries(requests)) {
    world.addCredential(name, { value: await issue(gateway, name, parts) });
  }
  const { value } = world.credential('minted');
  const [header = '', , signature = ''] = value.split('.');
  const [, otherPayload = ''] = id('minted for a workload').split('.');
  world.addCredential('minted and tampered', { value: [header, otherPayload, signature].join('.') });
  await call(gateway, {
    method: 'POST',
    target: '/oauth/revoke',
    headers: [FORM_TYPE],
    body: form({ token: id('minted and revoked') }),
  });
}

export function registryLogin(repository: string, token: string): RequestParts {
  return {
    target: `/token?service=registry.example.com&scope=repository:${repository}:pull,push`,
    host: 'registry.example.com',
    headers: [basicHeader('ci', token)],
  };
}

async function issue(gateway: Gateway, name: string, parts: RequestParts): Promise<string> {
  const body = await call(gateway, parts);
  const [, token] = /"(?:access_token|accessToken|token)":"([^"]+)"/.exec(body) ?? [];
  if (token === undefined) throw new Error(`no token ${name}: ${body}`);
  return token;
}

async function call(gateway: Gateway, parts: RequestParts): Promise<string> {
  const bytes = request(parts).replace(USER_AGENT, `User-Agent: ${SETUP_AGENT}`);
  return readResponses(await send(gateway.port, bytes))[0]?.body ?? '';
}
