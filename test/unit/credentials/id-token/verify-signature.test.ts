import {
  constants,
  generateKeyPairSync,
  randomInt,
  sign,
  type KeyObject,
  type SignKeyObjectInput,
} from 'node:crypto';
import { compactVerify } from 'jose';
import { describe, expect, test } from 'vitest';
import { readKeySet, type KeyHandle } from '../../../../src/credentials/id-token/read-key-set.ts';
import { verifySignature } from '../../../../src/credentials/id-token/verify-signature.ts';

/** A key pair, and the algorithms that its type supports. */
const KEYS = {
  'RSA 2048': { pair: generateKeyPairSync('rsa', { modulusLength: 2048 }), algorithms: RSA() },
  'RSA 4096': { pair: generateKeyPairSync('rsa', { modulusLength: 4096 }), algorithms: RSA() },
  'P-256': { pair: generateKeyPairSync('ec', { namedCurve: 'P-256' }), algorithms: ['ES256'] },
  'P-384': { pair: generateKeyPairSync('ec', { namedCurve: 'P-384' }), algorithms: ['ES384'] },
  'P-521': { pair: generateKeyPairSync('ec', { namedCurve: 'P-521' }), algorithms: ['ES512'] },
  Ed25519: { pair: generateKeyPairSync('ed25519'), algorithms: ['EdDSA', 'Ed25519'] },
} as const;

function RSA() {
  return ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const;
}

const CASES = Object.entries(KEYS).flatMap(([name, { pair, algorithms }]) =>
  algorithms.map((alg) => ({ name, pair, alg })),
);

