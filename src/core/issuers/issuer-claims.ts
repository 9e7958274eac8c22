import { plainClaimName } from '../credentials/claims.ts';
import { ISSUER_PRESETS, type IssuerType } from './issuer-presets.ts';

/** Claims of RFC 7519 §4.1. */
const REGISTERED = ['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti'];

/** The documented claims of an issuer type, or undefined where each issuer has its own. */
export function documentedClaims(type: IssuerType): readonly string[] | undefined {
  const { claims } = ISSUER_PRESETS[type];
  return claims === undefined ? undefined : [...claims.names, ...REGISTERED];
}

/** Whether tokens of this issuer type can contain the claim, named plainly or as a JSON pointer. */
export function isDocumentedClaim(type: IssuerType, name: string): boolean {
  const { claims } = ISSUER_PRESETS[type];
  if (claims === undefined) return true;
  const { names, customPrefixes, listsMembers } = claims;
  const plain = plainClaimName(name);
  if (names.includes(plain) || REGISTERED.includes(plain)) return true;
  if (customPrefixes.some((prefix) => plain.startsWith(prefix))) return true;
  if (listsMembers === true || !plain.startsWith('/')) return false;
  return names.includes(plainClaimName(`/${plain.split('/')[1] ?? ''}`));
}
