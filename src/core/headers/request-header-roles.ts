import { ACTING_HEADERS, type HeaderGroup } from './acting-headers.ts';
import { IMPERSONATION_HEADERS, TRUSTED_USER_HEADERS } from './identity-headers.ts';

/**
 * - `framing`: connection and message framing; replaced or removed by the gateway.
 * - `credential`: a credential source; removed.
 * - `cookie`: removed unless the service sets `keepCookies`.
 * - `gateway`: set by the gateway; removed from client requests.
 * - `forwarding`: client address, original host, scheme or hop; removed.
 * - `method-override`: replaces the method that policy authorized; removed.
 * - `message`: describes the request or a response; forwarded, but no configuration sets it.
 * - `identity`, `forwarded-user`: identifies the caller; removed, and `identityHeaders` can set it.
 * - `impersonation`: acts as another user; removed or refused.
 * - `acting`: acts on another resource than the path; removed or refused unless `passHeaders` names it.
 */
export type RequestHeaderRole =
  | 'framing'
  | 'credential'
  | 'cookie'
  | 'gateway'
  | 'forwarding'
  | 'method-override'
  | 'message'
  | 'identity'
  | 'forwarded-user'
  | 'impersonation'
  | 'acting';

export interface RequestHeaderGroup extends HeaderGroup {
  readonly role: RequestHeaderRole;
}

/** All request headers with a role. The forwarder removes headers by it, and `check` validates header names by it. */
export const REQUEST_HEADERS: readonly RequestHeaderGroup[] = [
  {
    role: 'framing',
    source: 'RFC 9110 §7.6.1, §7.8, §10.1; RFC 9112 §6; RFC 7540 §3.2.1',
    names: [
      'Connection',
      'Content-Length',
      'Expect',
      'Host',
      'HTTP2-Settings',
      'Keep-Alive',
      'Proxy-Connection',
      'TE',
      'Trailer',
      'Transfer-Encoding',
      'Upgrade',
    ],
  },
  {
    role: 'credential',
    source: 'RFC 9110 §11.6.2, §11.7.2; GitLab, NuGet, Artifactory and Gitea REST APIs',
    names: [
      'Authorization',
      'Proxy-Authorization',
      'Job-Token',
      'Deploy-Token',
      'Private-Token',
      'X-NuGet-ApiKey',
      'X-Gitlab-Token',
      'X-Api-Key',
      'X-JFrog-Art-Api',
      'X-Gitea-Internal-Auth',
    ],
  },
  { role: 'cookie', source: 'RFC 6265 §5.4', names: ['Cookie'] },
  {
    role: 'gateway',
    source: 'set by the gateway; Forwarded is the standard form of X-Forwarded-* (RFC 7239)',
    names: ['X-Auth-*', 'X-Request-Id', 'X-Forwarded-*', 'Forwarded'],
  },
  {
    role: 'forwarded-user',
    source: 'oauth2-proxy --pass-user-headers',
    names: ['X-Forwarded-User', 'X-Forwarded-Email', 'X-Forwarded-Groups', 'X-Forwarded-Preferred-Username'],
  },
  {
    role: 'forwarding',
    source: 'RFC 9110 §7.6.3; headers that servers trust for the address, host and scheme of the client',
    names: [
      'X-Forwarded',
      'Via',
      'Client-IP',
      'X-Real-IP',
      'X-Client-IP',
      'X-Cluster-Client-IP',
      'True-Client-IP',
      'CF-Connecting-IP',
      'Fastly-Client-IP',
      'X-Host',
      'X-HTTP-Host-Override',
      'X-Scheme',
      'X-URL-Scheme',
      'Front-End-Https',
      'X-Envoy-*',
    ],
  },
  {
    role: 'method-override',
    source: 'Rack::MethodOverride, Spring HiddenHttpMethodFilter, Google APIs',
    names: ['X-HTTP-Method', 'X-HTTP-Method-Override', 'X-Method-Override'],
  },
  {
    role: 'impersonation',
    source: 'GitLab and Gitea REST APIs',
    names: ['Sudo'],
    identityHeaders: 'never',
  },
  {
    role: 'message',
    source: 'RFC 9110 §8, §10, §11, §13; Fetch (Sec-*, Access-Control-*)',
    names: [
      'Content-*',
      'If-*',
      'Proxy-*',
      'Sec-*',
      'Access-Control-*',
      'Referer',
      'Set-Cookie',
      'WWW-Authenticate',
    ],
  },
  ...IMPERSONATION_HEADERS.map((group) => ({ ...group, role: 'impersonation' as const })),
  ...TRUSTED_USER_HEADERS.map((group) => ({ ...group, role: 'identity' as const })),
  ...ACTING_HEADERS.map((group) => ({ ...group, role: 'acting' as const })),
];
