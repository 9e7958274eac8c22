import type { Clock, EgressBodyClient, EgressFailure, EgressPool } from '../../../core/ports.ts';
import type { GrantedToken } from '../renewed-tokens.ts';
import { credentialFault, type CredentialFault } from '../request-credential.ts';
import { openClientAuthentication, type ClientSettings } from './client-authentication.ts';
import { readOAuth2Response, type TokenEndpointFault, type TokenTypes } from './oauth2-response.ts';
import type { SecretPorts } from '../secret-source.ts';

export interface TokenClientSettings extends ClientSettings {
  /** Additional form fields, for example `audience` or `resource`. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly scope?: string | undefined;
  readonly caFile?: string | undefined;
}

export interface TokenClientPorts extends SecretPorts {
  readonly egress: EgressBodyClient;
  readonly clock: Clock;
}

export interface TokenClient {
  /** Requests a token, except during the pause after a failure with the same key. */
  request(key: string, grant: Readonly<Record<string, string>>): Promise<GrantedToken | CredentialFault>;
  /** Sends a request without a credential; returns the status. */
  reach(): Promise<{ readonly kind: 'reached'; readonly status: number } | CredentialFault>;
  close(): void;
}

/** The settings that a failure concerns. */
export const CLIENT_SETTINGS = {
  endpoint: 'tokenEndpoint and caFile',
  login: 'clientId and its secret or assertion, scope and parameters',
} as const;

/** Milliseconds without a new attempt after a failure; a rejected secret waits longer, to avoid account lockout. */
const PAUSE_AFTER_FAULT = 1_000;
const PAUSE_AFTER_REJECTION = 5_000;
const MAX_PAUSES = 1_000;

/** Milliseconds, bytes. A request waits for the first token. */
const DEADLINE = 5_000;
const MAX_BYTES = 64 * 1024;

interface Failure {
  readonly at: number;
  /** Of the client authentication. */
  readonly material: string;
  readonly fault: CredentialFault;
}

/** A token endpoint (RFC 6749 §3.2) and the gateway's client authentication there. */
export function createTokenClient(
  {
    service,
    pool,
    tokenTypes,
  }: { readonly service: string; readonly pool: EgressPool; readonly tokenTypes: TokenTypes },
  settings: TokenClientSettings,
  { egress, clock, log, vaultValues }: TokenClientPorts,
): TokenClient {
  const { tokenEndpoint: url, parameters, scope, caFile } = settings;
  const client = openClientAuthentication(service, settings, { clock, log, vaultValues });
  /** The endpoint refused the gateway's client, which concerns every key. */
  let refusedClient: Failure | undefined;
  const failures = new Map<string, Failure>();

  // A changed secret file is another credential, which the pause does not cover.
  function isPaused({ at, material, fault }: Failure, current: string): boolean {
    const pause = fault.reason === 'upstream_unauthorized' ? PAUSE_AFTER_REJECTION : PAUSE_AFTER_FAULT;
    // The absolute difference: a clock that was set back does not extend the pause.
    return material === current && Math.abs(clock.now() - at) < pause;
  }

  function note(key: string, material: string, fault: TokenEndpointFault): void {
    const { reason, detail } = fault;
    log.error('no token for an upstream from its token endpoint', { service, reason, detail });
    const failure = { at: clock.now(), material, fault: credentialFault(reason, detail) };
    if (fault.refusesClient) {
      refusedClient = failure;
      return;
    }
    failures.delete(key);
    failures.set(key, failure);
    const [oldest] = failures.keys();
    if (failures.size > MAX_PAUSES && oldest !== undefined) failures.delete(oldest);
  }

  function unreachable(failure: EgressFailure): CredentialFault {
    return credentialFault('upstream_unreachable', `the token endpoint: ${failure.detail}`);
  }

  return {
    async request(key, grant) {
      const { material, authenticate } = client.current();
      const paused = [refusedClient, failures.get(key)].find((each) => each && isPaused(each, material));
      if (paused !== undefined) return paused.fault;
      const { headers, fields } = authenticate();
      const form = new Map(Object.entries({ ...grant, ...parameters, ...grant, ...fields }));
      if (scope !== undefined) form.set('scope', scope);
      const result = await egress.post({
        url,
        headers: { accept: 'application/json', ...headers },
        form,
        caFile,
        pool,
        deadline: DEADLINE,
        maxBytes: MAX_BYTES,
      });
      const token = result.kind === 'response' ? readOAuth2Response(result, tokenTypes) : unreachable(result);
      if (token.kind !== 'token') {
        note(key, material, token);
        return token;
      }
      failures.delete(key);
      return { ...token, grants: withoutSecret(token.grants, material) };
    },
    async reach() {
      const result = await egress.get({ url, caFile, pool, deadline: DEADLINE, maxBytes: MAX_BYTES });
      return result.kind === 'response' ? { kind: 'reached', status: result.status } : unreachable(result);
    },
    close: () => client.close(),
  };
}

/** A token endpoint that repeats the client secret as a scope does not disclose it in a report. */
function withoutSecret(grants: readonly string[] | undefined, secret: string): readonly string[] | undefined {
  return secret === '' ? grants : grants?.filter((name) => !name.includes(secret));
}
