import { expect, test } from 'vitest';
import { deny } from '../../../src/core/decision.ts';
import { GatehouseError } from '../../../src/core/errors.ts';
import type { Mint, MintRequest } from '../../../src/token-service/mint.ts';
import { createServiceTokens } from '../../../src/token-service/service-tokens.ts';
import { credential } from './fixtures.ts';

const LOGIN = {
  service: 'conan',
  credential: credential(),
  presented: 'sent',
  identity: 'ci',
  scopes: ['read_package_registry', 'write_package_registry'],
} as const;

test('the token is for the service, with the scopes of the protocol', async () => {
  const requests: MintRequest[] = [];
  const mint: Mint = async (request) => {
    requests.push(request);
    return { kind: 'minted', token: 'signed', jti: 'new', expiresIn: 900 };
  };
  const issue = createServiceTokens(mint);
  expect(await issue(LOGIN)).toEqual({
    kind: 'issued',
    token: 'signed',
    detail: 'issued token new, valid for 900 s',
  });
  await issue({ ...LOGIN, identity: undefined });
  expect(requests).toMatchObject([
    {
      identity: 'ci',
      audience: 'urn:gatehouse:service:conan',
      extra: { scope: 'read_package_registry write_package_registry' },
    },
    { identity: ':stranger' },
  ]);
});

test('a credential that ends too soon, and a store without a signing key', async () => {
  const refusal = deny('token_expired', 'the credential expires in 10 s');
  expect(await createServiceTokens(async () => refusal)(LOGIN)).toBe(refusal);
  const unavailable = createServiceTokens(() =>
    Promise.reject(new GatehouseError('store_unavailable', 'no signing key')),
  );
  expect(await unavailable(LOGIN)).toMatchObject({ kind: 'unable', reason: 'store_unavailable' });
  const fault = createServiceTokens(() => Promise.reject(new TypeError('a fault')));
  await expect(fault(LOGIN)).rejects.toThrow(TypeError);
});
