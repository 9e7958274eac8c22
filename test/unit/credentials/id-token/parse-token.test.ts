import { describe, expect, test } from 'vitest';
import { parseToken } from '../../../../src/credentials/id-token/parse-token.ts';
import { encodePart } from '../../../support/issuer-keys.ts';

const HEADER = encodePart({ alg: 'RS256', kid: 'k' });
const PAYLOAD = encodePart({ iss: 'https://issuer.example.com' });

test('reads header and payload', () => {
  expect(parseToken(`${HEADER}.${PAYLOAD}.YQ`)).toEqual({
    kind: 'parsed',
    header: { alg: 'RS256', kid: 'k' },
    payload: { iss: 'https://issuer.example.com' },
  });
});

describe('refuses', () => {
  test.each([
    ['nothing', '', 'does not have three parts'],
    ['one part', HEADER, 'does not have three parts'],
    ['no signature', `${HEADER}.${PAYLOAD}`, 'does not have three parts'],
    ['empty signature', `${HEADER}.${PAYLOAD}.`, 'does not have three parts'],
    ['empty payload', `${HEADER}..YQ`, 'does not have three parts'],
    ['empty header', `.${PAYLOAD}.YQ`, 'does not have three parts'],
    ['four parts', `${HEADER}.${PAYLOAD}.YQ.YQ`, 'does not have three parts'],
    ['trailing dot', `${HEADER}.${PAYLOAD}.YQ.`, 'does not have three parts'],
    ['JWE', `${HEADER}.YQ.YQ.YQ.YQ`, 'does not have three parts'],
    ['thousands of dots', '.'.repeat(10_000), 'does not have three parts'],
    ['newline at the end', `${HEADER}.${PAYLOAD}.YQ\n`, 'the signature is not canonical'],
    ['spare bits in the signature', `${HEADER}.${PAYLOAD}.YR`, 'the signature is not canonical'],
    ['spare bits in the payload', `${HEADER}.e31.YQ`, 'the payload is not canonical'],
    ['padded header', `${HEADER}=.${PAYLOAD}.YQ`, 'the header is not canonical'],
    ['header of text', `${encodePart('no')}.${PAYLOAD}.YQ`, 'the header is not JSON'],
    ['payload of a list', `${HEADER}.${encodePart('[]')}.YQ`, 'the payload is not a JSON object'],
    ['payload with a name twice', `${HEADER}.${encodePart('{"sub":1,"sub":2}')}.YQ`, 'names a member twice'],
  ])('%s', (_name, token, detail) => {
    expect(parseToken(token)).toMatchObject({
      kind: 'deny',
      reason: 'credential_malformed',
      detail: expect.stringContaining(detail) as string,
    });
  });
});
