import { expect, test } from 'vitest';
import { selfSigned } from '../../../support/certificates.ts';
import { createClientKey } from '../../../support/client-keys.ts';
import { configuration, errorsOf } from '../loading.ts';

const [rsa, ec, other] = [createClientKey('RS256'), createClientKey('ES256'), createClientKey('RS256')];
const BESIDE = {
  token: 'a.b.c\n',
  lines: 'a\nb\n',
  rsa: rsa.pem,
  ec: ec.pem,
  certificate: selfSigned(rsa.pem),
  'other-certificate': selfSigned(other.pem),
  garbage: 'canary',
};

function withAssertion(clientAssertion: string, more = 'clientId: gatehouse'): string {
  const oauth2 = `tokenEndpoint: https://login.example.com/token, ${more}, clientAssertion: { ${clientAssertion} }`;
  return configuration({
    services: `{ orders: { type: http, upstream: { url: https://orders.internal/, auth: { oauth2: { ${oauth2} } } } } }`,
  });
}

test.each([
  ['', 'clientAssertion: needs tokenFile or keyFile'],
  ['tokenFile: token, keyFile: rsa', 'clientAssertion.keyFile: give either tokenFile or keyFile, not both'],
  ['tokenFile: token, algorithm: RS256', 'clientAssertion.algorithm: needs keyFile'],
  ['tokenFile: token, keyId: a', 'clientAssertion.keyId: needs keyFile'],
  ['tokenFile: nowhere', 'nowhere does not exist'],
  ['tokenFile: lines', 'lines must hold one line of printable ASCII'],
  ['keyFile: nowhere', 'nowhere does not exist'],
  ['keyFile: garbage', 'garbage is not an unencrypted private key in PEM format'],
  ['keyFile: ec', 'ec is not a key for RS256'],
  ['keyFile: rsa, algorithm: ES256', 'rsa is not a key for ES256'],
  ['keyFile: rsa, algorithm: HS256', 'clientAssertion.algorithm: must be one of RS256'],
  ['keyFile: rsa, algorithm: none', 'clientAssertion.algorithm: must be one of RS256'],
  ['keyFile: rsa, certificateFile: rsa', 'rsa is not a certificate in PEM format'],
  ['keyFile: rsa, certificateFile: other-certificate', 'other-certificate is not the certificate of the key'],
])('clientAssertion: { %s }', (clientAssertion, message) => {
  const errors = errorsOf(withAssertion(clientAssertion), {}, BESIDE);
  expect(errors).toContainEqual(expect.stringContaining(message));
  expect(errors.join('\n')).not.toContain('canary');
});

test.each([
  'tokenFile: token',
  'keyFile: rsa',
  'keyFile: ec, algorithm: ES256, keyId: a',
  'keyFile: rsa, certificateFile: certificate, algorithm: PS256, audience: https://login.example.com',
])('clientAssertion: { %s } is accepted', (clientAssertion) => {
  expect(errorsOf(withAssertion(clientAssertion), {}, BESIDE)).toEqual([]);
});

test('a secret and an assertion are two kinds of client authentication', () => {
  const both = withAssertion('tokenFile: token', 'clientId: gatehouse, clientSecret: a');
  expect(errorsOf(both, {}, BESIDE)).toEqual([
    expect.stringContaining('clientAssertion: give either a client secret or clientAssertion, not both'),
  ]);
});

test('an assertion in the parameters is refused', () => {
  const parameters = 'clientId: gatehouse, parameters: { client_assertion: a }';
  expect(errorsOf(withAssertion('tokenFile: token', parameters), {}, BESIDE)).toEqual([
    expect.stringContaining('parameters.client_assertion: is set by the gateway'),
  ]);
});
