import type { Clock, EgressFormClient, EgressResponse, Log } from '../../../core/ports.ts';
import { readOAuth2Response } from './oauth2-response.ts';
import { createRenewedTokens, type GrantedToken } from '../renewed-tokens.ts';
import { credentialFault, type CredentialFault, type RequestCredential } from '../request-credential.ts';
import { openSecret } from '../secret-source.ts';

/** OAuth 2.0 client credentials grant (RFC 6749 §4.4). */
export interface OAuth2Settings {
  readonly tokenEndpoint: string;
  readonly clientId: string;
  readonly clientSecret?: string | undefined;
  readonly clientSecretFile?: string | undefined;
  readonly scope?: string | undefined;
  /** Additional form fields, for example `audience` or `resource`. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Client authentication (RFC 6749 §2.3.1): HTTP Basic, or form fields. */
  readonly authentication: 'basic' | 'form';
  readonly caFile?: string | undefined;
}

export interface OAuth2Ports {
  readonly egress: EgressFormClient;
  readonly clock: Clock;
  readonly log: Log;
}

/** Milliseconds without a new attempt after a failure; a rejected secret waits longer, to avoid account lockout. */
const PAUSE_AFTER_FAULT = 1_000;
const PAUSE_AFTER_REJECTION = 5_000;

/** Milliseconds, bytes. A request waits for the first token. */
const DEADLINE = 5_000;
const MAX_BYTES = 64 * 1024;

/** The upstream credential is an access token of the gateway, shared by all requests of the service. */
export function createOAuth2Token(
  service: string,
  settings: OAuth2Settings,
  { egress, clock, log }: OAuth2Ports,
): RequestCredential {
  const { clientSecret: inline, clientSecretFile: file } = settings;
  const secret = openSecret(service, { inline, file }, log);
  let failure:
    | {
        readonly at: number;
        readonly pause: number;
        readonly secret: string;
        readonly fault: CredentialFault;
      }
    | undefined;

  async function fetchToken(): Promise<GrantedToken | CredentialFault> {
    const current = secret.current();
    // The absolute difference: a clock that was set back does not extend the pause.
    const paused = failure !== undefined && Math.abs(clock.now() - failure.at) < failure.pause;
    // A changed secret file is another credential, which the pause does not cover.
    if (failure !== undefined && paused && failure.secret === current) return failure.fault;
    const response = await requestToken(current);
    const result = response.kind === 'response' ? readOAuth2Response(response) : response;
    if (result.kind === 'credential-fault') {
      const { reason, detail } = result;
      const pause = reason === 'upstream_unauthorized' ? PAUSE_AFTER_REJECTION : PAUSE_AFTER_FAULT;
      failure = { at: clock.now(), pause, secret: current, fault: result };
      log.error('no token for an upstream from its token endpoint', { service, reason, detail });
    }
    return result;
  }

  async function requestToken(clientSecret: string): Promise<EgressResponse | CredentialFault> {
    const { tokenEndpoint: url, caFile } = settings;
    const { headers, form } = tokenRequest(settings, clientSecret);
    const limits = { deadline: DEADLINE, maxBytes: MAX_BYTES };
    const pool = `oauth2 token, ${service}` as const;
    const result = await egress.post({ url, headers, form, caFile, pool, ...limits });
    if (result.kind === 'response') return result;
    return credentialFault('upstream_unreachable', `the token endpoint: ${result.detail}`);
  }

  const tokens = createRenewedTokens(fetchToken, clock);
  return {
    headers: ['authorization'],
    attach: () => tokens.attach(SINGLE_KEY),
    rejected: (_forwarding, presented) => tokens.rejected(SINGLE_KEY, presented),
    close: () => secret.close(),
  };
}

const SINGLE_KEY = '';

function tokenRequest(
  { clientId, scope, authentication, parameters }: OAuth2Settings,
  clientSecret: string,
): { readonly headers: Readonly<Record<string, string>>; readonly form: ReadonlyMap<string, string> } {
  const form = new Map([['grant_type', 'client_credentials'], ...Object.entries(parameters)]);
  if (scope !== undefined) form.set('scope', scope);
  const headers: Record<string, string> = { accept: 'application/json' };
  if (authentication === 'form') {
    form.set('client_id', clientId).set('client_secret', clientSecret);
  } else {
    const basic = `${formEncoded(clientId)}:${formEncoded(clientSecret)}`;
    headers['authorization'] = `Basic ${Buffer.from(basic).toString('base64')}`;
  }
  return { headers, form };
}

/** RFC 6749 §2.3.1: both parts are form-encoded, so that a colon in them does not separate them. */
function formEncoded(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1);
}
