import type { Allow, Caller } from '../../core/decision.ts';
import { Derived } from '../../core/derived.ts';
import type { Forwarding } from '../../core/request/forwarding.ts';
import { compileCallerTemplate, type CallerTemplate } from './caller-template.ts';

/** Header name → template of placeholders such as `{identity}` and `{claims.NAME}`, and plain text. */
export type IdentityHeaderTemplates = Readonly<Record<string, string>>;

/**
 * The headers that identify the caller to the upstream, as name, value, name, value …; cached with the decision.
 * A template with a missing claim yields no header, so that an upstream never reads an empty user name.
 */
function createIdentityHeaders(
  compiled: readonly CompiledHeader[],
): (allow: Allow, caller: Caller) => readonly string[] {
  const cache = new Derived<Allow, readonly string[]>();
  return function identityHeaders(allow, caller) {
    const known = cache.get(allow);
    if (known !== undefined) return known;
    const { credential, identity } = caller;
    const ofCaller: string[] = [];
    pushCompiled(compiled, ofCaller, caller, []);
    // `concat` reserves no room beyond the values; `push` would reserve more than twice as much.
    const headers = [
      'X-Auth-Identity',
      headerValue(identity),
      'X-Auth-Subject',
      headerValue(credential.subject),
      'X-Auth-Issuer',
      headerValue(credential.issuerUrl),
      'X-Auth-Credential',
      credential.class,
    ].concat(ofCaller);
    cache.set(allow, headers);
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
  const ofCaller: CompiledHeader[] = [];
  const ofRequest: CompiledHeader[] = [];
  for (const [name, template] of Object.entries(templates)) {
    const list = template.includes('{scopes}') ? ofRequest : ofCaller;
    list.push([name, compileCallerTemplate(template, headerValue)]);
  }
  const identityHeaders = createIdentityHeaders(ofCaller);
  return function pushIdentity({ allow, operations }, headers) {
    if (allow.basis === 'shadow' || allow.caller === undefined) return;
    headers.push(...identityHeaders(allow, allow.caller));
    const first = operations[0];
    if (first === undefined) return;
    const scopes =
      operations.length === 1 ? [first.scope] : [...new Set(operations.map(({ scope }) => scope))];
    headers.push('X-Auth-Scopes', headerValue(scopes.join(' ')));
    if (ofRequest.length > 0) pushCompiled(ofRequest, headers, allow.caller, scopes);
  };
}

type CompiledHeader = readonly [name: string, valueOf: CallerTemplate];

function pushCompiled(
  compiled: readonly CompiledHeader[],
  headers: string[],
  caller: Caller,
  scopes: readonly string[],
): void {
  for (const [name, valueOf] of compiled) {
    const value = valueOf(caller, scopes);
    if (value !== undefined) headers.push(name, value);
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
