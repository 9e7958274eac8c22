import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
  type KeyObject,
} from 'node:crypto';
import { calculateJwkThumbprint } from 'jose/jwk/thumbprint';

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

/** A retired key of another replica has no private part here. */
export function isSigningKey(key: VerificationKey): key is SigningKey {
  return 'privateKey' in key;
}

interface ReadKey<Key> {
  readonly kind: 'key';
  readonly key: Key;
}

/** The text is not a valid key on P-256. Without details: parser errors can quote the key. */
interface UnusableKey {
  readonly kind: 'unusable';
}

/** Reads PKCS #8 or SEC 1 in PEM format. */
export function readPem(pem: string): Promise<ReadKey<SigningKey> | UnusableKey> {
  return readSigningKey(() => createPrivateKey(pem));
}

/** Reads a private JWK in JSON, the form kept in the store. */
export function readJwk(text: string): Promise<ReadKey<SigningKey> | UnusableKey> {
  return readSigningKey(() =>
    createPrivateKey({ key: JSON.parse(text) as Record<string, string>, format: 'jwk' }),
  );
}

/** Reads a public JWK in JSON. */
export async function readPublicJwk(text: string): Promise<ReadKey<VerificationKey> | UnusableKey> {
  const publicKey = parseKey(() => {
    const { kty = '', crv = '', x = '', y = '' } = JSON.parse(text) as Record<string, string>;
    return createPublicKey({ key: { kty, crv, x, y }, format: 'jwk' });
  });
  if (publicKey === undefined) return UNUSABLE;
  return { kind: 'key', key: await toVerificationKey(publicKey) };
}

/** Generates a private key and returns its JWK in JSON. */
export function generateJwk(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return JSON.stringify(privateKey.export({ format: 'jwk' }));
}

const UNUSABLE: UnusableKey = { kind: 'unusable' };

async function readSigningKey(parse: () => KeyObject): Promise<ReadKey<SigningKey> | UnusableKey> {
  const privateKey = parseKey(parse);
  if (privateKey === undefined) return UNUSABLE;
  const publicKey = createPublicKey(privateKey);
  if (!isKeyPair(privateKey, publicKey)) return UNUSABLE;
  return { kind: 'key', key: { ...(await toVerificationKey(publicKey)), privateKey } };
}

/** Undefined: not a key on P-256. */
function parseKey(parse: () => KeyObject): KeyObject | undefined {
  try {
    const key = parse();
    return key.asymmetricKeyDetails?.namedCurve === 'prime256v1' ? key : undefined;
  } catch {
    return undefined;
  }
}

async function toVerificationKey(publicKey: KeyObject): Promise<VerificationKey> {
  const { kty, crv, x, y } = publicKey.export({ format: 'jwk' });
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
