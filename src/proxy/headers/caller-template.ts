import { scalarClaim } from '../../core/credentials/claims.ts';
import type { Caller } from '../../core/decision.ts';

/** The value of a template or of a part of it for a request; undefined if a placeholder has no value. */
export type CallerTemplate = (caller: Caller, scopes: readonly string[]) => string | undefined;

/** Text, placeholder, text, placeholder, … text. */
const PLACEHOLDER = /(\{(?:identity|subject|issuer|roles|scopes|claims\.[^}]+)\})/;
/** A template with one of these is a list. */
const LIST = /\{(?:roles|scopes)\}/;

/**
 * Compiles a template of `{identity}`, `{subject}`, `{issuer}`, `{roles}`, `{scopes}`, `{claims.NAME}` and text. `encode` is
 * applied to each part.
 */
export function compileCallerTemplate(
  template: string,
  encode: (text: string) => string = asItIs,
): CallerTemplate {
  // The upstream splits a list at its commas, so that a comma in a claim would add entries.
  const encodeValue = LIST.test(template)
    ? (text: string): string => encode(text).replaceAll(',', '%2C')
    : encode;
  const parts = template
    .split(PLACEHOLDER)
    .map((part, i) => (i % 2 === 0 ? plainText(encode(part)) : placeholder(part, encodeValue)));
  return (caller, scopes) => {
    let text = '';
    for (const part of parts) {
      const value = part(caller, scopes);
      if (value === undefined) return undefined;
      text += value;
    }
    return text;
  };
}

function asItIs(text: string): string {
  return text;
}

function plainText(text: string): CallerTemplate {
  return () => text;
}

function placeholder(part: string, encode: (text: string) => string): CallerTemplate {
  switch (part) {
    case '{identity}':
      return ({ identity }) => encode(identity);
    case '{subject}':
      return ({ credential }) => encode(credential.subject);
    case '{issuer}':
      return ({ credential }) => encode(credential.issuerUrl);
    case '{roles}':
      return ({ roles }) => listValue(roles, encode);
    case '{scopes}':
      return (_caller, scopes) => listValue(scopes, encode);
    default: {
      const claim = part.slice('{claims.'.length, -1);
      return ({ credential }) => {
        const value = scalarClaim(credential.claims, claim);
        return value === undefined ? undefined : encode(value);
      };
    }
  }
}

/** Separated by commas, as oauth2-proxy and Authelia send groups. */
function listValue(entries: readonly string[], encode: (text: string) => string): string | undefined {
  if (entries.length === 0) return undefined;
  return entries.map(encode).join(',');
}
