import { describe, expect, test } from 'vitest';
import type { VerifiedCredential } from '../../../src/core/credentials/credential.ts';
import { createMint, type MintRequest } from '../../../src/token-service/mint.ts';
import { credential, minted, NOW } from './fixtures.ts';

const MINUTE = 60_000;

function mintWith(lifetimes: Record<string, number> = {}) {
  const payloads: Readonly<Record<string, unknown>>[] = [];
  const mint = createMint(
    {
      publicUrl: 'https://gateway.example.com',
      lifetimes: new Map(Object.entries(lifetimes)),
      claims: new Set(['project_id']),
    },
    {
      keyring: {
        async sign(typ, payload) {
          payloads.push({ typ, ...payload });
          return 'signed';
        },
      },
      clock: { now: () => NOW },
    },
  );
  return { mint, payloads };
}

function request(source: VerifiedCredential | undefined, rest: Partial<MintRequest> = {}): MintRequest {
  return { source, identity: 'ci', audience: 'aud', extra: {}, ...rest };
}

describe('the lifetime of a minted token', () => {
  test.each([
    ['an ID token: the default, independent of its expiry', { class: 'id_token', expiresAt: NOW }, {}, 15],
    ['an ID token: the tokenLifetime of the identity', { class: 'id_token' }, { ci: 30 * MINUTE }, 30],
    ['a job token: at most 5 minutes', { class: 'job_token', expiresAt: Infinity }, {}, 5],
    ['a job token: a shorter tokenLifetime', { class: 'job_token' }, { ci: 2 * MINUTE }, 2],
    ['a GitLab deploy token: at most 5 minutes', { class: 'deploy_token', issuer: 'gitlab' }, {}, 5],
    [
      'an access token: its remaining lifetime',
      { class: 'access_token', expiresAt: NOW + 3 * MINUTE },
      {},
      3,
    ],
    ['exactly one minute', { class: 'access_token', expiresAt: NOW + MINUTE }, {}, 1],
  ] as const)('%s', async (_name, source, lifetimes, minutes) => {
    const { mint, payloads } = mintWith(lifetimes);
    const token = await mint(request(credential(source)));
    expect(token).toMatchObject({ kind: 'minted', token: 'signed', expiresIn: minutes * 60 });
    const iat = NOW / 1000;
    expect(payloads).toMatchObject([{ iat, nbf: iat, exp: iat + minutes * 60 }]);
  });

  test.each([
    ['less than a minute remains', NOW + MINUTE - 1],
    ['the source has expired', NOW - MINUTE],
  ])('%s: token_expired', async (_name, expiresAt) => {
    const { mint, payloads } = mintWith();
    expect(await mint(request(credential({ class: 'access_token', expiresAt })))).toMatchObject({
      kind: 'deny',
      reason: 'token_expired',
    });
    expect(payloads).toEqual([]);
  });
});

test('the token names issuer, audience, identity, and the claims in use', async () => {
  const { mint, payloads } = mintWith();
  await mint(request(credential(), { workload: 'deploy@example.com', extra: { scope: 'read_api' } }));
  expect(payloads).toMatchObject([
    {
      typ: 'at+jwt',
      iss: 'https://gateway.example.com',
      aud: 'aud',
      sub: 'ci',
      email: 'deploy@example.com',
      scope: 'read_api',
      src: { issuer: 'gitlab', jti: 'job-1', credential: 'id_token', claims: { project_id: '20' } },
    },
  ]);
  expect(payloads[0]?.['src']).not.toHaveProperty('claims.user_login');
});

test('an anonymous token has no source', async () => {
  const { mint, payloads } = mintWith();
  await mint(request(undefined));
  expect(payloads).toMatchObject([{ sub: 'anonymous' }]);
  expect(payloads[0]).not.toHaveProperty('src');
});

test('a token minted from a minted one keeps the original source and lists its parents', async () => {
  const parent = credential({
    class: 'access_token',
    jti: 'second',
    tokenHash: 'c'.repeat(64),
    minted: minted({
      workload: 'deploy@example.com',
      publishing: true,
      parents: [{ jti: 'first', tokenHash: 'd'.repeat(64) }],
    }),
  });
  const { mint, payloads } = mintWith();
  await mint(request(parent));
  expect(payloads).toMatchObject([
    {
      email: 'deploy@example.com',
      src: {
        credential: 'id_token',
        tokenHash: 'b'.repeat(64),
        parentAud: 'https://gateway.example.com',
        parents: [{ jti: 'first' }, { jti: 'second', tokenHash: 'c'.repeat(64) }],
        since: NOW / 1000,
        publishing: true,
      },
    },
  ]);
});

test('a chain of four tokens cannot be extended', async () => {
  const parents = [1, 2, 3, 4].map((n) => ({ jti: `parent-${n}`, tokenHash: 'e'.repeat(64) }));
  const { mint, payloads } = mintWith();
  expect(
    await mint(request(credential({ class: 'access_token', minted: minted({ parents }) }))),
  ).toMatchObject({
    kind: 'deny',
    reason: 'credential_invalid',
  });
  expect(payloads).toEqual([]);
});
