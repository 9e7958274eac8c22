import type { Operation } from '../../core/request/operation.ts';
import type { Clock, EgressClient, EgressResponse, Log } from '../../core/ports.ts';
import { ACTION_SCOPES, type RegistryAction } from '../../core/credentials/registry-access.ts';
import { parseJsonObject } from '../../util/json/object.ts';
import {
  createFaultPauses,
  PAUSE_AFTER_REJECTED_LOGIN,
  PAUSE_AFTER_REJECTION,
} from '../../util/limits/fault-pauses.ts';
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

/** The key of a rejected login, which concerns every set of scopes. */
const ALL_SCOPES = '';

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
  const rejected = createFaultPauses<CredentialFault>(clock);
  /** By set of scopes: some token services deny scopes with 403, and clients choose the scopes. */
  const denied = createFaultPauses<CredentialFault>(clock);
  /** The credential of the last issued token. */
  let accepted: { readonly login: string | undefined } | undefined;

  async function fetchToken(query: string): Promise<GrantedToken | CredentialFault> {
    const basic = login();
    const paused = rejected.active(ALL_SCOPES, basic) ?? denied.active(query, basic);
    if (paused !== undefined) return paused;
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
    const isDenial = response.kind === 'response' && response.status === 403;
    if (isDenial && accepted !== undefined && accepted.login === basic) {
      denied.note(query, basic, { fault, pause: PAUSE_AFTER_REJECTION });
      log.warn('the token service of an upstream denied scopes', { service, detail: fault.detail });
      return;
    }
    rejected.note(ALL_SCOPES, basic, { fault, pause: PAUSE_AFTER_REJECTED_LOGIN });
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
    rejected: ({ operations }, attached) => tokens.rejected(queryOf(operations), attached),
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
