import { request, type Case } from '../../scenario.ts';
import { FORM_TYPE, JSON_TYPE } from '../../tables/service-type.ts';
import { basicHeader } from '../../tables/sources.ts';
import { DEPLOY_TOKENS } from '../../world/credentials.ts';
import type { World } from '../../world/world.ts';
import { exchangeForm, exchangeRequest, form, TOKEN_TYPE } from '../issue-tokens.ts';
import { ALL } from './credentials.ts';

/** POST /oauth/token: every credential, targets, scopes, clients, malformed bodies. */
export function* oauthToken(world: World): Generator<Case> {
  const valid = world.credential('payments').value;
  for (const credential of ALL) {
    const value = credential === undefined ? '' : world.credential(credential).value;
    for (const type of ['id_token', 'access_token']) {
      const parts = exchangeRequest(value, { subject_token_type: `${TOKEN_TYPE}:${type}` });
      yield { id: `/oauth/token: ${type} ${credential ?? 'missing'}`, bytes: request(parts) };
    }
  }
  const targets: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    'a service by name': { audience: 'orders' },
    'a service by URL': { resource: 'https://gateway.example.com/orders/' },
    'a service by URN': { audience: 'urn:gatehouse:service:files' },
    'a service without grants': { audience: 'nothing' },
    'a service with audiences': { audience: 'own' },
    'a scope': { scope: 'read_api' },
    'two scopes': { scope: 'read_api write_api' },
    'a scope that is not granted': { scope: 'delete_registry' },
    'scopes with two blanks': { scope: 'read_api  write_api' },
    'a JWT': { requested_token_type: `${TOKEN_TYPE}:jwt` },
    'an ID token': { requested_token_type: `${TOKEN_TYPE}:id_token` },
    'an unknown subject type': { subject_token_type: `${TOKEN_TYPE}:saml2` },
    'with an actor': { actor_token: 'x', actor_token_type: `${TOKEN_TYPE}:jwt` },
    'another grant': { grant_type: 'password' },
  };
  for (const [what, more] of Object.entries(targets)) {
    yield { id: `/oauth/token: for ${what}`, bytes: request(exchangeRequest(valid, more)) };
  }
  const clients: Readonly<Record<string, readonly [string, string]>> = {
    edge: ['edge', DEPLOY_TOKENS.edge.secret],
    'the wrong secret': ['edge', 'wrong'],
    'an expired one': ['expired', DEPLOY_TOKENS.expired.secret],
    'an ID token': ['ci', valid],
  };
  for (const [what, [user, secret]] of Object.entries(clients)) {
    const headers = [FORM_TYPE, basicHeader(user, secret)];
    for (const more of [{}, { audience: 'orders' }, { scope: 'read_api' }]) {
      const body = form({ grant_type: 'client_credentials', ...more });
      yield {
        id: `/oauth/token: client ${what}, ${JSON.stringify(more)}`,
        bytes: request({ method: 'POST', target: '/oauth/token', headers, body }),
      };
    }
  }
  const bodies: Readonly<Record<string, readonly [readonly string[], string]>> = {
    empty: [[FORM_TYPE], ''],
    'as JSON': [[JSON_TYPE], '{}'],
    'without a type': [[], exchangeForm(valid)],
    'a parameter twice': [[FORM_TYPE], `${exchangeForm(valid)}&subject_token=x`],
    'without a grant': [[FORM_TYPE], 'subject_token=x'],
    'of 70 KB': [[FORM_TYPE], `x=${'a'.repeat(70_000)}`],
    encoded: [[FORM_TYPE, 'Content-Encoding: gzip'], exchangeForm(valid)],
  };
  for (const [what, [headers, body]] of Object.entries(bodies)) {
    yield {
      id: `/oauth/token: body ${what}`,
      bytes: request({ method: 'POST', target: '/oauth/token', headers, body }),
    };
  }
}
