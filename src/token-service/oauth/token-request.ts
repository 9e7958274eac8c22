import { foldHeaderName } from '../../util/http/header-name.ts';
import type { RequestHead } from '../../core/request/request-head.ts';
import { hasMediaType } from '../endpoint/media-type.ts';
import { badRequest, type EndpointRefusal } from '../endpoint/outcome.ts';

export const GRANT_TYPES = {
  exchange: 'urn:ietf:params:oauth:grant-type:token-exchange',
  assertion: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
  client: 'client_credentials',
} as const;

const TYPE = 'urn:ietf:params:oauth:token-type:';

export const TOKEN_TYPE_URIS = {
  accessToken: `${TYPE}access_token`,
  idToken: `${TYPE}id_token`,
  jwt: `${TYPE}jwt`,
} as const;

export interface TokenRequest {
  readonly kind: 'request';
  readonly subject:
    | { readonly grant: 'exchange'; readonly token: string; readonly type: string }
    | { readonly grant: 'assertion'; readonly token: string }
    /** The credential is in the Authorization header (RFC 6749 §2.3.1). */
    | { readonly grant: 'client'; readonly username: string; readonly secret: string };
  /** Values of `audience` and `resource`; empty for all services. */
  readonly targets: readonly string[];
  /** Undefined for all scopes of the caller. */
  readonly scopes: readonly string[] | undefined;
  readonly issuedType: string;
}

/** Reads a request of RFC 8693 §2.1, RFC 7523 §2.1 or RFC 6749 §4.4.2. Parameters are read from the body only, each at most once. */
export function readTokenRequest(head: RequestHead, body: string): TokenRequest | EndpointRefusal {
  const parameters = readForm(head, body, REPEATABLE);
  if ('kind' in parameters) return parameters;
  const targets = [...parameters.getAll('audience'), ...parameters.getAll('resource')];
  const scope = parameters.get('scope');
  const scopes = scope === null ? undefined : scope.split(' ');
  if (scopes?.some((each) => each === '') === true) {
    return badRequest('invalid_scope', 'Separate the scopes with single spaces.');
  }
  const common = { kind: 'request', targets, scopes } as const;
  const grant = parameters.get('grant_type');
  switch (grant) {
    case null:
      return badRequest('invalid_request', 'Send the parameter grant_type.');
    case GRANT_TYPES.exchange: {
      const subject = readSubject(parameters);
      if ('kind' in subject) return subject;
      const issuedType = parameters.get('requested_token_type') ?? TOKEN_TYPE_URIS.accessToken;
      return issuedType === TOKEN_TYPE_URIS.accessToken || issuedType === TOKEN_TYPE_URIS.jwt
        ? { ...common, subject, issuedType }
        : badRequest('invalid_request', 'requested_token_type must be access_token or jwt.');
    }
    case GRANT_TYPES.assertion: {
      const subject = readAssertion(parameters);
      return 'kind' in subject ? subject : { ...common, subject, issuedType: TOKEN_TYPE_URIS.accessToken };
    }
    case GRANT_TYPES.client: {
      const subject = readClient(head);
      return 'kind' in subject ? subject : { ...common, subject, issuedType: TOKEN_TYPE_URIS.accessToken };
    }
    default:
      return badRequest(
        'unsupported_grant_type',
        'Use a grant type listed in the authorization server metadata.',
      );
  }
}

const REPEATABLE: ReadonlySet<string> = new Set(['audience', 'resource']);

/** Reads a form. Each parameter may occur once (RFC 6749 §3.2), except `repeatable` ones. */
export function readForm(
  head: RequestHead,
  body: string,
  repeatable: ReadonlySet<string> = new Set(),
): URLSearchParams | EndpointRefusal {
  if (!hasMediaType(head, 'application/x-www-form-urlencoded')) {
    return badRequest('invalid_request', 'Send the parameters as application/x-www-form-urlencoded.');
  }
  const parameters = new URLSearchParams(body);
  for (const name of new Set(parameters.keys())) {
    if (repeatable.has(name) || parameters.getAll(name).length === 1) continue;
    return badRequest('invalid_request', 'Send each parameter once.');
  }
  return parameters;
}

type Exchange = Extract<TokenRequest['subject'], { grant: 'exchange' }>;
type Assertion = Extract<TokenRequest['subject'], { grant: 'assertion' }>;
type Client = Extract<TokenRequest['subject'], { grant: 'client' }>;

function readSubject(parameters: URLSearchParams): Exchange | EndpointRefusal {
  const token = parameters.get('subject_token') ?? '';
  const type = parameters.get('subject_token_type');
  if (token === '') return badRequest('invalid_request', 'Send the parameter subject_token.');
  if (parameters.has('actor_token')) return badRequest('invalid_request', 'actor_token is not supported.');
  const other = findOther(parameters, ['client_secret', 'client_assertion', 'assertion']);
  if (other !== undefined) return badRequest('invalid_request', `Send the subject_token without ${other}.`);
  const known =
    type === TOKEN_TYPE_URIS.idToken || type === TOKEN_TYPE_URIS.jwt || type === TOKEN_TYPE_URIS.accessToken;
  if (!known) {
    const message =
      'subject_token_type must be id_token or jwt for an ID token, or access_token for a job token.';
    return badRequest('invalid_request', message);
  }
  return { grant: 'exchange', token, type };
}

function readAssertion(parameters: URLSearchParams): Assertion | EndpointRefusal {
  const token = parameters.get('assertion') ?? '';
  if (token === '') return badRequest('invalid_request', 'Send the parameter assertion.');
  const other = findOther(parameters, ['client_secret', 'client_assertion', 'subject_token', 'actor_token']);
  return other === undefined
    ? { grant: 'assertion', token }
    : badRequest('invalid_request', `Send the assertion without ${other}.`);
}

/** The first of these parameters in the request: a request has one credential. */
function findOther(parameters: URLSearchParams, names: readonly string[]): string | undefined {
  return names.find((name) => parameters.has(name));
}

/** Reads HTTP Basic credentials; a second Authorization header is an error. */
function readClient({ rawHeaders }: RequestHead): Client | EndpointRefusal {
  const lines = rawHeaders.filter(
    (_text, index) => index % 2 === 1 && foldHeaderName(rawHeaders[index - 1] ?? '') === 'authorization',
  );
  const [, encoded = ''] = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(lines[0] ?? '') ?? [];
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  const username = unescapeFormPart(text.slice(0, Math.max(colon, 0)));
  const secret = unescapeFormPart(text.slice(colon + 1));
  if (lines.length !== 1 || colon < 0 || username === undefined || secret === undefined) {
    return badRequest(
      'invalid_client',
      'Send the user name and secret of a deploy token with HTTP Basic.',
      401,
    );
  }
  return { grant: 'client', username, secret };
}

/**
 * RFC 6749 §2.3.1 requires form encoding of both parts; curl sends them unencoded. `+` is kept: GitLab user names
 * contain it, and no user name contains a space.
 */
function unescapeFormPart(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
