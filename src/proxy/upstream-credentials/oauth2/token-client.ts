import type { Clock, EgressBodyClient, EgressFailure, EgressPool } from '../../../core/ports.ts';
import {
  createFaultPauses,
  PAUSE_AFTER_FAULT,
  PAUSE_AFTER_REJECTION,
} from '../../../util/limits/fault-pauses.ts';
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

const ALL_KEYS = '';

/** Milliseconds, bytes. A request waits for the first token. */
const DEADLINE = 5_000;
const MAX_BYTES = 64 * 1024;

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
  /** `client`: the endpoint refused the gateway's client, which concerns every key. */
  const pauses = {
    client: createFaultPauses<CredentialFault>(clock),
    key: createFaultPauses<CredentialFault>(clock),
  };

  function note(key: string, material: string, fault: TokenEndpointFault): void {
    const { reason, detail } = fault;
    log.error('no token for an upstream from its token endpoint', { service, reason, detail });
    const pause = reason === 'upstream_unauthorized' ? PAUSE_AFTER_REJECTION : PAUSE_AFTER_FAULT;
    const failed = { fault: credentialFault(reason, detail), pause };
    if (fault.refusesClient) pauses.client.note(ALL_KEYS, material, failed);
    else pauses.key.note(key, material, failed);
  }

  function unreachable(failure: EgressFailure): CredentialFault {
    return credentialFault('upstream_unreachable', `the token endpoint: ${failure.detail}`);
  }

  return {
    async request(key, grant) {
      const { material, authenticate } = client.current();
      const paused = pauses.client.active(ALL_KEYS, material) ?? pauses.key.active(key, material);
      if (paused !== undefined) return paused;
      const { headers, fields } = authenticate();
      const form = new Map(Object.entries({ ...parameters, ...grant, ...fields }));
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
