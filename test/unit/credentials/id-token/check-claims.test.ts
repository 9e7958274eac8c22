import { describe, expect, test } from 'vitest';
import { checkClaims } from '../../../../src/credentials/id-token/check-claims.ts';
import type { Issuer } from '../../../../src/credentials/compile-issuers.ts';
import { compileIssuer } from '../../../../src/credentials/compile-issuers.ts';
import { FrozenClock, RecordingLog, RecordingMeter, TIMING } from '../../../support/authentication.ts';
import { TENANT } from '../../../support/issuer-claims.ts';

const clock = new FrozenClock();
const NOW = clock.now() / 1000;

function issuerOf(type: 'gitlab' | 'entra', url: string): Issuer {
  const settings = { name: type, type, issuer: url, audiences: ['a'], keys: TIMING };
  const egress = { get: () => Promise.reject(new Error('no fetch expected')) };
  return compileIssuer(settings, egress, { clock, log: new RecordingLog(), meter: new RecordingMeter() });
}

const gitlab = issuerOf('gitlab', 'https://gitlab.example.com');
const entra = issuerOf('entra', `https://login.microsoftonline.com/${TENANT}/v2.0`);
const good = { sub: 'job', aud: 'a', exp: NOW + 300, iat: NOW, nbf: NOW - 5, jti: 'j-1' };

test('returns the validated claims', () => {
  expect(checkClaims(good, gitlab, clock.now())).toEqual({
    kind: 'claims',
    subject: 'job',
    jti: 'j-1',
    audiences: ['a'],
    expiresAt: clock.now() + 300_000,
  });
});

describe('table', () => {
  const missing = undefined;
  test.each([
    ['no sub', { sub: missing }, 'credential_malformed'],
    ['empty sub', { sub: '' }, 'credential_malformed'],
    ['sub as a number', { sub: 7 }, 'credential_malformed'],
    ['sub with a lone surrogate', { sub: 'a\ud800' }, 'credential_malformed'],
    ['jti as a number', { jti: 7 }, 'credential_malformed'],
    ['no jti', { jti: missing }, 'ok'],
    ['no aud', { aud: missing }, 'credential_malformed'],
    ['empty aud', { aud: '' }, 'credential_malformed'],
    ['empty list', { aud: [] }, 'credential_malformed'],
    ['aud with a number', { aud: ['a', 1] }, 'credential_malformed'],
    ['aud as an object', { aud: { a: 1 } }, 'credential_malformed'],
    ['list', { aud: ['x', 'a'] }, 'ok'],
    ['no exp', { exp: missing }, 'credential_malformed'],
    ['exp as text', { exp: String(NOW + 300) }, 'credential_malformed'],
    ['exp infinite', { exp: JSON.parse('1e400') as number }, 'credential_malformed'],
    ['exp infinite in milliseconds', { exp: 1e306 }, 'credential_malformed'],
    ['exp far away', { exp: 1e15 }, 'credential_invalid'],
    ['exp in a fraction of a second', { exp: NOW + 0.001 }, 'ok'],
    ['exp now', { exp: NOW }, 'token_expired'],
    ['exp a second ago', { exp: NOW - 1 }, 'token_expired'],
    ['exp negative', { exp: -1 }, 'token_expired'],
    ['no iat', { iat: missing }, 'credential_malformed'],
    ['iat as text', { iat: 'now' }, 'credential_malformed'],
    ['iat 30 s ahead', { iat: NOW + 30 }, 'ok'],
    ['iat 31 s ahead', { iat: NOW + 31 }, 'token_not_yet_valid'],
    ['nbf 30 s ahead', { nbf: NOW + 30 }, 'ok'],
    ['nbf 31 s ahead', { nbf: NOW + 31 }, 'token_not_yet_valid'],
    ['nbf as text', { nbf: 'now' }, 'credential_malformed'],
    ['nbf null', { nbf: null }, 'credential_malformed'],
    ['no nbf', { nbf: missing }, 'ok'],
    ['lifetime at the limit', { iat: NOW + 300 - 86_400 }, 'ok'],
    ['lifetime past the limit', { iat: NOW + 299 - 86_400 }, 'credential_invalid'],
  ])('%s → %s', (_name, changes, expected) => {
    const claims = JSON.parse(JSON.stringify({ ...good, ...changes })) as Record<string, unknown>;
    for (const [name, value] of Object.entries(changes)) if (value === Infinity) claims[name] = value;
    const result = checkClaims(claims, gitlab, clock.now());
    expect(result.kind === 'deny' ? result.reason : 'ok').toBe(expected);
  });
});

describe('Entra', () => {
  test.each([
    ['own tenant', { tid: TENANT }, 'ok'],
    ['no tenant', {}, 'ok'],
    ['another tenant', { tid: '99999999-2222-4333-8444-555555555555' }, 'credential_invalid'],
    ['part of the tenant', { tid: TENANT.slice(0, 8) }, 'credential_invalid'],
    ['empty tenant', { tid: '' }, 'credential_invalid'],
    ['tenant as a list', { tid: [TENANT] }, 'credential_invalid'],
  ])('%s → %s', (_name, changes, expected) => {
    const result = checkClaims({ ...good, ...changes }, entra, clock.now());
    expect(result.kind === 'deny' ? result.reason : 'ok').toBe(expected);
  });

  test('the token id is uti', () => {
    expect(checkClaims({ ...good, uti: 'u-1' }, entra, clock.now())).toMatchObject({ jti: 'u-1' });
  });
});
