import { GatehouseError } from '../../core/errors.ts';
import type { Operation } from '../../core/request/operation.ts';
import type { Clock, Log, EgressClient } from '../../core/ports.ts';
import { ACTION_SCOPES, type RegistryAction } from '../../core/credentials/registry-access.ts';
import { parseJsonObject } from '../../util/json/object.ts';
import { createRenewedTokens, DEFAULT_SECONDS, type GrantedToken } from './renewed-tokens.ts';
import { CredentialFault, type RequestCredential } from './request-credential.ts';

export interface RegistryTokenSettings {
  /** The realm of the upstream's challenge. */
  readonly url: string;
  /** The `service` of its challenge. */
  readonly service: string;
  readonly caFile?: string | undefined;
}

export interface UpstreamRegistryTokenPorts {
  readonly egress: EgressClient;
  readonly clock: Clock;
  readonly log: Log;
  /** `Basic …` of the gateway at the token service, as it is now; undefined: as anybody. */
  readonly login: () => string | undefined;
}

/** Milliseconds in which a credential that was refused is not shown again: accounts are locked for less. */
const REST = 5_000;

/**
 * The tokens that an upstream registry wants to see, fetched with the gateway's own credential, one for each set of rights.
 * Where they come from is configured and never taken from a challenge: whoever controls an upstream's answers must not
 * be told the gateway's secret (CVE-2026-33540).
 */
export function createRegistryTokens(
  service: string,
  settings: RegistryTokenSettings,
  prefix: string,
  { egress, clock, log, login }: UpstreamRegistryTokenPorts,
): RequestCredential {
  let refused:
    { readonly at: number; readonly login: string | undefined; readonly fault: CredentialFault } | undefined;

  async function fetchToken(query: string): Promise<GrantedToken> {
    const basic = login();
    // A file that has changed since is another credential.
    const resting = refused !== undefined && Math.abs(clock.now() - refused.at) < REST;
    if (refused !== undefined && resting && refused.login === basic) throw refused.fault;
    const url = `${settings.url}${settings.url.includes('?') ? '&' : '?'}${query}`;
    const { caFile } = settings;
    const headers = basic === undefined ? {} : { authorization: basic };
    const { status, body } = await egress.get({ url, caFile, headers }).catch((cause: unknown) => {
      const why = cause instanceof GatehouseError ? cause.message : 'unexpected error';
      throw new CredentialFault('upstream_unreachable', `the token service of ${service}: ${why}`);
    });
    if (status === 401 || status === 403) {
      log.error('the token service of an upstream refuses the credential of the gateway', {
        service,
        status,
      });
      const fault = new CredentialFault('upstream_unauthorized', `its token service answered ${status}`);
      refused = { at: clock.now(), login: basic, fault };
      throw fault;
    }
    const answer = status === 200 ? parseJsonObject(body) : undefined;
    if (answer?.kind !== 'object') throw invalid(`its token service answered ${status}`);
    const { token = answer.value['access_token'], expires_in: seconds = DEFAULT_SECONDS } = answer.value;
    if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token) || typeof seconds !== 'number') {
      throw invalid('its token service gave no usable token');
    }
    return { token, seconds };
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
    close: () => undefined,
  };
}

function invalid(detail: string): CredentialFault {
  return new CredentialFault('upstream_invalid', detail);
}

/** In the upstream's names; sorted, so that one set of rights is one token. */
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
