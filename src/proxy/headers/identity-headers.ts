import { scalarClaim } from '../../core/credentials/claims.ts';
import type { Caller } from '../../core/decision.ts';
import type { Forwarding } from '../../core/request/forwarding.ts';

/** Header name → template of `{identity}`, `{subject}`, `{issuer}`, `{claims.NAME}` and plain text. */
export type IdentityHeaderTemplates = Readonly<Record<string, string>>;

/**
 * The headers that identify the caller to the upstream, as name, value, name, value …; cached per caller.
 * A template with a missing claim yields no header, so that an upstream never reads an empty user name.
 */
function createIdentityHeaders(templates: IdentityHeaderTemplates): (caller: Caller) => readonly string[] {
  const cache = new WeakMap<Caller, readonly string[]>();
  const compiled = Object.entries(templates).map(([name, template]) => [name, compile(template)] as const);
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
    for (const [name, valueOf] of compiled) {
      const value = valueOf(caller);
      if (value !== undefined) headers.push(name, headerValue(value));
    }
    cache.set(caller, headers);
    return headers;
  };
}

/**
 * Returns a function that adds the identity headers of a request. It adds none to anonymous requests and to requests
 * that only shadow mode allows.
 */
export function createPushIdentity(
  templates: IdentityHeaderTemplates,
): (forwarding: Pick<Forwarding, 'allow' | 'operations'>, headers: string[]) => void {
  const identityHeaders = createIdentityHeaders(templates);
  return function pushIdentity({ allow, operations }, headers) {
    if (allow.basis === 'shadow' || allow.caller === undefined) return;
    headers.push(...identityHeaders(allow.caller));
    const first = operations[0];
    if (first === undefined) return;
    const scopes =
      operations.length === 1 ? first.scope : [...new Set(operations.map(({ scope }) => scope))].join(' ');
    headers.push('X-Auth-Scopes', headerValue(scopes));
  };
}

/** Text, placeholder, text, placeholder, … text. */
const PLACEHOLDER = /(\{(?:identity|subject|issuer|claims\.[^}]+)\})/;

/** Returns undefined for a missing claim. */
function compile(template: string): (caller: Caller) => string | undefined {
  const parts = template.split(PLACEHOLDER).map((part, i) => (i % 2 === 0 ? () => part : placeholder(part)));
  return (caller) => {
    let text = '';
    for (const part of parts) {
      const value = part(caller);
      if (value === undefined) return undefined;
      text += value;
    }
    return text;
  };
}

function placeholder(part: string): (caller: Caller) => string | undefined {
  switch (part) {
    case '{identity}':
      return ({ identity }) => identity;
    case '{subject}':
      return ({ credential }) => credential.subject;
    case '{issuer}':
      return ({ credential }) => credential.issuerUrl;
    default: {
      const claim = part.slice('{claims.'.length, -1);
      return ({ credential }) => scalarClaim(credential.claims, claim);
    }
  }
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
