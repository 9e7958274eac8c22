import type { Log } from '../../core/ports.ts';
import type { AttachedCredential, RequestCredential } from './request-credential.ts';
import { openSecret } from './secret-source.ts';

/** Credentials that are at hand. Each secret stands here or in a file. */
export interface FixedAuth {
  readonly basic?:
    | {
        readonly username: string;
        readonly password?: string | undefined;
        readonly passwordFile?: string | undefined;
      }
    | undefined;
  readonly bearer?:
    { readonly token?: string | undefined; readonly tokenFile?: string | undefined } | undefined;
  readonly header?:
    | { readonly name: string; readonly value?: string | undefined; readonly valueFile?: string | undefined }
    | undefined;
}

/** Files are re-read when they change. */
export interface FixedCredential extends RequestCredential {
  attach(): AttachedCredential;
}

export function fixedCredential(
  service: string,
  { basic, bearer, header }: FixedAuth,
  log: Log,
): FixedCredential | undefined {
  if (basic !== undefined) return basicCredential(service, basic, log);
  if (bearer !== undefined) {
    const secret = { inline: bearer.token, file: bearer.tokenFile };
    return fixed(service, 'Authorization', secret, (token) => `Bearer ${token}`, log);
  }
  if (header !== undefined) {
    const secret = { inline: header.value, file: header.valueFile };
    return fixed(service, header.name, secret, (value) => value, log);
  }
  return undefined;
}

export function basicCredential(
  service: string,
  { username, password, passwordFile }: NonNullable<FixedAuth['basic']>,
  log: Log,
): FixedCredential {
  const encode = (secret: string): string =>
    `Basic ${Buffer.from(`${username}:${secret}`, 'utf8').toString('base64')}`;
  return fixed(service, 'Authorization', { inline: password, file: passwordFile }, encode, log);
}

function fixed(
  service: string,
  name: string,
  given: Parameters<typeof openSecret>[1],
  encode: (secret: string) => string,
  log: Log,
): FixedCredential {
  const carry = (secret: string): AttachedCredential => ({
    credentialSource: 'header',
    name,
    value: encode(secret),
  });
  const source = openSecret(service, given, log, (secret) => {
    current = carry(secret);
  });
  let current = carry(source.current());
  return {
    headers: [name],
    attach: () => current,
    rejected: () => 'upstream_unauthorized',
    close: () => source.close(),
  };
}
