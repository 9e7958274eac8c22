import { deny } from '../../core/decision.ts';
import type { Deny } from '../../core/decision.ts';
import { ADDITIONAL_TOKEN_TYPES } from '../../core/issuers/issuer-presets.ts';
import type { Issuer } from '../compile-issuers.ts';
import { quoted } from '../../util/text/quoted.ts';

/** The validated parameters of a JOSE header. */
export interface CheckedHeader {
  readonly kind: 'header';
  readonly alg: string;
  /** Undefined only for a JWT-SVID. */
  readonly kid: string | undefined;
}

const MAX_KID_LENGTH = 256;

/**
 * `jku`, `x5u` and `jwk` would let the token select its verification key (RFC 8725 §3.10). `crit` and `b64`
 * (RFC 7797) change the signed content, and ID tokens do not use them.
 */
const REFUSED_PARAMETERS = ['crit', 'b64', 'jku', 'x5u', 'jwk'] as const;

/** JWT-SVID §2: no other parameters. */
const SVID_PARAMETERS: ReadonlySet<string> = new Set(['alg', 'kid', 'typ']);

/** Validates a JOSE header. */
export function checkHeader(
  header: Readonly<Record<string, unknown>>,
  { algorithms, tokenTypes, tokenForm }: Pick<Issuer, 'algorithms' | 'tokenTypes' | 'tokenForm'>,
): CheckedHeader | Deny {
  const { alg, kid } = header;
  if (typeof alg !== 'string') return deny('credential_malformed', 'the header has no "alg"');
  if (!algorithms.includes(alg)) {
    return deny('credential_invalid', `alg ${quoted(alg)} is not accepted for this issuer`);
  }
  const refused =
    tokenForm === 'jwt_svid'
      ? Object.keys(header).find((name) => !SVID_PARAMETERS.has(name))
      : REFUSED_PARAMETERS.find((name) => Object.hasOwn(header, name));
  if (refused !== undefined) {
    return deny('credential_invalid', `the header parameter ${quoted(refused)} is not accepted`);
  }
  const mistyped = Object.hasOwn(header, 'typ') ? checkType(header['typ'], tokenTypes) : undefined;
  if (mistyped !== undefined) return mistyped;
  if (tokenForm === 'jwt_svid' && !Object.hasOwn(header, 'kid'))
    return { kind: 'header', alg, kid: undefined };
  if (typeof kid !== 'string' || kid === '' || kid.length > MAX_KID_LENGTH) {
    return deny('credential_malformed', 'the header has no usable "kid"');
  }
  return { kind: 'header', alg, kid };
}

/** `typ` is a media type: case-insensitive, and `application/` can be omitted (RFC 7515 §4.1.9). */
function checkType(typ: unknown, tokenTypes: readonly string[]): Deny | undefined {
  if (typeof typ !== 'string') return deny('credential_malformed', '"typ" is not a string');
  const type = typ.toLowerCase().replace(/^application\//, '');
  if (type === 'jwt' || tokenTypes.includes(type)) return undefined;
  const detail = isTokenType(type)
    ? 'is accepted only if the tokenTypes of the issuer contain it'
    : 'is not the type of an ID token';
  return deny('credential_invalid', `typ ${quoted(typ)} ${detail}`);
}

function isTokenType(type: string): boolean {
  return ADDITIONAL_TOKEN_TYPES.some((known) => known === type);
}
