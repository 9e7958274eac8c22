import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
  type KeyObject,
} from 'node:crypto';
import { calculateJwkThumbprint } from 'jose';

/** An EC P-256 key pair, identified by its RFC 7638 thumbprint. */
export interface SigningKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** The published form (RFC 7517). */
  readonly publicJwk: Readonly<Record<string, unknown>>;
}

/** Reads PKCS #8 or SEC 1 in PEM format. Throws if it is neither or uses another curve. */
export function readPem(pem: string): Promise<SigningKey> {
  return toSigningKey(createPrivateKey(pem));
}

/** Reads a private JWK in JSON, the form kept in the store. */
export function readJwk(text: string): Promise<SigningKey> {
  const jwk = JSON.parse(text) as Record<string, string>;
  return toSigningKey(createPrivateKey({ key: jwk, format: 'jwk' }));
}

/** Generates a private key and returns its JWK in JSON. */
export function generateJwk(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return JSON.stringify(privateKey.export({ format: 'jwk' }));
}

async function toSigningKey(privateKey: KeyObject): Promise<SigningKey> {
  if (privateKey.asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
    throw new TypeError('not an EC key on P-256');
  }
  const publicKey = createPublicKey(privateKey);
  if (!isKeyPair(privateKey, publicKey)) throw new TypeError('the public key does not match the private key');
  const { kty, crv, x, y } = publicKey.export({ format: 'jwk' });
  const kid = await calculateJwkThumbprint({
    kty: String(kty),
    crv: String(crv),
    x: String(x),
    y: String(y),
  });
  return { kid, privateKey, publicKey, publicJwk: { kty, crv, x, y, kid, alg: 'ES256', use: 'sig' } };
}

/** SEC 1 and PKCS #8 contain both keys (RFC 5915 §3), and OpenSSL does not compare them. */
function isKeyPair(privateKey: KeyObject, publicKey: KeyObject): boolean {
  const message = Buffer.from('gatehouse');
  return verify('sha256', message, publicKey, sign('sha256', message, privateKey));
}
