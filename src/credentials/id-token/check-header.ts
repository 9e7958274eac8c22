import { deny } from '../../core/decision.ts';
import type { Deny } from '../../core/decision.ts';
import { ADDITIONAL_TOKEN_TYPES } from '../../core/issuer-presets.ts';
import { quoted } from '../../util/quoted.ts';

export interface CheckedHeader {
  readonly kind: 'header';
  readonly alg: string;
  readonly kid: string;
}

const MAX_KID_LENGTH = 256;

/**
 * `jku`, `x5u`, `jwk` would let the token choose the key that it is verified with (RFC 8725 §3.10); `crit`
 * and `b64` (RFC 7797) change what is signed, and no issuer of id tokens uses them.
 */
const REFUSED_PARAMETERS = ['crit', 'b64', 'jku', 'x5u', 'jwk'] as const;

/** The parameters of a JOSE header that matter to us, once there is nothing in it that must not be. */
export function checkHeader(
  header: Readonly<Record<string, unknown>>,
  algorithms: readonly string[],
  /** Accepted beside `JWT`. */
  tokenTypes: readonly string[] = [],
): CheckedHeader | Deny {
  const { alg, kid } = header;
  if (typeof alg !== 'string') return deny('credential_malformed', 'the header has no "alg"');
  if (!algorithms.includes(alg)) {
    return deny('credential_invalid', `alg ${quoted(alg)} is not one that is accepted of this issuer`);
  }
  const refused = REFUSED_PARAMETERS.find((name) => Object.hasOwn(header, name));
  if (refused !== undefined) {
    return deny('credential_invalid', `the header parameter "${refused}" is not accepted`);
  }
  const mistyped = Object.hasOwn(header, 'typ') ? checkType(header['typ'], tokenTypes) : undefined;
  if (mistyped !== undefined) return mistyped;
  if (typeof kid !== 'string' || kid === '' || kid.length > MAX_KID_LENGTH) {
    return deny('credential_malformed', 'the header has no usable "kid"');
  }
  return { kind: 'header', alg, kid };
}

/** A media type: its case does not count, and `application/` may be left out (RFC 7515 §4.1.9). */
function checkType(typ: unknown, tokenTypes: readonly string[]): Deny | undefined {
  if (typeof typ !== 'string') return deny('credential_malformed', '"typ" is not a string');
  const type = typ.toLowerCase().replace(/^application\//, '');
  if (type === 'jwt' || tokenTypes.includes(type)) return undefined;
  const detail = isTokenType(type)
    ? 'is accepted only of issuers with this value in tokenTypes'
    : 'is not the type of an ID token';
  return deny('credential_invalid', `typ ${quoted(typ)} ${detail}`);
}

function isTokenType(type: string): boolean {
  return ADDITIONAL_TOKEN_TYPES.some((known) => known === type);
}
