import type { RequestHead } from '../../core/request/request-head.ts';
import { findHeader, foldHeaderName } from '../../util/http/header-name.ts';
import { basicAuthorization } from '../../util/http/basic-authorization.ts';
import { hasMediaType } from '../endpoint/media-type.ts';
import { badRequest, type EndpointRefusal } from '../endpoint/outcome.ts';

/** A request to the token endpoint (distribution token specification, GET and OAuth 2 forms). */
export interface RegistryTokenRequest {
  readonly kind: 'request';
  readonly service: string;
  readonly scopes: readonly string[];
  /** The head from which the credential is extracted. */
  readonly head: RequestHead;
}

export function readGetRequest(head: RequestHead): RegistryTokenRequest | EndpointRefusal {
  const parameters = new URLSearchParams(head.query);
  return readParameters(parameters, isAnonymous(head) ? withoutAuthorization(head) : head);
}

/** Reads parameters from the body only (RFC 6749 §3.2). */
export function readPostRequest(head: RequestHead, body: string): RegistryTokenRequest | EndpointRefusal {
  if (!hasMediaType(head, 'application/x-www-form-urlencoded')) {
    return invalid('Send the parameters as application/x-www-form-urlencoded.');
  }
  const parameters = new URLSearchParams(body);
  for (const name of ['grant_type', 'username', 'password']) {
    if (parameters.getAll(name).length > 1) return invalid(`Send the parameter ${name} once.`);
  }
  const grant = parameters.get('grant_type');
  if (grant === null) return invalid('Send the parameter grant_type.');
  // 404, because all clients then fall back to another form of the request.
  if (grant !== 'password') {
    return invalid('grant_type must be "password"; a GET request works, too.', 404);
  }
  const [username, password] = [parameters.get('username') ?? '', parameters.get('password') ?? ''];
  if (username === '' && password === '') return readParameters(parameters, { ...head, query: '' });
  // Together with another Authorization header it is a conflict, which extraction refuses.
  const rawHeaders = [...head.rawHeaders, 'Authorization', basicAuthorization(username, password)];
  return readParameters(parameters, { ...head, query: '', rawHeaders });
}

function readParameters(
  parameters: URLSearchParams,
  head: RequestHead,
): RegistryTokenRequest | EndpointRefusal {
  const [service, ...repeated] = parameters.getAll('service');
  if (service === undefined || repeated.length > 0)
    return invalid('Send the parameter service once, with the value from the challenge.');
  // A token is valid only for the host that issues it.
  if (service.toLowerCase() !== head.host) {
    return invalid(`The parameter service must be ${head.host}.`);
  }
  return { kind: 'request', service: head.host, scopes: parameters.getAll('scope'), head };
}

function invalid(message: string, status: 400 | 404 = 400): EndpointRefusal {
  return badRequest('request_malformed', message, status);
}

/** `Basic Og==`: an empty user name and password, which some clients send for anonymous access. */
function isAnonymous({ rawHeaders }: RequestHead): boolean {
  return /^basic\s+Og==$/i.test(findHeader(rawHeaders, 'authorization') ?? '');
}

function withoutAuthorization(head: RequestHead): RequestHead {
  const rawHeaders = head.rawHeaders.filter(
    (_text, index) => foldHeaderName(head.rawHeaders[index - (index % 2)] ?? '') !== 'authorization',
  );
  return { ...head, rawHeaders };
}
