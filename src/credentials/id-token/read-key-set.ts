import type { KeyObject } from 'node:crypto';
import { createPublicKey } from 'node:crypto';
import { isRecord } from '../../util/json/object.ts';
import { invalidKeySet, type KeySetFailure } from './key-set-failure.ts';
import { weaknessOf } from './key-strength.ts';

/** A published key. */
export interface KeyHandle {
  readonly kid: string;
  readonly key: KeyObject;
  /** The `alg` of the JWK: the only algorithm that the key can be used with, if set. */
  readonly alg: string | undefined;
  /** The verification is faster than the hand-over to the thread pool. */
  readonly isFast: boolean;
  /** Bytes of a signature with an RSA key: the length of the modulus. Undefined for other types. */
  readonly rsaSignatureLength: number | undefined;
  /** Identifies the key, so that a refresh keeps the handle of an unchanged key. */
  readonly fingerprint: string;
  /** False, permanently, once the issuer no longer publishes the key. */
  alive: boolean;
}

const MAX_ENTRIES = 100;
const MAX_KID_LENGTH = 256;

const CURVES: Readonly<Record<string, string>> = {
  ES256: 'prime256v1',
  ES384: 'secp384r1',
  ES512: 'secp521r1',
};

/** The usable keys of a JWK Set; at least one. */
export interface PublishedKeys {
  readonly kind: 'keys';
  readonly keys: readonly KeyHandle[];
  /** Milliseconds to the next fetch, as a SPIFFE bundle proposes. */
  readonly refresh?: number | undefined;
}

/** `spiffe_bundle`: only keys with `use: jwt-svid` verify tokens (SPIFFE Trust Domain and Bundle §4.2). */
export type KeySetForm = 'jwks' | 'spiffe_bundle';

/** Receives the id of an ignored signing key, and the reason. */
export type Ignored = (kid: string, reason: string) => void;

/**
 * Reads the keys of a JWK Set (RFC 7517 §5) that can verify signatures. Unusable entries are ignored, as §5
 * requires. A set without a usable key is invalid: it must never replace a valid one.
 */
export function readKeySet(
  document: unknown,
  ignored: Ignored = () => undefined,
  form: KeySetForm = 'jwks',
): PublishedKeys | KeySetFailure {
  const entries: unknown = isRecord(document) ? document['keys'] : undefined;
  if (!Array.isArray(entries)) return invalidKeySet('the key set has no "keys" array');
  if (entries.length > MAX_ENTRIES) return invalidKeySet(`the key set has more than ${MAX_ENTRIES} keys`);
  const keys = entries.map((entry) => toHandle(entry, ignored, form)).filter((key) => key !== undefined);
  if (keys.length === 0) return invalidKeySet('the key set has no usable signing key');
  const refresh = form === 'spiffe_bundle' ? refreshHint(document) : undefined;
  return { kind: 'keys', keys, refresh };
}

/** Whether a key can be used with an algorithm (RFC 8725 §3.1: each key has one algorithm family). */
export function fitsAlgorithm(handle: KeyHandle, alg: string): boolean {
  if (handle.alg !== undefined && sameAlgorithm(handle.alg) !== sameAlgorithm(alg)) return false;
  switch (handle.key.asymmetricKeyType) {
    case 'rsa':
      return /^[RP]S(256|384|512)$/.test(alg);
    case 'ec':
      return CURVES[alg] !== undefined && CURVES[alg] === handle.key.asymmetricKeyDetails?.namedCurve;
    case 'ed25519':
      return sameAlgorithm(alg) === 'Ed25519';
    default:
      return false;
  }
}

/** RFC 9864 §2.2 renames EdDSA with Ed25519; both names are in use. */
function sameAlgorithm(alg: string): string {
  return alg === 'EdDSA' ? 'Ed25519' : alg;
}

/** Seconds. A bundle must neither cause a flood of requests nor delay the withdrawal of a key. */
const HINT = { min: 60, max: 3_600 };

function refreshHint(document: unknown): number | undefined {
  const hint = isRecord(document) ? document['spiffe_refresh_hint'] : undefined;
  if (typeof hint !== 'number' || !Number.isFinite(hint)) return undefined;
  return Math.min(HINT.max, Math.max(HINT.min, hint)) * 1000;
}

function toHandle(entry: unknown, ignored: Ignored, form: KeySetForm): KeyHandle | undefined {
  if (!isRecord(entry) || !isForVerifying(entry, form)) return undefined;
  const { kid, alg } = entry;
  if (typeof kid !== 'string' || kid === '' || kid.length > MAX_KID_LENGTH) return undefined;
  if (alg !== undefined && typeof alg !== 'string') return undefined;
  const { kty } = entry;
  // RFC 7517 §5: ignore unknown key types.
  if (kty !== 'RSA' && kty !== 'EC' && kty !== 'OKP') return undefined;
  const key = toPublicKey(entry);
  if (key === undefined) {
    ignored(kid, `it is not a valid ${kty} key`);
    return undefined;
  }
  const weakness = weaknessOf(key);
  if (weakness !== undefined) {
    ignored(kid, weakness);
    return undefined;
  }
  const spki = key.export({ type: 'spki', format: 'der' }).toString('base64');
  return {
    kid,
    key,
    alg,
    isFast: isShortRsa(key),
    rsaSignatureLength: rsaSignatureLength(key),
    fingerprint: `${kid}\n${alg ?? ''}\n${spki}`,
    alive: true,
  };
}

/** A verification takes up to 35 µs with such a key, 50 to 500 µs with others; the hand-over takes 20 µs. */
function isShortRsa({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): boolean {
  return asymmetricKeyType === 'rsa' && (asymmetricKeyDetails?.modulusLength ?? Infinity) <= 3072;
}

function rsaSignatureLength({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): number | undefined {
  if (asymmetricKeyType !== 'rsa') return undefined;
  return Math.ceil((asymmetricKeyDetails?.modulusLength ?? 0) / 8);
}

function isForVerifying(entry: Readonly<Record<string, unknown>>, form: KeySetForm): boolean {
  const { use, key_ops: operations } = entry;
  if (form === 'spiffe_bundle' ? use !== 'jwt-svid' : use !== undefined && use !== 'sig') return false;
  return operations === undefined || (Array.isArray(operations) && operations.includes('verify'));
}

/** Uses public members only, so that a private key published by mistake is not loaded. */
function toPublicKey({ kty, n, e, crv, x, y }: Readonly<Record<string, unknown>>): KeyObject | undefined {
  const members = Object.entries({ kty, n, e, crv, x, y }).filter(([, value]) => value !== undefined);
  try {
    return createPublicKey({ key: Object.fromEntries(members), format: 'jwk' });
  } catch {
    return undefined;
  }
}
