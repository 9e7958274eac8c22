import { scalarClaim } from '../../core/credentials/claims.ts';
import type { Caller } from '../../core/decision.ts';

/** Header name → template of `{identity}`, `{subject}`, `{issuer}`, `{claims.NAME}` and plain text. */
export type IdentityHeaderTemplates = Readonly<Record<string, string>>;

/**
 * The headers that identify the caller to the upstream, as name, value, name, value …; cached per caller.
 * A template with a missing claim yields no header, so that an upstream never reads an empty user name.
 */
export function createIdentityHeaders(
  templates: IdentityHeaderTemplates,
): (caller: Caller) => readonly string[] {
  const cache = new WeakMap<Caller, readonly string[]>();
  return function identityHeaders(caller) {
    const known = cache.get(caller);
    if (known !== undefined) return known;
    const { credential, identity } = caller;
    const headers = [
      'X-Auth-Identity',
      headerValue(identity),
      'X-Auth-Subject',
      headerValue(credential.subject),
      'X-Auth-Issuer',
      headerValue(credential.issuerUrl),
      'X-Auth-Credential',
      credential.class,
    ];
    for (const [name, template] of Object.entries(templates)) {
      const value = fill(template, caller);
      if (value !== undefined) headers.push(name, headerValue(value));
    }
    cache.set(caller, headers);
    return headers;
  };
}

function fill(template: string, { identity, credential }: Caller): string | undefined {
  let missing = false;
  const text = template.replaceAll(
    /\{(identity|subject|issuer|claims\.([^}]+))\}/g,
    (_all, placeholder, claim) => {
      if (placeholder === 'identity') return identity;
      if (placeholder === 'subject') return credential.subject;
      if (placeholder === 'issuer') return credential.issuerUrl;
      const value = scalarClaim(credential.claims, String(claim));
      missing ||= value === undefined;
      return value ?? '';
    },
  );
  return missing ? undefined : text;
}

/** UTF-8, percent-encoded outside 0x21–0x7E and at `%`, so that any claim is a valid and reversible header value. */
export function headerValue(text: string): string {
  if (/^[\x21-\x24\x26-\x7e]*$/.test(text)) return text;
  let encoded = '';
  for (const byte of Buffer.from(text, 'utf8')) {
    const plain = byte > 0x20 && byte < 0x7f && byte !== 0x25;
    encoded += plain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}
