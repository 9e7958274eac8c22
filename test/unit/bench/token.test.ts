import { createPublicKey } from 'node:crypto';
import { createLocalJWKSet, jwtVerify } from 'jose';
import type { JSONWebKeySet } from 'jose';
import { expect, test } from 'vitest';
import { AUDIENCE, ISSUER, createCredentials } from '../../../bench/machine/token.ts';

const credentials = createCredentials();
const keys = createLocalJWKSet(JSON.parse(credentials.keySet) as JSONWebKeySet);
const expected = { issuer: ISSUER, audience: AUDIENCE, algorithms: ['RS256'] };

test('the token is valid with both forms of the key and has about 1 KB', async () => {
  expect(credentials.token.length).toBeGreaterThan(1000);
  expect(credentials.token.length).toBeLessThan(1600);
  await expect(jwtVerify(credentials.token, keys, expected)).resolves.toMatchObject({
    payload: { project_path: 'acme/payments' },
  });
  await expect(
    jwtVerify(credentials.token, createPublicKey(credentials.publicKeyPem), expected),
  ).resolves.toBeDefined();
});

test.each(credentials.refused)('a token that is $why is invalid', async ({ token }) => {
  await expect(jwtVerify(token, keys, expected)).rejects.toThrow();
});
