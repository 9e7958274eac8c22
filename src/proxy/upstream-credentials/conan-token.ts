import type { Clock, EgressClient, Log } from '../../core/ports.ts';
import {
  createFaultPauses,
  PAUSE_AFTER_FAULT,
  PAUSE_AFTER_REJECTED_LOGIN,
  type PausedFault,
} from '../../util/limits/fault-pauses.ts';
import { createRenewedTokens, obtainedToken, SINGLE_KEY, type GrantedToken } from './renewed-tokens.ts';
import { credentialFault, type CredentialFault, type RequestCredential } from './request-credential.ts';

export interface ConanTokenSettings {
  /** URL of `v2/users/authenticate`. */
  readonly url: string;
  readonly username: string;
  readonly caFile?: string | undefined;
}

export interface ConanTokenPorts {
  readonly egress: EgressClient;
  readonly clock: Clock;
  readonly log: Log;
  /** The current `Basic …` value. */
  readonly login: () => string;
}

/** Seconds. Responses have no lifetime; a server that ends a token earlier responds with 401, and gets another one. */
const LIFETIME = 600;

const MAX_TOKEN = 16 * 1024;

/**
 * Tokens of a Conan server, which accepts the gateway's user name and password at `users/authenticate` only. The URL is
 * configured and never read from a response, and redirects are not followed.
 */
export function createConanToken(
  service: string,
  { url, caFile, username }: ConanTokenSettings,
  { egress, clock, log, login }: ConanTokenPorts,
): RequestCredential {
  const pauses = createFaultPauses<CredentialFault>(clock);

  async function fetchToken(key: string): Promise<GrantedToken | CredentialFault> {
    const basic = login();
    const paused = pauses.active(key, basic);
    if (paused !== undefined) return paused;
    const token = await requestToken(basic);
    if ('token' in token) return token;
    pauses.note(key, basic, token);
    log.error('no token for an upstream from its login', { service, detail: token.fault.detail });
    return token.fault;
  }

  async function requestToken(basic: string): Promise<GrantedToken | PausedFault<CredentialFault>> {
    const headers = { authorization: basic };
    const response = await egress.get({ url, caFile, headers, pool: `conan token, ${service}` });
    if (response.kind !== 'response')
      return fault('upstream_unreachable', `the login of ${service}: ${response.detail}`);
    const { status, body } = response;
    if (status === 401 || status === 403)
      return fault('upstream_unauthorized', `the login responded with ${status}`, PAUSE_AFTER_REJECTED_LOGIN);
    if (status !== 200) return fault('upstream_invalid', `the login responded with ${status}`);
    const token = body.length > MAX_TOKEN ? '' : Buffer.from(body).toString('latin1').trim();
    return /^[\x21-\x7e]+$/.test(token)
      ? { kind: 'token', token, seconds: LIFETIME }
      : fault('upstream_invalid', 'the login returned no usable token');
  }

  const tokens = createRenewedTokens(fetchToken, clock);
  return {
    headers: ['authorization'],
    attach: () => tokens.attach(SINGLE_KEY),
    rejected: (_forwarding, attached) => tokens.rejected(SINGLE_KEY, attached),
    probe: {
      holder: `user ${username}`,
      settings: { endpoint: 'url and caFile', login: 'username and password' },
      obtain: async () => obtainedToken(await fetchToken(SINGLE_KEY)),
    },
    close: () => undefined,
  };
}

function fault(
  reason: CredentialFault['reason'],
  detail: string,
  pause: number = PAUSE_AFTER_FAULT,
): PausedFault<CredentialFault> {
  return { fault: credentialFault(reason, detail), pause };
}
