import type { EndpointCall } from '../../core/request/endpoint.ts';
import { parseJsonObject } from '../../util/json/object.ts';
import { hasMediaType } from '../endpoint/media-type.ts';
import { badRequest, type EndpointRefusal } from '../endpoint/outcome.ts';

/** The ID token in the body `{"jwt"}` of crates.io and RubyGems.org. */
export function readJwtBody({ head }: EndpointCall, body: string): string | EndpointRefusal {
  if (!hasMediaType(head, 'application/json'))
    return badRequest('request_malformed', 'Send the body as application/json.', 415);
  const parsed = parseJsonObject(Buffer.from(body, 'utf8'));
  if (parsed.kind === 'invalid') return badRequest('request_malformed', `The body ${parsed.detail}.`);
  const { jwt } = parsed.value;
  return typeof jwt === 'string' && jwt !== ''
    ? jwt
    : badRequest('request_malformed', '"jwt" must be the ID token of the CI job.');
}