function inputOf(alg: string): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${encode({ alg, kid: 'a' })}.${encode({ sub: 'someone' })}`;
}

function signed(input: string, signature: Buffer): string {
  return `${input}.${signature.toString('base64url')}`;
}

function signatureOf(
  input: string,
  alg: string,
  key: KeyObject,
  options: Partial<SignKeyObjectInput> = {},
): Buffer {
  const digest = alg.startsWith('Ed') ? null : `sha${alg.slice(-3)}`;
  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
  return sign(digest, Buffer.from(input), {
    key,
    dsaEncoding: 'ieee-p1363',
    ...(alg.startsWith('PS') ? pss : {}),
    ...options,
  });
}

async function accepts(token: string, alg: string, key: KeyObject): Promise<boolean> {
  const jwk = { ...key.export({ format: 'jwk' }), kid: 'a' };
  return (await verifySignature(token, alg, keysOf([jwk]))) !== undefined;
}

function keysOf(keys: readonly object[]): readonly KeyHandle[] {
  const read = readKeySet({ keys });
  if (read.kind !== 'keys') throw new Error(read.kind);
  return read.keys;
}

async function joseAccepts(token: string, alg: string, key: KeyObject): Promise<boolean> {
  return compactVerify(token, key, { algorithms: [alg] }).then(
    () => true,
    () => false,
  );
}

describe.each(CASES)('$alg with $name', ({ pair: { publicKey, privateKey }, alg }) => {
  const input = inputOf(alg);
  const valid = signatureOf(input, alg, privateKey);

  test('a valid signature is accepted', async () => {
    expect(await accepts(signed(input, valid), alg, publicKey)).toBe(true);
    expect(await joseAccepts(signed(input, valid), alg, publicKey)).toBe(true);
  });

  test('a signature with another length, of zeros, or without bytes is refused', async () => {
    const zeros = Buffer.alloc(valid.length);
    const ones = Buffer.alloc(valid.length);
    ones[valid.length / 2 - 1] = 1;
    ones[valid.length - 1] = 1;
    const others = [
      zeros,
      ones,
      Buffer.alloc(0),
      valid.subarray(1),
      valid.subarray(0, -1),
      Buffer.concat([valid, zeros]),
      Buffer.concat([valid, Buffer.alloc(1)]),
      Buffer.concat([Buffer.alloc(1), valid]),
    ];
    for (const signature of others) {
      expect(await accepts(signed(input, signature), alg, publicKey)).toBe(false);
      // jose accepts an RSASSA-PSS signature without its leading zeros; a random signature has one in 256 cases.
      if (signature.length < valid.length && alg.startsWith('PS') && valid[0] === 0) continue;
      expect(await joseAccepts(signed(input, signature), alg, publicKey)).toBe(false);
    }
  });

  test('every changed signature and input is refused, as jose refuses it', async () => {
    for (let run = 0; run < 100; run += 1) {
      const changed = Buffer.from(valid);
      const at = randomInt(valid.length);
      changed[at] = (changed[at] ?? 0) ^ (1 << randomInt(8));
      expect(await accepts(signed(input, changed), alg, publicKey)).toBe(false);
      expect(await joseAccepts(signed(input, changed), alg, publicKey)).toBe(false);
    }
    expect(await accepts(signed(`${input}a`, valid), alg, publicKey)).toBe(false);
  });

  test('another encoding, salt, algorithm or key is decided as jose decides it', async () => {
    const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    const signatures = [
      signatureOf(input, alg, privateKey, { dsaEncoding: 'der' }),
      ...(alg.startsWith('PS')
        ? [0, 20, 31, 33].map((saltLength) => signatureOf(input, alg, privateKey, { saltLength }))
        : []),
      ...(privateKey.asymmetricKeyType === 'rsa'
        ? [...RSA().map((made) => signatureOf(input, made, privateKey)), signatureOf(input, 'RS256', other)]
        : []),
    ];
    for (const signature of signatures) {
      const token = signed(input, signature);
      expect(await accepts(token, alg, publicKey)).toBe(await joseAccepts(token, alg, publicKey));
    }
  });
});

test('an RSASSA-PSS signature without its leading zero is refused, although jose accepts it', async () => {
  const { publicKey, privateKey } = KEYS['RSA 2048'].pair;
  const input = inputOf('PS256');
  let signature = signatureOf(input, 'PS256', privateKey);
  while (signature[0] !== 0) signature = signatureOf(input, 'PS256', privateKey);
  const shortened = signed(input, signature.subarray(1));
  expect(await joseAccepts(shortened, 'PS256', publicKey)).toBe(true);
  expect(await accepts(shortened, 'PS256', publicKey)).toBe(false);
  expect(await accepts(signed(input, signature), 'PS256', publicKey)).toBe(true);
});

test('a key of another type verifies nothing', async () => {
  const input = inputOf('RS256');
  const signature = signatureOf(input, 'RS256', KEYS['RSA 2048'].pair.privateKey);
  for (const { pair } of [KEYS['P-256'], KEYS.Ed25519])
    expect(await accepts(signed(input, signature), 'RS256', pair.publicKey)).toBe(false);
});

test('the second of two keys with one id is found', async () => {
  const keys = [KEYS['RSA 4096'], KEYS['RSA 2048']].map(({ pair }) => ({
    ...pair.publicKey.export({ format: 'jwk' }),
    kid: 'a',
  }));
  const input = inputOf('PS512');
  const token = signed(input, signatureOf(input, 'PS512', KEYS['RSA 2048'].pair.privateKey));
  const candidates = keysOf(keys);
  expect(await verifySignature(token, 'PS512', candidates)).toBe(candidates[1]);
});

test('many short keys with one id do not hold the event loop', async () => {
  const keys = Array.from({ length: 5 }, (_, index) => ({
    ...KEYS['RSA 2048'].pair.publicKey.export({ format: 'jwk' }),
    kid: 'a',
    // Another exponent is another key.
    ...(index < 4 && { e: Buffer.from([3 + 2 * index]).toString('base64url') }),
  }));
  const input = inputOf('RS256');
  const token = signed(input, signatureOf(input, 'RS256', KEYS['RSA 2048'].pair.privateKey));
  const candidates = keysOf(keys);
  expect(candidates).toHaveLength(5);
  const verified = verifySignature(token, 'RS256', candidates);
  expect(verified).toBeInstanceOf(Promise);
  expect(await verified).toBe(candidates[4]);
  expect(verifySignature(token, 'RS256', candidates.slice(3))).toBe(candidates[4]);
});
