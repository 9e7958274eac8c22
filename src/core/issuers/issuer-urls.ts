import { ISSUER_PRESETS, ISSUER_TYPES, type IssuerType } from './issuer-presets.ts';

/** Returns the types that an issuer with this URL can have. Empty if its URL does not identify one. */
export function knownIssuerTypes(issuer: string): readonly IssuerType[] {
  const { protocol, hostname, pathname } = new URL(issuer);
  if (protocol === 'spiffe:') return ['spiffe'];
  return ISSUER_TYPES.filter((type) =>
    ISSUER_PRESETS[type].urls.some((pattern) => pattern.test(hostname + pathname)),
  );
}

/**
 * Returns the tenant of an Entra issuer URL, v1 or v2; undefined for any other URL. Entra issues the tokens
 * of one tenant under both URLs, with the same keys.
 */
export function entraTenant(issuer: string): string | undefined {
  return (
    /^https:\/\/login\.microsoftonline\.com\/([0-9a-f-]{36})\/v2\.0$/.exec(issuer)?.[1] ??
    /^https:\/\/sts\.windows\.net\/([0-9a-f-]{36})\/$/.exec(issuer)?.[1]
  );
}

/** Every accepted `iss` of this issuer's tokens, byte-exact. */
export function issuerForms(type: IssuerType, issuer: string): readonly string[] {
  const tenant = type === 'entra' ? entraTenant(issuer) : undefined;
  if (tenant === undefined) return [issuer];
  return [`https://login.microsoftonline.com/${tenant}/v2.0`, `https://sts.windows.net/${tenant}/`];
}

/** The claim that identifies a single token. Entra's tokens have no `jti`. */
export function tokenIdClaim(type: IssuerType, issuer: string): 'jti' | 'uti' {
  return entraTenant(issuer) === undefined ? ISSUER_PRESETS[type].jti : 'uti';
}

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Every `aud` that matches a configured audience. Entra's v1 tokens have `api://` before the client id. */
export function audienceForms(type: IssuerType, audience: string): readonly string[] {
  return type === 'entra' && GUID.test(audience) ? [audience, `api://${audience}`] : [audience];
}
