import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
  type KeyObject,
} from 'node:crypto';
import { calculateJwkThumbprint } from 'jose';

/** An EC P-256 public key, identified by its RFC 7638 thumbprint. */
export interface VerificationKey {
  readonly kid: string;
  readonly publicKey: KeyObject;
  /** The published form (RFC 7517). */
  readonly publicJwk: Readonly<Record<string, unknown>>;
}

/** A key pair. */
export interface SigningKey extends VerificationKey {
  readonly privateKey: KeyObject;
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

/** Reads a public JWK in JSON. Rejects if it is none on P-256. */
export async function readPublicJwk(text: string): Promise<VerificationKey> {
  const { kty = '', crv = '', x = '', y = '' } = JSON.parse(text) as Record<string, string>;
  return toVerificationKey(createPublicKey({ key: { kty, crv, x, y }, format: 'jwk' }));
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
  return { ...(await toVerificationKey(publicKey)), privateKey };
}

async function toVerificationKey(publicKey: KeyObject): Promise<VerificationKey> {
  const { kty, crv, x, y } = publicKey.export({ format: 'jwk' });
  if (crv !== 'P-256') throw new TypeError('not an EC key on P-256');
  const kid = await calculateJwkThumbprint({
    kty: String(kty),
    crv: String(crv),
    x: String(x),
    y: String(y),
  });
  return { kid, publicKey, publicJwk: { kty, crv, x, y, kid, alg: 'ES256', use: 'sig' } };
}

/** SEC 1 and PKCS #8 contain both keys (RFC 5915 §3), and OpenSSL does not compare them. */
function isKeyPair(privateKey: KeyObject, publicKey: KeyObject): boolean {
  const message = Buffer.from('gatehouse');
  return verify('sha256', message, publicKey, sign('sha256', message, privateKey));
}
