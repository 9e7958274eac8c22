import { GatehouseError } from '../../core/errors.ts';
import type { Clock, Log, EgressFormClient, EgressResponse } from '../../core/ports.ts';
import { parseJsonObject } from '../../util/json/object.ts';
import { createRenewedTokens, DEFAULT_SECONDS, type GrantedToken } from './renewed-tokens.ts';
import { CredentialFault, type RequestCredential } from './request-credential.ts';
import { openSecret } from './secret-source.ts';

/** OAuth 2 client credentials (RFC 6749 §4.4). */
export interface OAuth2Settings {
  readonly tokenEndpoint: string;
  readonly clientId: string;
  readonly clientSecret?: string | undefined;
  readonly clientSecretFile?: string | undefined;
  readonly scope?: string | undefined;
  /** More of the form: `audience`, `resource`. */
  readonly parameters: Readonly<Record<string, string>>;
  /** How the client proves itself (RFC 6749 §2.3.1): in a header, or in the form. */
  readonly authentication: 'basic' | 'form';
  readonly caFile?: string | undefined;
}

export interface OAuth2Ports {
  readonly egress: EgressFormClient;
  readonly clock: Clock;
  readonly log: Log;
}

/** Milliseconds in which nothing is asked again after a failure; accounts are locked for guessing a secret. */
const REST_AFTER_FAULT = 1_000;
const REST_AFTER_REFUSAL = 5_000;

/** Milliseconds, bytes. A request waits for the first token. */
const DEADLINE = 5_000;
const MAX_BYTES = 64 * 1024;
const MAX_TOKEN_LENGTH = 16 * 1024;

/** The gateway's own token at the upstream, from an authorization server: one for all requests. */
export function createOAuth2Token(
  service: string,
  settings: OAuth2Settings,
  { egress, clock, log }: OAuth2Ports,
): RequestCredential {
  const { clientSecret: inline, clientSecretFile: file } = settings;
  const secret = openSecret(service, { inline, file }, log);
  let resting:
    | { readonly at: number; readonly rest: number; readonly secret: string; readonly fault: CredentialFault }
    | undefined;

  async function fetchToken(): Promise<GrantedToken> {
    const shown = secret.current();
    // A file that has changed since is another credential; a clock that was set back makes no rest longer.
    const rests = resting !== undefined && Math.abs(clock.now() - resting.at) < resting.rest;
    if (resting !== undefined && rests && resting.secret === shown) throw resting.fault;
    try {
      return readAnswer(await ask(shown));
    } catch (cause) {
      const fault = cause instanceof CredentialFault ? cause : unreachable(cause);
      const rest = fault.reason === 'upstream_unauthorized' ? REST_AFTER_REFUSAL : REST_AFTER_FAULT;
      resting = { at: clock.now(), rest, secret: shown, fault };
      const { reason, message } = fault;
      log.error('no token for an upstream from its token endpoint', { service, reason, detail: message });
      throw fault;
    }
  }

  function ask(shown: string): Promise<EgressResponse> {
    const { tokenEndpoint: url, clientId, scope, caFile, authentication, parameters } = settings;
    const form = new Map([['grant_type', 'client_credentials'], ...Object.entries(parameters)]);
    if (scope !== undefined) form.set('scope', scope);
    const headers: Record<string, string> = { accept: 'application/json' };
    if (authentication === 'form') {
      form.set('client_id', clientId).set('client_secret', shown);
    } else {
      const basic = `${formEncoded(clientId)}:${formEncoded(shown)}`;
      headers['authorization'] = `Basic ${Buffer.from(basic).toString('base64')}`;
    }
    return egress.post({ url, headers, form, caFile, deadline: DEADLINE, maxBytes: MAX_BYTES });
  }

  const tokens = createRenewedTokens(fetchToken, clock);
  return {
    headers: ['authorization'],
    attach: () => tokens.attach(ONE),
    rejected: (_forwarding, presented) => tokens.rejected(ONE, presented),
    close: () => secret.close(),
  };
}

const ONE = '';

/** RFC 6749 §5.1, §5.2. */
function readAnswer({ status, body }: EgressResponse): GrantedToken {
  const answer = parseJsonObject(body);
  const members = answer.kind === 'object' ? answer.value : {};
  if (status === 400 || status === 401 || status === 403) {
    const refused = status !== 400 || members['error'] !== undefined;
    const reason = refused ? 'upstream_unauthorized' : 'upstream_invalid';
    throw new CredentialFault(reason, `its token endpoint answered ${status}${errorCode(members['error'])}`);
  }
  if (status !== 200) throw invalid(`its token endpoint answered ${status}`);
  const { access_token: token, token_type: type, expires_in: life = DEFAULT_SECONDS } = members;
  if (typeof token !== 'string' || token.length > MAX_TOKEN_LENGTH || !/^[\x21-\x7e]+$/.test(token)) {
    throw invalid('its token endpoint gave no usable token');
  }
  if (typeof type !== 'string' || type.toLowerCase() !== 'bearer') {
    throw invalid('its token endpoint gave a token that is no Bearer');
  }
  // Some say it as text (Entra's v1 endpoint).
  const seconds = typeof life === 'string' && /^\d{1,10}$/.test(life) ? Number(life) : life;
  if (typeof seconds !== 'number')
    throw invalid('its token endpoint does not say how long the token is good');
  return { token, seconds };
}

/** What an operator looks up; one of a closed list, so that nothing else of the answer gets into a log. */
function errorCode(error: unknown): string {
  return typeof error === 'string' && ERRORS.has(error) ? ` ${error}` : '';
}

const ERRORS: ReadonlySet<string> = new Set([
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
  'invalid_target',
]);

function unreachable(cause: unknown): CredentialFault {
  const why = cause instanceof GatehouseError ? cause.message : 'unexpected error';
  return new CredentialFault('upstream_unreachable', `its token endpoint: ${why}`);
}

function invalid(detail: string): CredentialFault {
  return new CredentialFault('upstream_invalid', detail);
}

/** RFC 6749 §2.3.1: both halves are form-encoded first, so that a colon in them is none. */
function formEncoded(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1);
}
