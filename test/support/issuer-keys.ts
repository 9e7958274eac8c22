import { constants, generateKeyPairSync, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

export type SigningAlgorithm = 'RS256' | 'PS256' | 'ES256' | 'ES384' | 'ES512' | 'EdDSA';

/** A key pair of a test issuer, and how it looks in the issuer's key set. */
export interface SigningKey {
  readonly kid: string;
  readonly alg: SigningAlgorithm;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly jwk: Readonly<Record<string, unknown>>;
}

const CURVES = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' } as const;

export function generateKey(kid: string, alg: SigningAlgorithm = 'RS256', rsaBits = 2048): SigningKey {
  const { privateKey, publicKey } = generatePair(alg, rsaBits);
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid, alg, use: 'sig' };
  return { kid, alg, privateKey, publicKey, jwk };
}

function generatePair(
  alg: SigningAlgorithm,
  modulusLength: number,
): { privateKey: KeyObject; publicKey: KeyObject } {
  switch (alg) {
    case 'RS256':
    case 'PS256':
      return generateKeyPairSync('rsa', { modulusLength });
    case 'ES256':
    case 'ES384':
    case 'ES512':
      return generateKeyPairSync('ec', { namedCurve: CURVES[alg] });
    case 'EdDSA':
      return generateKeyPairSync('ed25519');
    default:
      return alg satisfies never;
  }
}

export type Part = Readonly<Record<string, unknown>> | string | Buffer;

/** base64url of an object's JSON, or of text or bytes as they are. */
export function encodePart(part: Part): string {
  const bytes = typeof part === 'string' || Buffer.isBuffer(part) ? part : JSON.stringify(part);
  return Buffer.from(bytes).toString('base64url');
}

/** Written with node:crypto alone, so that tests do not check a library with itself. */
export function signCompact(header: Part, payload: Part, key: SigningKey): string {
  const input = `${encodePart(header)}.${encodePart(payload)}`;
  return `${input}.${signatureOf(input, key).toString('base64url')}`;
}

function signatureOf(input: string, { alg, privateKey }: SigningKey): Buffer {
  const data = Buffer.from(input);
  switch (alg) {
    case 'RS256':
      return sign('sha256', data, privateKey);
    case 'PS256':
      return sign('sha256', data, {
        key: privateKey,
        padding: constants.RSA_PKCS1_PSS_PADDING,
        saltLength: 32,
      });
    case 'ES256':
    case 'ES384':
    case 'ES512':
      return sign(`sha${{ ES256: 256, ES384: 384, ES512: 512 }[alg]}`, data, {
        key: privateKey,
        dsaEncoding: 'ieee-p1363',
      });
    case 'EdDSA':
      return sign(null, data, privateKey);
    default:
      return alg satisfies never;
  }
}
