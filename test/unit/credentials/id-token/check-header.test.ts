import { expect, test } from 'vitest';
import { checkHeader } from '../../../../src/credentials/id-token/check-header.ts';

const good = { alg: 'RS256', kid: 'key-1', typ: 'JWT' };
const accepted = { algorithms: ['RS256', 'ES256'], tokenTypes: [], tokenForm: 'id_token' } as const;

test('accepts a valid header', () => {
  expect(checkHeader(good, accepted)).toEqual({ kind: 'header', alg: 'RS256', kid: 'key-1' });
});

test.each([
  ['alg none', { alg: 'none' }, 'credential_invalid'],
  ['symmetric alg', { alg: 'HS256' }, 'credential_invalid'],
  ['other case', { alg: 'rs256' }, 'credential_invalid'],
  ['alg of another issuer', { alg: 'PS256' }, 'credential_invalid'],
  ['no alg', { alg: undefined }, 'credential_malformed'],
  ['alg as a list', { alg: ['RS256'] }, 'credential_malformed'],
  ['crit', { crit: ['exp'] }, 'credential_invalid'],
  ['empty crit', { crit: [] }, 'credential_invalid'],
  ['b64', { b64: true }, 'credential_invalid'],
  ['jku', { jku: 'https://issuer.example.com/keys' }, 'credential_invalid'],
  ['x5u', { x5u: null }, 'credential_invalid'],
  ['jwk', { jwk: {} }, 'credential_invalid'],
  ['no kid', { kid: undefined }, 'credential_malformed'],
  ['empty kid', { kid: '' }, 'credential_malformed'],
  ['kid as a number', { kid: 1 }, 'credential_malformed'],
  ['long kid', { kid: 'k'.repeat(257) }, 'credential_malformed'],
])('%s → %s', (_name, changes, reason) => {
  expect(checkHeader({ ...good, ...changes }, accepted)).toMatchObject({ kind: 'deny', reason });
});

test('client text in the detail is bounded and on one line', () => {
  const refusal = checkHeader({ ...good, alg: `\u2028\n"${'x'.repeat(5_000)}` }, accepted);
  const { detail } = refusal as { detail: string };
  expect(detail.length).toBeLessThan(200);
  expect(detail).not.toMatch(/[\n\u2028]/);
});

const svid = { ...accepted, tokenTypes: ['jose'], tokenForm: 'jwt_svid' } as const;

test.each([
  [{ typ: 'JOSE' }, 'key-1'],
  [{ typ: undefined }, 'key-1'],
  [{ kid: undefined }, undefined],
])('a JWT-SVID with %j', (changes, kid) => {
  const header = Object.fromEntries(
    Object.entries({ ...good, ...changes }).filter(([, value]) => value !== undefined),
  );
  expect(checkHeader(header, svid)).toEqual({ kind: 'header', alg: 'RS256', kid });
});

test.each([
  ['another parameter', { x: 1 }, 'credential_invalid'],
  ['a certificate chain', { x5c: [] }, 'credential_invalid'],
  ['a content type', { cty: 'JWT' }, 'credential_invalid'],
  ['another type', { typ: 'at+jwt' }, 'credential_invalid'],
  ['an empty kid', { kid: '' }, 'credential_malformed'],
  ['a kid that is null', { kid: null }, 'credential_malformed'],
])('a JWT-SVID with %s is refused', (_name, changes, reason) => {
  expect(checkHeader({ ...good, ...changes }, svid)).toMatchObject({ kind: 'deny', reason });
});
