import type { Log } from '../../core/ports.ts';
import type { AttachedCredential, RequestCredential } from './request-credential.ts';
import { openSecret } from './secret-source.ts';

/** Static credentials; each secret is inline or in a file. */
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

export interface FixedCredential extends RequestCredential {
  /** The current credential; a changed secret file changes it. */
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
    return headerCredential(service, 'Authorization', secret, (token) => `Bearer ${token}`, log);
  }
  if (header !== undefined) {
    const secret = { inline: header.value, file: header.valueFile };
    return headerCredential(service, header.name, secret, (value) => value, log);
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
  return headerCredential(service, 'Authorization', { inline: password, file: passwordFile }, encode, log);
}

function headerCredential(
  service: string,
  name: string,
  secret: Parameters<typeof openSecret>[1],
  encode: (secret: string) => string,
  log: Log,
): FixedCredential {
  const attached = (value: string): AttachedCredential => ({
    kind: 'attached',
    credentialSource: 'header',
    name,
    value: encode(value),
  });
  const source = openSecret(service, secret, log, (changed) => {
    current = attached(changed);
  });
  let current = attached(source.current());
  return {
    headers: [name],
    attach: () => current,
    rejected: () => 'upstream_unauthorized',
    close: () => source.close(),
  };
}
