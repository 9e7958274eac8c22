import { constants, verify, type KeyObject, type VerifyKeyObjectInput } from 'node:crypto';
import { fitsAlgorithm } from './read-key-set.ts';
import type { KeyHandle } from './read-key-set.ts';

/**
 * Returns the candidate key that signed the token; undefined if none did. `token` is a JWS in compact serialization
 * whose header and encoding were checked. Synchronous if the candidates are few and short RSA keys.
 */
export function verifySignature(
  token: string,
  alg: string,
  candidates: readonly KeyHandle[],
): KeyHandle | undefined | Promise<KeyHandle | undefined> {
  const end = token.lastIndexOf('.');
  const signed = Buffer.from(token.slice(0, end), 'latin1');
  const signature = Buffer.from(token.slice(end + 1), 'base64url');
  const fitting = candidates.filter(
    (candidate) => fitsAlgorithm(candidate, alg) && fitsLength(candidate, signature),
  );
  if (fitting.length > MAX_AT_ONCE || !fitting.every(({ isFast }) => isFast))
    return verifyOffThread(fitting, alg, signed, signature);
  return fitting.find(({ key }) => {
    try {
      return verify(digestOf(alg), signed, verifyOptions(key, alg), signature);
    } catch {
      // An invalid signature and an unusable key have the same result: try the next key.
      return false;
    }
  });
}

/**
 * RFC 8017 §8.1.2, step 1: an RSA signature is as long as the modulus. OpenSSL accepts an RSASSA-PSS signature without
 * its leading zeros, which would be a second token with the same claims.
 */
function fitsLength({ rsaSignatureLength }: KeyHandle, signature: Buffer): boolean {
  return rsaSignatureLength === undefined || rsaSignatureLength === signature.length;
}

/** Issuers use one key per id. A forged token is verified with each, and a key set may have 100 keys with one id. */
const MAX_AT_ONCE = 4;

/** Keeps the event loop free. */
async function verifyOffThread(
  candidates: readonly KeyHandle[],
  alg: string,
  signed: Buffer,
  signature: Buffer,
): Promise<KeyHandle | undefined> {
  for (const candidate of candidates) {
    const isValid = await new Promise<boolean>((resolve) => {
      try {
        verify(digestOf(alg), signed, verifyOptions(candidate.key, alg), signature, (error, valid) =>
          resolve(error === null && valid),
        );
      } catch {
        resolve(false);
      }
    });
    if (isValid) return candidate;
  }
  return undefined;
}

/** RFC 7518 §3.1 names the digest at the end of the algorithm; EdDSA has its own (RFC 8037 §3.1). */
function digestOf(alg: string): string | null {
  return alg === 'EdDSA' || alg === 'Ed25519' ? null : `sha${alg.slice(-3)}`;
}

/** RFC 7518 §3.4: an ECDSA signature is R and S, not DER. §3.5: the salt of RSASSA-PSS is as long as the digest. */
function verifyOptions(key: KeyObject, alg: string): KeyObject | VerifyKeyObjectInput {
  switch (alg.slice(0, 2)) {
    case 'ES':
      return { key, dsaEncoding: 'ieee-p1363' };
    case 'PS':
      return { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
    default:
      return key;
  }
}
