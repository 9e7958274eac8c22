import { generateKeyPairSync, type KeyObject } from 'node:crypto';

/** A private key in PEM format, as operators create it, and the public key as registered at an authorization server. */
export interface ClientKey {
  readonly pem: string;
  readonly jwk: Readonly<Record<string, unknown>>;
  readonly publicKey: KeyObject;
}

export function createClientKey(
  algorithm: 'RS256' | 'PS256' | 'ES256' | 'EdDSA',
  { kid, type = 'pkcs8' }: { readonly kid?: string; readonly type?: 'pkcs8' | 'pkcs1' | 'sec1' } = {},
): ClientKey {
  const { privateKey, publicKey } = generatePair(algorithm);
  const pem = privateKey.export({ format: 'pem', type: type as 'pkcs8' }).toString();
  const jwk = { ...publicKey.export({ format: 'jwk' }), use: 'sig', alg: algorithm, ...(kid && { kid }) };
  return { pem, jwk, publicKey };
}

function generatePair(algorithm: string): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } {
  if (algorithm === 'ES256') return generateKeyPairSync('ec', { namedCurve: 'P-256' });
  if (algorithm === 'EdDSA') return generateKeyPairSync('ed25519');
  return generateKeyPairSync('rsa', { modulusLength: 2048 });
}
