import { ACTING_HEADERS } from '../../core/headers/acting-headers.ts';
import { IMPERSONATION_HEADERS, TRUSTED_USER_HEADERS } from '../../core/headers/identity-headers.ts';
import { foldLoosely } from '../../util/http/header-name.ts';
import { compileHeaderNames } from '../../util/http/header-names.ts';
import { addConnectionNames, withoutNames } from './connection-header.ts';
import { type CleanQuery, stripCredentials } from './credential-parameters.ts';

export interface RequestHeaderSettings {
  readonly keepCookies: boolean;
  readonly cleanQuery: CleanQuery;
  /** Lowercase names that the gateway sets for this service: identity headers, upstream credential. */
  readonly reserved: readonly string[];
  /** Names of ACTING_HEADERS that this service forwards. */
  readonly passHeaders?: readonly string[] | undefined;
}

export interface CleanHeaders {
  /** Name, value, name, value …; without Host, framing, and whatever may not pass. */
  readonly headers: string[];
  /** Bytes, or undefined where the body is chunked or absent. */
  readonly contentLength: number | undefined;
}

/**
 * What of a client's headers reaches the upstream: everything but the hop's own, credential sources of
 * credentials, and names that the gateway or its upstream would trust. Names are folded first, because
 * upstreams fold them too: `X_Auth_Subject` is `X-Auth-Subject` to them (oauth2-proxy GHSA-vjrc-mh2v-45x6).
 */
export function createHeaderCleaner(
  settings: RequestHeaderSettings,
): (rawHeaders: readonly string[]) => CleanHeaders {
  const reserved = new Set(settings.reserved.map(foldLoosely));
  const passed = new Set((settings.passHeaders ?? []).map(foldLoosely));

  function actionOf(name: string): Action {
    const special = SPECIAL.get(name.toLowerCase());
    if (special !== undefined) return special;
    const folded = foldLoosely(name);
    if (SPECIAL.has(folded)) return 'drop';
    if (folded === 'cookie') return settings.keepCookies ? 'pass' : 'drop';
    if (reserved.has(folded)) return 'drop';
    const listed = listOf(folded);
    return listed === undefined || (listed === 'acting' && passed.has(folded)) ? 'pass' : 'drop';
  }

  // Clients spell few names; what becomes of each is looked up. Only short names are kept, and not too many.
  const known = new Map<string, Action>();

  return function clean(rawHeaders) {
    const headers: string[] = [];
    let contentLength: number | undefined;
    let named: Set<string> | undefined;
    for (let i = 0; i < rawHeaders.length; i += 2) {
      const name = rawHeaders[i] ?? '';
      const value = rawHeaders[i + 1] ?? '';
      let action = known.get(name);
      if (action === undefined) {
        action = actionOf(name);
        if (known.size < 500 && name.length <= 64) known.set(name, action);
      }
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

const DROPPED: readonly string[] = [
  // This hop's own (RFC 9110 §7.6.1).
  'host',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'expect',
  // Carriers of credentials, used or not.
  'authorization',
  'proxy-authorization',
  'job-token',
  'deploy-token',
  'private-token',
  'x-nuget-apikey',
  'x-gitlab-token',
  'x-api-key',
  'x-jfrog-art-api',
  'x-gitea-internal-auth',
  // Acting as another user (GitLab and Gitea REST).
  'sudo',
  // Where a request came from and what it was before, as servers believe it.
  'forwarded',
  'x-forwarded',
  'via',
  'client-ip',
  'x-real-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'true-client-ip',
  'cf-connecting-ip',
  'fastly-client-ip',
  'x-host',
  'x-http-host-override',
  'x-scheme',
  'x-url-scheme',
  'front-end-https',
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  'x-request-id',
  'x-auth-*',
  'x-forwarded-*',
  'x-envoy-*',
];

/** `acting`: passes where the service says so. `never`: does not pass. */
const listOf = compileHeaderNames<'acting' | 'never'>([
  [DROPPED, 'never'],
  ...[...IMPERSONATION_HEADERS, ...TRUSTED_USER_HEADERS].map(({ names }) => [names, 'never'] as const),
  ...ACTING_HEADERS.map(({ names }) => [names, 'acting'] as const),
]);
