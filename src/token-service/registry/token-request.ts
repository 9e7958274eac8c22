import type { RequestHead } from '../../core/request/request-head.ts';
import { findHeader, foldHeaderName } from '../../util/http/header-name.ts';

/** What a client asks the token endpoint for (distribution's token specification, and its OAuth 2 form). */
export interface RegistryTokenRequest {
  readonly kind: 'request';
  readonly service: string;
  readonly scopes: readonly string[];
  /** With the credential where extraction looks for it. */
  readonly head: RequestHead;
}

export interface BadTokenRequest {
  readonly kind: 'bad';
  /** 404 for a grant that is not offered: all clients try another then. */
  readonly status: 400 | 404;
  readonly message: string;
}

export function readGetRequest(head: RequestHead): RegistryTokenRequest | BadTokenRequest {
  const parameters = new URLSearchParams(head.query);
  return read(parameters, isNobody(head) ? withoutAuthorization(head) : head);
}

/** Parameters come from the body only (RFC 6749 §3.2). */
export function readPostRequest(head: RequestHead, body: string): RegistryTokenRequest | BadTokenRequest {
  const type = findHeader(head.rawHeaders, 'content-type') ?? '';
  if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(type)) {
    return bad(400, 'Send the parameters as application/x-www-form-urlencoded.');
  }
  const parameters = new URLSearchParams(body);
  for (const name of ['grant_type', 'username', 'password']) {
    if (parameters.getAll(name).length > 1) return bad(400, `Send one ${name}.`);
  }
  const grant = parameters.get('grant_type');
  if (grant === null) return bad(400, 'Send a grant_type.');
  if (grant !== 'password') return bad(404, 'The only grant here is "password". GET works too.');
  const [username, password] = [parameters.get('username') ?? '', parameters.get('password') ?? ''];
  if (username === '' && password === '') return read(parameters, { ...head, query: '' });
  const basic = Buffer.from(`${username}:${password}`, 'utf8').toString('base64');
  // Beside another one it makes two, which extraction refuses.
  const rawHeaders = [...head.rawHeaders, 'Authorization', `Basic ${basic}`];
  return read(parameters, { ...head, query: '', rawHeaders });
}

function read(parameters: URLSearchParams, head: RequestHead): RegistryTokenRequest | BadTokenRequest {
  const [service, ...more] = parameters.getAll('service');
  if (service === undefined || more.length > 0)
    return bad(400, 'Send one service, as the challenge named it.');
  // A token is good for the host that it was asked of, and for no other.
  if (service.toLowerCase() !== head.host) return bad(400, `The service here is ${head.host}.`);
  return { kind: 'request', service: head.host, scopes: parameters.getAll('scope'), head };
}

function bad(status: BadTokenRequest['status'], message: string): BadTokenRequest {
  return { kind: 'bad', status, message };
}

/** `Basic Og==`: an empty name and an empty password, which some clients send for "nobody". */
function isNobody({ rawHeaders }: RequestHead): boolean {
  return /^basic\s+Og==$/i.test(findHeader(rawHeaders, 'authorization') ?? '');
}

function withoutAuthorization(head: RequestHead): RequestHead {
  const rawHeaders = head.rawHeaders.filter(
    (_text, index) => foldHeaderName(head.rawHeaders[index - (index % 2)] ?? '') !== 'authorization',
  );
  return { ...head, rawHeaders };
}
