import { randomUUID, type KeyObject } from 'node:crypto';
import type { Clock, Log } from '../../../core/ports.ts';
import { DEFAULT_JWS_ALGORITHM, signJwt, type JwsAlgorithm } from '../../../util/crypto/jws.ts';
import { readJwsKey, type JwsKey } from '../../../util/crypto/private-key.ts';
import { openFilesAtUse, type FilesReading } from '../files-at-use.ts';

/** A JWT as client authentication (RFC 7523 §2.2): from `tokenFile`, or signed with the key in `keyFile`. */
export interface ClientAssertionSettings {
  readonly tokenFile?: string | undefined;
  readonly keyFile?: string | undefined;
  /** Default: RS256. */
  readonly algorithm?: JwsAlgorithm | undefined;
  /** `kid` of the JOSE header. */
  readonly keyId?: string | undefined;
  /** The certificate of the key, whose thumbprint is sent as `x5t#S256`. */
  readonly certificateFile?: string | undefined;
  /** `aud`. Default: the token endpoint. */
  readonly audience?: string | undefined;
}

export interface ClientAssertion {
  /** A new assertion at each call if a key signs them. */
  readonly assertion: () => string;
  /** The content of the file that the assertion is from. */
  readonly material: string;
}

/** Seconds. The authorization server refuses a second use, and a captured assertion is useless soon. */
const LIFETIME = 120;

/** Returns the source of assertions, one for each token request. */
export function openClientAssertion(
  { service, clientId = '', tokenEndpoint }: AssertingClient,
  settings: ClientAssertionSettings,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): () => ClientAssertion {
  const { tokenFile, keyFile = '', keyId, certificateFile } = settings;
  if (tokenFile !== undefined) return openTokenFile(service, tokenFile, log);
  const { algorithm = DEFAULT_JWS_ALGORITHM, audience = tokenEndpoint } = settings;
  const files = [keyFile, ...(certificateFile === undefined ? [] : [certificateFile])];
  const read = ([pem = '', certificate]: readonly string[]): FilesReading<KeyInFile> => {
    const key = readJwsKey(pem, algorithm, certificate);
    if (key.kind === 'key') return { kind: 'value', value: { ...key, pem } };
    return {
      kind: 'unusable',
      file: (key.file === 'key' ? keyFile : certificateFile) ?? '',
      detail: key.detail,
    };
  };
  const current = openFilesAtUse(service, files, read, log);

  return () => {
    const { key, certificateThumbprint, pem } = current();
    return { assertion: () => sign(key, certificateThumbprint), material: pem };
  };

  function sign(key: KeyObject, certificateThumbprint: string | undefined): string {
    const issuedAt = Math.floor(clock.now() / 1000);
    const header = { kid: keyId, 'x5t#S256': certificateThumbprint };
    const claims = {
      iss: clientId,
      sub: clientId,
      aud: audience,
      jti: randomUUID(),
      iat: issuedAt,
      nbf: issuedAt,
      exp: issuedAt + LIFETIME,
    };
    return signJwt(key, algorithm, header, claims);
  }
}

interface AssertingClient {
  readonly service: string;
  readonly clientId?: string | undefined;
  readonly tokenEndpoint: string;
}

interface KeyInFile extends JwsKey {
  readonly pem: string;
}

/** The content belongs to its issuer and the authorization server: it is sent unchanged and never parsed. */
function openTokenFile(service: string, file: string, log: Log): () => ClientAssertion {
  const read = ([content = '']: readonly string[]): FilesReading<string> => {
    const token = content.replace(/\r?\n$/, '');
    return /^[\x20-\x7e]+$/.test(token)
      ? { kind: 'value', value: token }
      : { kind: 'unusable', file, detail: 'must hold one line of printable ASCII' };
  };
  const current = openFilesAtUse(service, [file], read, log);
  return () => {
    const token = current();
    return { assertion: () => token, material: token };
  };
}
