import { constants, sign, type KeyObject, type SignKeyObjectInput } from 'node:crypto';

interface AlgorithmFacts {
  /** `asymmetricKeyType` of Node.js. */
  readonly keyType: 'rsa' | 'ec' | 'ed25519';
  readonly hash: string | undefined;
  readonly curve?: string;
  readonly options?: Omit<SignKeyObjectInput, 'key'>;
}

const rsa = (hash: string): AlgorithmFacts => ({ keyType: 'rsa', hash });
/** RFC 7518 §3.5: the salt is as long as the hash. */
const pss = (hash: string): AlgorithmFacts => ({
  keyType: 'rsa',
  hash,
  options: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST },
});
/** RFC 7518 §3.4: both integers in fixed length, which Node.js calls `ieee-p1363`. */
const ecdsa = (hash: string, curve: string): AlgorithmFacts => ({
  keyType: 'ec',
  hash,
  curve,
  options: { dsaEncoding: 'ieee-p1363' },
});

const FACTS = {
  RS256: rsa('sha256'),
  RS384: rsa('sha384'),
  RS512: rsa('sha512'),
  PS256: pss('sha256'),
  PS384: pss('sha384'),
  PS512: pss('sha512'),
  ES256: ecdsa('sha256', 'prime256v1'),
  ES384: ecdsa('sha384', 'secp384r1'),
  ES512: ecdsa('sha512', 'secp521r1'),
  EdDSA: { keyType: 'ed25519', hash: undefined },
} as const satisfies Readonly<Record<string, AlgorithmFacts>>;

/** Asymmetric signature algorithms of RFC 7518 §3.1 and RFC 8037 §3.1. */
export type JwsAlgorithm = keyof typeof FACTS;

export const JWS_ALGORITHMS = Object.keys(FACTS) as readonly JwsAlgorithm[];

/** The default of client assertions and ID tokens (OpenID Connect Dynamic Client Registration 1.0 §2). */
export const DEFAULT_JWS_ALGORITHM: JwsAlgorithm = 'RS256';

/** RFC 7518 §3.3, §3.5. */
const MIN_RSA_BITS = 2_048;

/** Whether the key is of the type, curve and length that the algorithm requires. */
export function isKeyFor(key: KeyObject, algorithm: JwsAlgorithm): boolean {
  const { keyType, curve }: AlgorithmFacts = FACTS[algorithm];
  if (key.asymmetricKeyType !== keyType) return false;
  const { namedCurve, modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  return keyType === 'rsa' ? modulusLength >= MIN_RSA_BITS : curve === undefined || namedCurve === curve;
}

/** Signs a JWT in the JWS compact serialization (RFC 7515 §7.1). */
export function signJwt(
  key: KeyObject,
  algorithm: JwsAlgorithm,
  header: Readonly<Record<string, unknown>>,
  claims: Readonly<Record<string, unknown>>,
): string {
  const { hash, options }: AlgorithmFacts = FACTS[algorithm];
  const input = [{ alg: algorithm, typ: 'JWT', ...header }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  const signature = sign(hash, Buffer.from(input), { key, ...options });
  return `${input}.${signature.toString('base64url')}`;
}
