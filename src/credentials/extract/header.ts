import {
  CREDENTIAL_SOURCES,
  MAX_CREDENTIAL_LENGTH,
  type CredentialSource,
} from '../../core/credentials/credential.ts';
import { deny, type Deny } from '../../core/decision.ts';
import type { Found } from './token-class.ts';

/** Headers that carry credentials, by folded name. */
export type CredentialHeader = 'authorization' | OwnHeader;

/** Those that are not a header of their own. */
const OTHERS = ['bearer', 'basic', 'raw-authorization', 'query', 'form'] as const;

type OwnHeader = Exclude<CredentialSource, (typeof OTHERS)[number]>;

export const CREDENTIAL_HEADERS: ReadonlyMap<string, CredentialHeader> = new Map([
  ['authorization', 'authorization'],
  ...CREDENTIAL_SOURCES.filter(isOwnHeader).map(
    (credentialSource) => [credentialSource, credentialSource] as const,
  ),
]);

function isOwnHeader(credentialSource: CredentialSource): credentialSource is OwnHeader {
  return !(OTHERS as readonly CredentialSource[]).includes(credentialSource);
}

export function readCredentialHeader(header: CredentialHeader, value: string): Found | Deny {
  if (header !== 'authorization') return found(header, value, undefined, header === 'job-token');
  const space = value.indexOf(' ');
  if (space === -1) return found('raw-authorization', value, undefined);
  // Schemes are case-insensitive (RFC 9110 §11.1).
  switch (value.slice(0, space).toLowerCase()) {
    case 'bearer':
      return found('bearer', value.slice(space).trim(), undefined);
    case 'basic':
      return readBasic(value.slice(space).trim());
    default:
      return deny('credential_malformed', 'an Authorization scheme other than Bearer and Basic');
  }
}

/** RFC 7617: the first colon ends the user name. */
function readBasic(encoded: string): Found | Deny {
  if (encoded.length > MAX_CREDENTIAL_LENGTH * 2)
    return deny('request_malformed', 'a Basic credential of over 24 KiB');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(encoded))
    return deny('credential_malformed', 'Basic that is not base64');
  const decoded = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  if (colon < 0) return deny('credential_malformed', 'Basic without a colon');
  return found('basic', decoded.slice(colon + 1), decoded.slice(0, colon));
}

function found(
  credentialSource: CredentialSource,
  token: string,
  username: string | undefined,
  isJobToken = false,
): Found {
  return { credentialSource, token, username, isJobToken };
}
