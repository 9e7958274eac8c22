import type { Operation } from '../../core/request/operation.ts';
import type { Clock, EgressClient, EgressResponse, Log } from '../../core/ports.ts';
import { ACTION_SCOPES, type RegistryAction } from '../../core/credentials/registry-access.ts';
import { parseJsonObject } from '../../util/json/object.ts';
import { createRenewedTokens, DEFAULT_SECONDS, obtainedToken, type GrantedToken } from './renewed-tokens.ts';
import { credentialFault, type CredentialFault, type RequestCredential } from './request-credential.ts';

export interface RegistryTokenSettings {
  /** The realm of the upstream's challenge. */
  readonly url: string;
  /** The `service` of its challenge. */
  readonly service: string;
  /** Undefined: tokens are requested anonymously. */
  readonly username?: string | undefined;
  readonly caFile?: string | undefined;
}

export interface UpstreamRegistryTokenPorts {
  readonly egress: EgressClient;
  readonly clock: Clock;
  readonly log: Log;
  /** The current `Basic …` value for the token service; undefined for anonymous tokens. */
  readonly login: () => string | undefined;
}

/**
 * Milliseconds for which a rejected credential is not sent again, to avoid account lockout: GitLab bans an address after 30
 * failures in 3 minutes.
 */
export const REJECTION_PAUSE = 30_000;
/** Milliseconds for which a denied set of scopes is not requested again. */
const DENIAL_PAUSE = 5_000;
const MAX_DENIALS = 1_000;

/** A refusal of the token service, for one credential. */
interface TokenRefusal {
  readonly at: number;
  readonly login: string | undefined;
  readonly fault: CredentialFault;
}

/**
 * Tokens for an upstream registry, requested with the gateway's credential, one per set of scopes. The token service is
 * configured and never read from a challenge: a compromised upstream must not receive the credential (CVE-2026-33540).
 */
export function createRegistryTokens(
  service: string,
  settings: RegistryTokenSettings,
  prefix: string,
  { egress, clock, log, login }: UpstreamRegistryTokenPorts,
): RequestCredential {
  let rejected: TokenRefusal | undefined;
  /** By set of scopes: some token services deny scopes with 403, and clients choose the scopes. */
  const denied = new Map<string, TokenRefusal>();
  /** The credential of the last issued token. */
  let accepted: { readonly login: string | undefined } | undefined;

  // A changed secret file is another credential, which the pause does not cover.
  function applies(refusal: TokenRefusal, login: string | undefined, pause: number): boolean {
    return refusal.login === login && Math.abs(clock.now() - refusal.at) < pause;
  }

  async function fetchToken(query: string): Promise<GrantedToken | CredentialFault> {
    const basic = login();
    if (rejected !== undefined && applies(rejected, basic, REJECTION_PAUSE)) return rejected.fault;
    const denial = denied.get(query);
    if (denial !== undefined && applies(denial, basic, DENIAL_PAUSE)) return denial.fault;
    const response = await requestToken(query, basic);
    const result = readTokenResponse(response);
    if (result.kind === 'token') accepted = { login: basic };
    else if (result.reason === 'upstream_unauthorized') noteRefusal(query, basic, response, result);
    return result;
  }

  function noteRefusal(
    query: string,
    basic: string | undefined,
    response: EgressResponse | CredentialFault,
    fault: CredentialFault,
  ): void {
    const refusal = { at: clock.now(), login: basic, fault };
    const isDenial = response.kind === 'response' && response.status === 403;
    if (isDenial && accepted !== undefined && accepted.login === basic) {
      denied.delete(query);
      denied.set(query, refusal);
      const [oldest] = denied.keys();
      if (denied.size > MAX_DENIALS && oldest !== undefined) denied.delete(oldest);
      log.warn('the token service of an upstream denied scopes', { service, detail: fault.detail });
      return;
    }
    rejected = refusal;
    log.error('the token service of an upstream rejected the gateway’s credential', {
      service,
      detail: fault.detail,
    });
  }

  async function requestToken(
    query: string,
    basic: string | undefined,
  ): Promise<EgressResponse | CredentialFault> {
    const url = `${settings.url}${settings.url.includes('?') ? '&' : '?'}${query}`;
    const headers = basic === undefined ? {} : { authorization: basic };
    const { caFile } = settings;
    const result = await egress.get({ url, caFile, headers, pool: `registry tokens, ${service}` });
    if (result.kind === 'response') return result;
    return credentialFault('upstream_unreachable', `the token service of ${service}: ${result.detail}`);
  }

  const tokens = createRenewedTokens(fetchToken, clock);

  const queryOf = (operations: readonly Operation[]): string =>
    [
      `service=${encodeURIComponent(settings.service)}`,
      ...scopesOf(operations, prefix).map((scope) => `scope=${encodeURIComponent(scope)}`),
    ].join('&');

  return {
    headers: ['authorization'],
    attach: ({ operations }) => tokens.attach(queryOf(operations)),
    rejected: ({ operations }, presented) => tokens.rejected(queryOf(operations), presented),
    probe: {
      holder: settings.username === undefined ? 'anonymous' : `user ${settings.username}`,
      settings: { endpoint: 'url, service and caFile', login: 'username and password' },
      obtain: async () => obtainedToken(await fetchToken(queryOf([])), 'a token without scopes'),
    },
    close: () => undefined,
  };
}

/** Distribution, docs/spec/auth/token.md: `token` or `access_token`, and `expires_in` in seconds. */
function readTokenResponse(response: EgressResponse | CredentialFault): GrantedToken | CredentialFault {
  if (response.kind === 'credential-fault') return response;
  const { status, body } = response;
  if (status === 401 || status === 403) {
    return credentialFault('upstream_unauthorized', `the token service responded with ${status}`);
  }
  const json = status === 200 ? parseJsonObject(body) : undefined;
  if (json?.kind !== 'object')
    return invalid(`the token service responded with ${status} and no JSON object`);
  const { token = json.value['access_token'], expires_in: seconds = DEFAULT_SECONDS } = json.value;
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token) || typeof seconds !== 'number') {
    return invalid('the token service returned no usable token');
  }
  return { kind: 'token', token, seconds };
}

function invalid(detail: string): CredentialFault {
  return credentialFault('upstream_invalid', detail);
}

/** Scopes with the upstream's repository names, sorted so that equal sets share one token. */
function scopesOf(operations: readonly Operation[], prefix: string): string[] {
  const byName = new Map<string, Set<string>>();
  for (const { scope, resource, extent } of operations) {
    const action = extent === 'every' ? '*' : ACTIONS.find((known) => ACTION_SCOPES[known] === scope);
    const name = extent === 'every' ? 'registry:catalog' : `repository:${resource.slice(prefix.length)}`;
    if (action !== undefined) byName.set(name, (byName.get(name) ?? new Set()).add(action));
  }
  return [...byName].map(([name, actions]) => `${name}:${[...actions].join(',')}`).toSorted();
}

const ACTIONS = Object.keys(ACTION_SCOPES) as readonly RegistryAction[];
