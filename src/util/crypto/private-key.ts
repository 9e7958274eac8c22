import { createHash, createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { isKeyFor, type JwsAlgorithm } from './jws.ts';

/** A private key for JWS signatures. */
export interface JwsKey {
  readonly kind: 'key';
  readonly key: KeyObject;
  /** `x5t#S256` (RFC 7515 §4.1.8), if a certificate was given. */
  readonly certificateThumbprint: string | undefined;
}

/** `detail` follows the name of the file and contains nothing from it: parser errors can quote a key. */
export interface UnusableJwsKey {
  readonly kind: 'unusable';
  readonly file: 'key' | 'certificate';
  readonly detail: string;
}

/** Reads an unencrypted private key (PEM: PKCS #8, PKCS #1 or SEC 1) and the certificate of its public key. */
export function readJwsKey(
  pem: string,
  algorithm: JwsAlgorithm,
  certificatePem: string | undefined,
): JwsKey | UnusableJwsKey {
  const key = attempt(() => createPrivateKey(pem));
  if (key === undefined) return unusable('key', 'is not an unencrypted private key in PEM format');
  if (!isKeyFor(key, algorithm)) return unusable('key', `is not a key for ${algorithm}`);
  if (certificatePem === undefined) return { kind: 'key', key, certificateThumbprint: undefined };
  const certificate = attempt(() => new X509Certificate(certificatePem));
  if (certificate === undefined) return unusable('certificate', 'is not a certificate in PEM format');
  if (!certificate.checkPrivateKey(key)) return unusable('certificate', 'is not the certificate of the key');
  const certificateThumbprint = createHash('sha256').update(certificate.raw).digest('base64url');
  return { kind: 'key', key, certificateThumbprint };
}

function attempt<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}

function unusable(file: UnusableJwsKey['file'], detail: string): UnusableJwsKey {
  return { kind: 'unusable', file, detail };
}
