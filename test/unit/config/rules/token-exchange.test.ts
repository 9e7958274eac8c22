import { expect, test } from 'vitest';
import { createClientKey } from '../../../support/client-keys.ts';
import { configuration, errorsOf } from '../loading.ts';

const BESIDE = { token: 'a.b.c\n', key: createClientKey('RS256').pem };

function withExchange(tokenExchange: string, more = ''): string {
  return configuration({
    services: `{ orders: { type: http, ${more} upstream: { url: https://orders.internal/, auth: { tokenExchange: { ${tokenExchange} } } } } }`,
  });
}

const GOOD = 'tokenEndpoint: https://login.example.com/token';

test.each([
  ['subject: caller', 'tokenExchange.tokenEndpoint: is missing'],
  [GOOD, 'tokenExchange.subject: is missing'],
  [`${GOOD}, subject: anyone`, 'tokenExchange.subject: must be one of caller, callerIdToken, gateway'],
  [`tokenEndpoint: http://login.example.com/, subject: caller`, 'tokenExchange.tokenEndpoint: must be https'],
  [`${GOOD}, subject: gateway`, 'tokenExchange: needs subjectTokenFile'],
  [`${GOOD}, subject: gateway, subjectTokenFile: nowhere`, 'nowhere does not exist'],
  [
    `${GOOD}, subject: caller, subjectTokenFile: token`,
    'tokenExchange.subjectTokenFile: needs subject: gateway',
  ],
  [
    `${GOOD}, subject: gateway, subjectTokenFile: token, assertionType: JWT`,
    'tokenExchange.assertionType: needs subject: caller',
  ],
  [
    `${GOOD}, subject: callerIdToken`,
    'tokenExchange.subject: sends ID tokens of clients to the token service; set services.orders.audiences',
  ],
  [`${GOOD}, subject: caller, clientSecret: a`, 'tokenExchange: needs clientId'],
  [`${GOOD}, subject: caller, clientAssertion: { keyFile: key }`, 'tokenExchange: needs clientId'],
  [
    `${GOOD}, subject: caller, parameters: { subject_token: a }`,
    'parameters.subject_token: is set by the gateway',
  ],
  [`${GOOD}, subject: caller, parameters: { audience: a }`, 'parameters.audience: is set by the gateway'],
  [`${GOOD}, subject: caller, requestedTokenType: refresh_token`, 'requestedTokenType: must be one of'],
])('%s', (tokenExchange, message) => {
  expect(errorsOf(withExchange(tokenExchange), {}, BESIDE)).toEqual([expect.stringContaining(message)]);
});

test.each([
  [`${GOOD}, subject: caller`],
  [`${GOOD}, subject: caller, assertionType: JWT, clientId: a, clientAssertion: { keyFile: key }`],
  [`${GOOD}, subject: gateway, subjectTokenFile: token, clientAssertion: { tokenFile: token }`],
  [`${GOOD}, subject: callerIdToken, clientId: public`, 'audiences: [https://orders.example.com],'],
])('%s is accepted', (tokenExchange, more = '') => {
  expect(errorsOf(withExchange(tokenExchange, more), {}, BESIDE)).toEqual([]);
});
