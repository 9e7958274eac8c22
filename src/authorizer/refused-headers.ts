import { deny, type Deny } from '../core/decision.ts';
import { REQUEST_HEADERS, type RequestHeaderRole } from '../core/headers/request-header-roles.ts';
import { foldLoosely } from '../util/http/header-name.ts';
import { compileHeaderNames } from '../util/http/header-names.ts';
import { cacheByName } from '../util/http/name-cache.ts';

/**
 * Refuses headers that the gateway removes from a request which it forwards itself, and that are not in the configuration
 * of every proxy. `accepted`: folded names that the service forwards or sets.
 */
export function createHeaderRefusal(
  accepted: ReadonlySet<string>,
): (rawHeaders: readonly string[]) => Deny | undefined {
  const isRefused = cacheByName((name) => {
    const folded = foldLoosely(name);
    const role = roleOf(folded);
    // A proxy replaces the usual spelling of a header, and an upstream may read another one as the same header.
    const isOtherSpelling = folded !== name.toLowerCase();
    if (accepted.has(folded)) return isOtherSpelling && (role === undefined || REPLACEABLE.has(role));
    if (role === undefined) return false;
    if (role === 'gateway' && folded.startsWith('x-auth-') && !REPLACED.has(folded)) return true;
    if (role === 'gateway' || role === 'credential') return isOtherSpelling;
    return REFUSED.has(role) || HOST_OVERRIDES.has(folded);
  });

  return (rawHeaders) => {
    for (let i = 0; i < rawHeaders.length; i += 2) {
      const name = rawHeaders[i] ?? '';
      if (isRefused(name)) return refusalOf(name.slice(0, MAX_SHOWN));
    }
    return undefined;
  };
}

function refusalOf(name: string): Deny {
  return {
    ...deny('header_refused', `the header ${name}`),
    message: `The header ${name} replaces the method, the user or the resource of the request, and the proxy in front of this service cannot remove it. Send the request without it.`,
  };
}

/** The headers that the documented configuration of each proxy replaces or removes. An upstream can read any `X-Auth-*`. */
const REPLACED: ReadonlySet<string> = new Set([
  'x-auth-identity',
  'x-auth-subject',
  'x-auth-issuer',
  'x-auth-credential',
  'x-auth-scopes',
  'x-auth-assertion',
]);

/** Headers with the role `forwarding` that no proxy sets. */
const HOST_OVERRIDES: ReadonlySet<string> = new Set(['x-host', 'x-http-host-override']);

/** Roles of headers that `identityHeaders` can set. */
const REPLACEABLE: ReadonlySet<RequestHeaderRole> = new Set<RequestHeaderRole>([
  'gateway',
  'credential',
  'identity',
  'forwarded-user',
]);

/** The documented configuration of each proxy removes credentials, cookies, and the forwarding headers that it lists. */
const REFUSED: ReadonlySet<RequestHeaderRole> = new Set<RequestHeaderRole>([
  'method-override',
  'impersonation',
  'identity',
  'forwarded-user',
  'acting',
]);

/** The role of a loosely folded header name. */
const roleOf = compileHeaderNames(REQUEST_HEADERS.map(({ names, role }) => [names, role] as const));

/** Characters of a name in a message. */
const MAX_SHOWN = 64;
