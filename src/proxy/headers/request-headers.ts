import { REQUEST_HEADERS } from '../../core/headers/request-header-roles.ts';
import { foldLoosely } from '../../util/http/header-name.ts';
import { compileHeaderNames } from '../../util/http/header-names.ts';
import { cacheByName } from '../../util/http/name-cache.ts';
import { addConnectionNames, withoutNames } from './connection-header.ts';
import { type CleanQuery, stripCredentials } from './credential-parameters.ts';

export interface RequestHeaderSettings {
  readonly keepCookies: boolean;
  readonly cleanQuery: CleanQuery;
  /** Headers that the gateway sets for this service: identity headers and the upstream credential. */
  readonly reserved: readonly string[];
  /** Names from ACTING_HEADERS that this service forwards. */
  readonly passHeaders?: readonly string[] | undefined;
}

export interface CleanHeaders {
  /** Name, value, name, value …; without Host, framing and removed headers. */
  readonly headers: string[];
  /** Bytes, or undefined where the body is chunked or absent. */
  readonly contentLength: number | undefined;
}

/**
 * Removes the client's hop-by-hop headers, credentials, and headers that the gateway sets or an upstream trusts.
 * Upstreams fold names (`X_Auth_Subject` becomes `X-Auth-Subject`), so names are folded before the lookup
 * (oauth2-proxy GHSA-vjrc-mh2v-45x6).
 */
export function createHeaderCleaner(
  settings: RequestHeaderSettings,
): (rawHeaders: readonly string[]) => CleanHeaders {
  const reserved = new Set(settings.reserved.map(foldLoosely));
  const passed = new Set((settings.passHeaders ?? []).map(foldLoosely));

  const actionOf = cacheByName((name): Action => {
    const special = SPECIAL.get(name.toLowerCase());
    if (special !== undefined) return special;
    const folded = foldLoosely(name);
    if (SPECIAL.has(folded)) return 'drop';
    const role = roleOf(folded);
    if (role === 'cookie') return settings.keepCookies ? 'pass' : 'drop';
    if (reserved.has(folded)) return 'drop';
    if (role === undefined || role === 'message') return 'pass';
    return role === 'acting' && passed.has(folded) ? 'pass' : 'drop';
  });

  return function clean(rawHeaders) {
    const headers: string[] = [];
    let contentLength: number | undefined;
    let named: Set<string> | undefined;
    for (let i = 0; i < rawHeaders.length; i += 2) {
      const name = rawHeaders[i] ?? '';
      const value = rawHeaders[i + 1] ?? '';
      const action = actionOf(name);
      switch (action) {
        case 'pass':
          headers.push(name, value);
          break;
        case 'drop':
          break;
        case 'connection':
          named = addConnectionNames(named, value);
          break;
        case 'content-length':
          contentLength = Number(value);
          break;
        case 'referer':
          headers.push(name, stripCredentials(value, settings.cleanQuery));
          break;
        default:
          action satisfies never;
      }
    }
    return {
      headers: withoutNames(headers, named),
      contentLength,
    };
  };
}

type Action = 'pass' | 'drop' | 'connection' | 'content-length' | 'referer';

const SPECIAL: ReadonlyMap<string, Action> = new Map([
  ['connection', 'connection'],
  ['content-length', 'content-length'],
  ['referer', 'referer'],
]);

/** The role of a loosely folded header name. */
const roleOf = compileHeaderNames(REQUEST_HEADERS.map(({ names, role }) => [names, role] as const));
