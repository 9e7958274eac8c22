import { createPrivateKey, sign, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { GatehouseError } from '../../../core/errors.ts';

/** Reads an RSA key in PEM, PKCS#1 (the form that GitHub generates) or PKCS#8. Throws `startup_failed`. */
export function readAppKey(pem: string, path: string): KeyObject {
  let key: KeyObject | undefined;
  try {
    key = createPrivateKey(pem);
  } catch {
    // Without the cause: parser errors can quote the key.
  }
  if (key?.asymmetricKeyType === 'rsa') return key;
  throw new GatehouseError('startup_failed', `${path} must contain an unencrypted RSA private key (PEM)`);
}

/** Seconds. GitHub accepts at most ten minutes, and recommends an `iat` in the past against clock drift. */
const LIFETIME = 600;
const CLOCK_DRIFT = 60;

/** The JWT by which the app authenticates; GitHub docs, "Generating a JSON Web Token (JWT) for a GitHub App". */
export async function signAppJwt(key: KeyObject, appId: number | string, now: number): Promise<string> {
  const iat = Math.floor(now / 1000) - CLOCK_DRIFT;
  const input = [
    { alg: 'RS256', typ: 'JWT' },
    { iat, exp: iat + LIFETIME, iss: appId },
  ]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  const signature = await signAsync('sha256', Buffer.from(input), key);
  return `${input}.${signature.toString('base64url')}`;
}

const signAsync = promisify(sign);
