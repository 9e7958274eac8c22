import { expect, test } from 'vitest';
import { configuration, errorsOf, warningsOf } from '../loading.ts';

const OWN = 'https://orders.example.com';
const EXCHANGE =
  'tokenExchange: { tokenEndpoint: https://login.example.com/token, subject: callerIdToken, clientId: a }';

function sending(auth: string, { issuer = 'https://gateway.example.com', services = '', more = {} } = {}) {
  return configuration({
    issuers: `{ gitlab: { type: gitlab, issuer: https://gitlab.example.com, audiences: ["${issuer}"] } }`,
    services: `{ orders: { type: http, path: /orders/, audiences: [${OWN}], upstream: { url: https://orders.internal/, auth: { ${auth} } } }${services} }`,
    ...more,
  });
}

const web = (more: string, type = 'http'): string =>
  `, web: { type: ${type}, path: /web/, ${more}, upstream: { url: https://web.internal/ } }`;

const ACCEPTED = 'services.orders.audiences[0]: is accepted by';

test.each([
  ['the tokens of an issuer', { issuer: OWN }, 'issuers.gitlab.audiences'],
  ['another service', { services: web(`audiences: [${OWN}]`) }, 'services.web.audiences'],
  [
    'trusted publishing',
    { services: web(`hosts: [web.example.com], trustedPublishing: { audience: "${OWN}" }`, 'pypi') },
    'services.web.trustedPublishing.audience',
  ],
  [
    'a workload identity',
    {
      more: { workloadIdentities: `{ payments@example.com: { identity: payments, audiences: ["${OWN}"] } }` },
    },
    'workloadIdentities["payments@example.com"].audiences',
  ],
])('%s with the audience of a service that sends ID tokens on', (_what, options, place) => {
  const message = expect.stringContaining(`${ACCEPTED} ${place} too`) as string;
  expect(errorsOf(sending(EXCHANGE, options))).toEqual([message]);
  expect(errorsOf(sending(`perIdentity: { payments: { ${EXCHANGE} } }`, options))).toEqual([message]);
  expect(errorsOf(sending('forwardCredential: true', options))).toEqual([]);
  expect(warningsOf(sending('forwardCredential: true', options))).toContainEqual(message);
  expect(errorsOf(sending('bearer: { token: a }', options))).toEqual([]);
});

test('an audience of its own, and services that trust another issuer', () => {
  const services = web(`audiences: [${OWN}], issuers: [other]`);
  const yaml = sending(EXCHANGE, {
    services,
    more: {
      issuers:
        '{ gitlab: { type: gitlab, issuer: https://gitlab.example.com }, other: { type: gitlab, issuer: https://b.example.com } }',
    },
  }).replace('audiences: [https://orders', 'issuers: [gitlab], audiences: [https://orders');
  expect(errorsOf(yaml)).toEqual([]);
  expect(errorsOf(sending(EXCHANGE))).toEqual([]);
});
