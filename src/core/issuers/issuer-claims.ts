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

/** Whether anyone can get the value of the claim in a project of their own. */
export function isChosenByHolder(type: IssuerType, name: string): boolean {
  const plain = plainClaimName(name);
  const { chosenByHolder } = ISSUER_PRESETS[type];
  return ['aud', ...chosenByHolder].some((each) =>
    each.endsWith(':') ? plain.startsWith(each) : plain === each || plain.startsWith(`${each}/`),
  );
}

/** Whether a job, or a developer of its project, can choose among values of the claim. */
export function isChosenByJob(type: IssuerType, name: string): boolean {
  return (
    isChosenByHolder(type, name) ||
    (plainClaimName(name) === 'sub' && ISSUER_PRESETS[type].customSubject === true)
  );
}

/** The claim that is "true" if only privileged members of the project can get values of the chosen claim. */
export function protectionOf(type: IssuerType, name: string): string | undefined {
  const { protectedBy } = ISSUER_PRESETS[type];
  const plain = plainClaimName(name);
  return Object.hasOwn(protectedBy, plain) ? protectedBy[plain] : undefined;
}
