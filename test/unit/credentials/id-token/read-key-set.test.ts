import { describe, expect, test } from 'vitest';
import {
  fitsAlgorithm,
  readKeySet,
  type KeyHandle,
} from '../../../../src/credentials/id-token/read-key-set.ts';
import { generateKey } from '../../../support/issuer-keys.ts';

const rsa = generateKey('rsa');
const weak = generateKey('weak', 'RS256', 1024);
const ec = generateKey('ec', 'ES256');
const ed = generateKey('ed', 'EdDSA');

function keysOf(document: unknown): readonly KeyHandle[] {
  const result = readKeySet(document);
  if (result.kind !== 'keys') throw new Error(result.detail);
  return result.keys;
}
const kidsOf = (document: unknown): string[] => keysOf(document).map(({ kid }) => kid);

test('accepts RSA, EC and Ed25519 keys', () => {
  expect(kidsOf({ keys: [rsa.jwk, ec.jwk, ed.jwk] })).toEqual(['rsa', 'ec', 'ed']);
});

describe('ignores', () => {
  test.each([
    ['symmetric keys', { kty: 'oct', k: 'c2VjcmV0', kid: 'x' }],
    ['encryption keys', { ...rsa.jwk, use: 'enc' }],
    ['keys for other operations', { ...rsa.jwk, key_ops: ['encrypt'] }],
    ['odd operations', { ...rsa.jwk, key_ops: 'verify' }],
    ['RSA under 2048 bits', weak.jwk],
    ['keys without kid', { ...rsa.jwk, kid: undefined }],
    ['keys with an empty kid', { ...rsa.jwk, kid: '' }],
    ['keys with a long kid', { ...rsa.jwk, kid: 'k'.repeat(257) }],
    ['keys with a number as kid', { ...rsa.jwk, kid: 1 }],
    ['keys with an odd alg', { ...rsa.jwk, alg: 1 }],
    ['broken keys', { kty: 'RSA', kid: 'x', n: '!', e: 'AQAB' }],
    ['points off the curve', { ...ec.jwk, x: ec.jwk['y'] }],
    ['unknown types', { kty: 'AKP', kid: 'x' }],
    ['null', null],
    ['text', 'key'],
  ])('%s', (_name, entry) => {
    expect(kidsOf({ keys: [entry, ed.jwk] })).toEqual(['ed']);
    expect(() => kidsOf({ keys: [entry] })).toThrow('no usable signing key');
  });
});

test('a key for verifying among others', () => {
  expect(kidsOf({ keys: [{ ...rsa.jwk, use: undefined, key_ops: ['sign', 'verify'] }] })).toEqual(['rsa']);
});

test('only the public part of a published private key is used', () => {
  const [handle] = keysOf({ keys: [{ ...rsa.privateKey.export({ format: 'jwk' }), kid: 'rsa' }] });
  expect(handle?.key.type).toBe('public');
});

test.each([
  ['null', null],
  ['a list', []],
  ['no keys', {}],
  ['keys as an object', { keys: {} }],
  ['an empty list', { keys: [] }],
  ['too many', { keys: Array.from({ length: 101 }, () => rsa.jwk) }],
])('refuses a document of %s', (_name, document) => {
  expect(readKeySet(document).kind).toBe('key_set_invalid');
});

test('equal keys have equal fingerprints; another kid or alg changes it', () => {
  const prints = keysOf({
    keys: [rsa.jwk, { ...rsa.jwk }, { ...rsa.jwk, kid: 'other' }, { ...rsa.jwk, alg: 'PS256' }],
  }).map(({ fingerprint }) => fingerprint);
  expect(prints[0]).toBe(prints[1]);
  expect(new Set(prints).size).toBe(3);
});

describe('fitsAlgorithm', () => {
  const all = ['RS256', 'RS512', 'PS256', 'ES256', 'ES384', 'EdDSA', 'Ed25519', 'HS256', 'none', 'RS256x'];
  const free = (jwk: object): object => ({ ...jwk, alg: undefined });
  test.each([
    ['RSA with alg', rsa.jwk, ['RS256']],
    ['RSA', free(rsa.jwk), ['RS256', 'RS512', 'PS256']],
    ['EC', free(ec.jwk), ['ES256']],
    ['EC that claims another alg', { ...ec.jwk, alg: 'RS256' }, []],
    ['Ed25519', ed.jwk, ['EdDSA', 'Ed25519']],
    ['Ed25519 by its new name', { ...ed.jwk, alg: 'Ed25519' }, ['EdDSA', 'Ed25519']],
  ])('%s', (_name, jwk, expected) => {
    const [handle] = keysOf({ keys: [jwk] });
    if (handle === undefined) throw new Error('no key');
    expect(all.filter((alg) => fitsAlgorithm(handle, alg))).toEqual(expected);
  });
});

describe('a SPIFFE bundle', () => {
  const read = (document: unknown): ReturnType<typeof readKeySet> =>
    readKeySet(document, undefined, 'spiffe_bundle');

  test('has keys for JWT-SVIDs among others', () => {
    const uses = ['jwt-svid', 'x509-svid', 'sig', 'unknown', undefined];
    const keys = uses.map((use) => ({ ...ec.jwk, kid: String(use), use }));
    const result = read({ keys, spiffe_sequence: 12 });
    expect(result.kind === 'keys' && result.keys.map(({ kid }) => kid)).toEqual(['jwt-svid']);
    expect(readKeySet({ keys: keys.slice(0, 1) }).kind).toBe('key_set_invalid');
  });

  test.each([
    [1, 60_000],
    [-5, 60_000],
    [300, 300_000],
    [1e9, 3_600_000],
    ['300', undefined],
    [undefined, undefined],
  ])('with the refresh hint %j is fetched after %j ms', (hint, refresh) => {
    const keys = [{ ...ec.jwk, use: 'jwt-svid' }];
    expect(read({ keys, spiffe_refresh_hint: hint })).toMatchObject({ kind: 'keys', refresh });
  });

  test('of an issuer of ID tokens has no refresh hint', () => {
    expect(readKeySet({ keys: [ec.jwk], spiffe_refresh_hint: 60 })).toMatchObject({ refresh: undefined });
  });
});
