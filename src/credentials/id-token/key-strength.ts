import type { KeyObject } from 'node:crypto';

/**
 * NIST SP 800-131A disallows shorter moduli. The upper limit is the one of Go's crypto/tls (CVE-2023-29409):
 * verification with a longer modulus is too expensive.
 */
const RSA_BITS = { min: 2048, max: 8192 } as const;

/**
 * 33 bits, like ring and BoringSSL: the cost of a verification depends on the exponent. The usual exponent is
 * 65537.
 */
const MAX_EXPONENT = 2n ** 33n - 1n;

const P = 2n ** 255n - 19n;
/** The y coordinate of two of the four points of order 8. The other two have −y. */
const Y_OF_ORDER_8 = 0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n;
const SMALL_ORDER: ReadonlySet<bigint> = new Set([0n, 1n, P - 1n, Y_OF_ORDER_8, P - Y_OF_ORDER_8]);

/**
 * Returns why a public key is insecure or too expensive to verify with; undefined if it is acceptable.
 * OpenSSL does not validate RSA keys. It does check that EC points are on their curve.
 */
export function weaknessOf(key: KeyObject): string | undefined {
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return rsaWeakness(key);
    case 'ed25519':
      return hasSmallOrder(key) ? 'the Ed25519 public key is a point of small order' : undefined;
    default:
      return undefined;
  }
}

/**
 * RFC 8017 §3.1: n is a product of odd primes, e is odd and at least 3 (with e = 1 the signature is the
 * padded hash itself).
 */
function rsaWeakness(key: KeyObject): string | undefined {
  const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {};
  if (modulusLength < RSA_BITS.min || modulusLength > RSA_BITS.max) {
    return `the RSA modulus has ${modulusLength} bits; ${RSA_BITS.min} to ${RSA_BITS.max} are accepted`;
  }
  if (!isOdd(memberOf(key, 'n').at(-1))) return 'the RSA modulus is even';
  if (publicExponent > MAX_EXPONENT) return 'the RSA exponent has more than 33 bits';
  return publicExponent < 3n || publicExponent % 2n === 0n
    ? `the RSA exponent is ${publicExponent}; it must be odd and at least 3`
    : undefined;
}

/**
 * RFC 8032 §5.1.2: y in little-endian order; the top bit is the sign of x. Encodings of y ≥ P denote y mod P.
 */
function hasSmallOrder(key: KeyObject): boolean {
  const bytes = memberOf(key, 'x').toReversed();
  const y = BigInt(`0x${Buffer.from(bytes).toString('hex')}`) & (2n ** 255n - 1n);
  return SMALL_ORDER.has(y % P);
}

function memberOf(key: KeyObject, name: 'n' | 'x'): Buffer {
  return Buffer.from(key.export({ format: 'jwk' })[name] ?? '', 'base64url');
}

function isOdd(byte: number | undefined): boolean {
  return byte !== undefined && byte % 2 === 1;
}
