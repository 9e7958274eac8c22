import { CARRIERS, type Carrier, type PresentedCredential } from '../contract/credential.ts';
import { deny, type Deny } from '../contract/decision.ts';
import type { RequestHead } from '../contract/request-head.ts';
import { foldHeaderName } from '../lib/header-name.ts';
import { classOfToken } from './token-class.ts';

/** Bytes; longer ones are refused before anything in them is decoded. */
const MAX_TOKEN = 16 * 1024;

export type Extract = (head: RequestHead) => PresentedCredential | undefined | Deny;

/** Finds the one credential of a request: none, exactly one, or why not. */
export function createExtract(carriers: readonly Carrier[]): Extract {
  const accepted = new Set(carriers);
  return function extract({ rawHeaders }) {
    let found: Found | undefined;
    for (let i = 0; i < rawHeaders.length; i += 2) {
      const carrier = HEADERS.get(foldHeaderName(rawHeaders[i] ?? ''));
      if (carrier === undefined) continue;
      const next = read(carrier, rawHeaders[i + 1] ?? '');
      if (found !== undefined) {
        const same =
          carrier !== 'authorization' && 'token' in found && 'token' in next && found.token === next.token;
        if (!same) return deny('credential_conflict', 'two headers that carry credentials');
      } else {
        found = next;
      }
    }
    if (found === undefined) return undefined;
    if ('kind' in found) return found;
    const { carrier, token, username } = found;
    if (!accepted.has(carrier)) return deny('credential_invalid', `carrier ${carrier} is not taken here`);
    if (token.length > MAX_TOKEN) return deny('request_malformed', `a credential of ${token.length} bytes`);
    if (token === '') return deny('credential_malformed', 'an empty credential');
    const kind = classOfToken(token, username);
    return kind === undefined
      ? deny('credential_invalid', 'neither a JWT nor a token with a known prefix')
      : { class: kind, carrier, token, username };
  };
}

type Found = { carrier: Carrier; token: string; username: string | undefined } | Deny;

type HeaderCarrier = 'authorization' | Exclude<Carrier, 'bearer' | 'basic' | 'raw-authorization'>;

const HEADERS: ReadonlyMap<string, HeaderCarrier> = new Map([
  ['authorization', 'authorization'],
  ...CARRIERS.filter(isHeaderCarrier).map((carrier) => [carrier, carrier] as const),
]);

function isHeaderCarrier(carrier: Carrier): carrier is Exclude<HeaderCarrier, 'authorization'> {
  return carrier !== 'bearer' && carrier !== 'basic' && carrier !== 'raw-authorization';
}

function read(carrier: HeaderCarrier, value: string): Found {
  if (carrier !== 'authorization') return { carrier, token: value, username: undefined };
  // Schemes are case-insensitive (RFC 9110 §11.1).
  const space = value.indexOf(' ');
  const scheme = value.slice(0, Math.max(space, 0)).toLowerCase();
  if (scheme === 'bearer')
    return { carrier: 'bearer', token: value.slice(space).trim(), username: undefined };
  if (scheme === 'basic') return readBasic(value.slice(space).trim());
  return deny('credential_malformed', 'an Authorization scheme other than Bearer and Basic');
}

/** RFC 7617: the first colon ends the user name. */
function readBasic(encoded: string): Found {
  if (encoded.length > MAX_TOKEN * 2)
    return deny('request_malformed', 'a Basic credential of more than 24 KiB');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(encoded))
    return deny('credential_malformed', 'Basic that is not base64');
  const decoded = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  if (colon < 0) return deny('credential_malformed', 'Basic without a colon');
  return { carrier: 'basic', token: decoded.slice(colon + 1), username: decoded.slice(0, colon) };
}
