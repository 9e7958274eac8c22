import { foldHeaderName } from '../lib/header-name.ts';
import { addConnectionNames, withoutNames } from './connection-header.ts';
import { stripCredentials } from './credential-parameters.ts';

export interface RequestHeaderSettings {
  readonly keepCookies: boolean;
  /** Lowercase names that the gateway sets for this service: identity headers, upstream credential. */
  readonly reserved: readonly string[];
}

export interface CleanHeaders {
  /** Name, value, name, value …; without Host, framing, and whatever may not pass. */
  readonly headers: string[];
  /** Bytes, or undefined where the body is chunked or absent. */
  readonly contentLength: number | undefined;
}

/**
 * What of a client's headers reaches the upstream: everything but the hop's own, carriers of
 * credentials, and names that the gateway or its upstream would trust. Names are folded first, because
 * upstreams fold them too: `X_Auth_Subject` is `X-Auth-Subject` to them (oauth2-proxy GHSA-vjrc-mh2v-45x6).
 */
export function createHeaderCleaner(
  settings: RequestHeaderSettings,
): (rawHeaders: readonly string[]) => CleanHeaders {
  const reserved = new Set(settings.reserved.map((name) => foldHeaderName(name)));

  function actionOf(folded: string): Action {
    const special = SPECIAL.get(folded);
    if (special !== undefined) return special;
    if (folded === 'cookie') return settings.keepCookies ? 'pass' : 'drop';
    if (DROPPED.has(folded) || reserved.has(folded)) return 'drop';
    return DROPPED_PREFIXES.some((prefix) => folded.startsWith(prefix)) ? 'drop' : 'pass';
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
        action = actionOf(foldHeaderName(name));
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
          headers.push(name, stripCredentials(value));
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

const DROPPED: ReadonlySet<string> = new Set([
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
  // Acting as somebody else (GitLab REST, Kubernetes).
  'sudo',
  // Where a request came from and what it was before, as servers believe it.
  'forwarded',
  'via',
  'x-real-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'true-client-ip',
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  'x-request-id',
]);

const DROPPED_PREFIXES = [
  'x-auth-',
  'x-forwarded-',
  'x-original-',
  'x-rewrite-',
  'x-envoy-',
  'impersonate-',
] as const;
