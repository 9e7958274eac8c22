import { createCipheriv, createDecipheriv, hkdfSync, randomBytes, type KeyObject } from 'node:crypto';

/** AES-256-GCM with a key that only holders of the signing key can derive (RFC 5869). */
const CIPHER = 'aes-256-gcm';
const NONCE = 12;
const TAG = 16;
const PURPOSE = 'gatehouse sealed claim';

/** Derived once for each signing key. */
const derived = new WeakMap<KeyObject, Buffer>();

function sealingKey(signingKey: KeyObject): Buffer {
  const known = derived.get(signingKey);
  if (known !== undefined) return known;
  const { d = '' } = signingKey.export({ format: 'jwk' });
  const key = Buffer.from(hkdfSync('sha256', Buffer.from(d, 'base64url'), '', PURPOSE, 32));
  derived.set(signingKey, key);
  return key;
}

/** Encrypts a text; `context` is not part of the result and must be the same when it is opened. */
export function seal(signingKey: KeyObject, text: string, context: string): string {
  const nonce = randomBytes(NONCE);
  const cipher = createCipheriv(CIPHER, sealingKey(signingKey), nonce, { authTagLength: TAG });
  cipher.setAAD(Buffer.from(context));
  const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, body, cipher.getAuthTag()]).toString('base64url');
}

/** Undefined: the text was sealed with another key or context. */
export function unseal(signingKey: KeyObject, sealed: string, context: string): string | undefined {
  const bytes = Buffer.from(sealed, 'base64url');
  if (bytes.length < NONCE + TAG) return undefined;
  const decipher = createDecipheriv(CIPHER, sealingKey(signingKey), bytes.subarray(0, NONCE), {
    authTagLength: TAG,
  });
  decipher.setAAD(Buffer.from(context));
  decipher.setAuthTag(bytes.subarray(-TAG));
  try {
    return decipher.update(bytes.subarray(NONCE, -TAG), undefined, 'utf8') + decipher.final('utf8');
  } catch {
    return undefined;
  }
}
