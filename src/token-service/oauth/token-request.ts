import { findHeader, foldHeaderName } from '../../util/http/header-name.ts';
import type { RequestHead } from '../../core/request/request-head.ts';
import { badRequest, type EndpointRefusal } from '../endpoint/built-in-endpoint.ts';

export const GRANT_TYPES = {
  exchange: 'urn:ietf:params:oauth:grant-type:token-exchange',
  client: 'client_credentials',
} as const;

const TYPE = 'urn:ietf:params:oauth:token-type:';

export const TOKEN_TYPES = {
  accessToken: `${TYPE}access_token`,
  idToken: `${TYPE}id_token`,
  jwt: `${TYPE}jwt`,
} as const;

export interface TokenRequest {
  readonly kind: 'request';
  readonly subject:
    | { readonly grant: 'exchange'; readonly token: string; readonly type: string }
    /** The credential stands in the header (RFC 6749 §2.3.1). */
    | { readonly grant: 'client'; readonly username: string; readonly secret: string };
  /** Of `audience` and `resource`; empty: all services. */
  readonly targets: readonly string[];
  /** Undefined: all that there are. */
  readonly scopes: readonly string[] | undefined;
  readonly issuedType: string;
}

/** A request of RFC 8693 §2.1, or of RFC 6749 §4.4.2; parameters come from the body only, each once. */
export function readTokenRequest(head: RequestHead, body: string): TokenRequest | EndpointRefusal {
  const parameters = readForm(head, body, REPEATABLE);
  if ('kind' in parameters) return parameters;
  const targets = [...parameters.getAll('audience'), ...parameters.getAll('resource')];
  const scope = parameters.get('scope');
  const scopes = scope === null ? undefined : scope.split(' ');
  if (scopes?.some((each) => each === '') === true) {
    return badRequest('invalid_scope', 'Send scopes with one blank between them.');
  }
  const common = { kind: 'request', targets, scopes } as const;
  const grant = parameters.get('grant_type');
  switch (grant) {
    case null:
      return badRequest('invalid_request', 'Send a grant_type.');
    case GRANT_TYPES.exchange: {
      const subject = readSubject(parameters);
      if ('kind' in subject) return subject;
      const issuedType = parameters.get('requested_token_type') ?? TOKEN_TYPES.accessToken;
      return issuedType === TOKEN_TYPES.accessToken || issuedType === TOKEN_TYPES.jwt
        ? { ...common, subject, issuedType }
        : badRequest('invalid_request', 'The only requested_token_type is access_token (which is a jwt).');
    }
    case GRANT_TYPES.client: {
      const subject = readClient(head);
      return 'kind' in subject ? subject : { ...common, subject, issuedType: TOKEN_TYPES.accessToken };
    }
    default:
      return badRequest('unsupported_grant_type', 'Send one of the grant types that the metadata lists.');
  }
}

const REPEATABLE: ReadonlySet<string> = new Set(['audience', 'resource']);

/** The parameters of a form; none may stand twice (RFC 6749 §3.2) but those that a standard lets repeat. */
export function readForm(
  head: RequestHead,
  body: string,
  repeatable: ReadonlySet<string> = new Set(),
): URLSearchParams | EndpointRefusal {
  const type = findHeader(head.rawHeaders, 'content-type') ?? '';
  if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(type)) {
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
type Client = Extract<TokenRequest['subject'], { grant: 'client' }>;

function readSubject(parameters: URLSearchParams): Exchange | EndpointRefusal {
  const token = parameters.get('subject_token') ?? '';
  const type = parameters.get('subject_token_type');
  if (token === '') return badRequest('invalid_request', 'Send a subject_token.');
  if (parameters.has('actor_token'))
    return badRequest('invalid_request', 'An actor_token is not taken here.');
  if (parameters.has('client_secret')) {
    return badRequest(
      'invalid_request',
      'An exchange takes the subject_token alone, without a client_secret.',
    );
  }
  const known = type === TOKEN_TYPES.idToken || type === TOKEN_TYPES.jwt || type === TOKEN_TYPES.accessToken;
  if (!known) {
    const message =
      'The subject_token_type is id_token or jwt for an id token, access_token for a job token.';
    return badRequest('invalid_request', message);
  }
  return { grant: 'exchange', token, type };
}

/** Basic, and nothing beside it. */
function readClient({ rawHeaders }: RequestHead): Client | EndpointRefusal {
  const lines = rawHeaders.filter(
    (_text, index) => index % 2 === 1 && foldHeaderName(rawHeaders[index - 1] ?? '') === 'authorization',
  );
  const [, encoded = ''] = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(lines[0] ?? '') ?? [];
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  const username = unescaped(text.slice(0, Math.max(colon, 0)));
  const secret = unescaped(text.slice(colon + 1));
  if (lines.length !== 1 || colon < 0 || username === undefined || secret === undefined) {
    return badRequest(
      'invalid_client',
      'Send user name and secret of the deploy token with HTTP Basic.',
      401,
    );
  }
  return { grant: 'client', username, secret };
}

/**
 * Clients encode both parts as in a form (RFC 6749 §2.3.1), curl does not. A `+` stays: GitLab's user names have it, and
 * nobody's has a blank.
 */
function unescaped(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
