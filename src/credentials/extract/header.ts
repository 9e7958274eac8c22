import {
  CREDENTIAL_SOURCES,
  MAX_CREDENTIAL_LENGTH,
  type CredentialSource,
} from '../../core/credentials/credential.ts';
import { deny, type Deny } from '../../core/decision.ts';
import { foldHeaderName } from '../../util/http/header-name.ts';
import { HEADER_MISTAKES, withMistake } from '../mistakes.ts';
import type { Found } from './token-class.ts';

/** A header that can contain a credential. */
export type CredentialHeader = 'authorization' | DedicatedHeader;

/** Credential sources without a dedicated header. */
const SHARED_SOURCES = ['bearer', 'basic', 'raw-authorization', 'query', 'form', 'ticket'] as const;

/** A credential source that is named like its header. */
type DedicatedHeader = Exclude<CredentialSource, (typeof SHARED_SOURCES)[number]>;

/** Credential headers by folded name. */
const CREDENTIAL_HEADERS: ReadonlyMap<string, CredentialHeader> = new Map([
  ['authorization', 'authorization'],
  ...CREDENTIAL_SOURCES.filter(isDedicatedHeader).map((source) => [source, source] as const),
]);

const LENGTHS: ReadonlySet<number> = new Set([...CREDENTIAL_HEADERS.keys()].map(({ length }) => length));

/** Folding keeps the length of a name, so that most names need no look-up. */
export function credentialHeaderOf(name: string): CredentialHeader | undefined {
  return LENGTHS.has(name.length) ? CREDENTIAL_HEADERS.get(foldHeaderName(name)) : undefined;
}

function isDedicatedHeader(source: CredentialSource): source is DedicatedHeader {
  return !(SHARED_SOURCES as readonly CredentialSource[]).includes(source);
}

/** Reads the credential in the value of a credential header. */
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
      return malformed('the Authorization scheme is neither Bearer nor Basic', HEADER_MISTAKES.scheme);
  }
}

/** RFC 7617: the first colon ends the user name. */
function readBasic(encoded: string): Found | Deny {
  if (encoded.length > MAX_CREDENTIAL_LENGTH * 2)
    return withMistake(deny('request_malformed', 'the Basic credential is longer than 24 KiB'), {
      credentialSource: 'basic',
      token: encoded,
      username: undefined,
    });
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(encoded))
    return malformed('the Basic credential is not valid base64', HEADER_MISTAKES.notBase64);
  const decoded = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  if (colon < 0)
    return malformed(
      'the Basic credential has no colon between user name and password',
      HEADER_MISTAKES.noColon,
    );
  return found('basic', decoded.slice(colon + 1), decoded.slice(0, colon));
}

function malformed(detail: string, mistake: string): Deny {
  return { ...deny('credential_malformed', detail), mistake };
}

function found(
  credentialSource: CredentialSource,
  token: string,
  username: string | undefined,
  isJobToken = false,
): Found {
  return { credentialSource, token, username, isJobToken };
}
