import type { VaultField } from '../../core/vault.ts';
import { attachedHeader, type AttachedCredential, type RequestCredential } from './request-credential.ts';
import { openSecret, type SecretPlace, type SecretPorts } from './secret-source.ts';

/** Static credentials; each secret is inline, in a file or in the vault. */
export interface FixedAuth {
  readonly basic?:
    | {
        readonly username: string;
        readonly password?: string | undefined;
        readonly passwordFile?: string | undefined;
        readonly passwordFromVault?: VaultField | undefined;
      }
    | undefined;
  readonly bearer?:
    | {
        readonly token?: string | undefined;
        readonly tokenFile?: string | undefined;
        readonly tokenFromVault?: VaultField | undefined;
      }
    | undefined;
  readonly header?:
    | {
        readonly name: string;
        readonly value?: string | undefined;
        readonly valueFile?: string | undefined;
        readonly valueFromVault?: VaultField | undefined;
      }
    | undefined;
}

export interface FixedCredential extends RequestCredential {
  /** The current credential; a changed secret file changes it. */
  attach(): AttachedCredential;
}

export function fixedCredential(
  service: string,
  { basic, bearer, header }: FixedAuth,
  ports: SecretPorts,
): FixedCredential | undefined {
  if (basic !== undefined) return basicCredential(service, basic, ports);
  if (bearer !== undefined) {
    const secret = { inline: bearer.token, file: bearer.tokenFile, vault: bearer.tokenFromVault };
    return headerCredential(service, 'Authorization', secret, (token) => `Bearer ${token}`, ports);
  }
  if (header !== undefined) {
    const secret = { inline: header.value, file: header.valueFile, vault: header.valueFromVault };
    return headerCredential(service, header.name, secret, (value) => value, ports);
  }
  return undefined;
}

export function basicCredential(
  service: string,
  { username, password, passwordFile, passwordFromVault }: NonNullable<FixedAuth['basic']>,
  ports: SecretPorts,
): FixedCredential {
  const encode = (secret: string): string =>
    `Basic ${Buffer.from(`${username}:${secret}`, 'utf8').toString('base64')}`;
  const secret = { inline: password, file: passwordFile, vault: passwordFromVault };
  return headerCredential(service, 'Authorization', secret, encode, ports);
}

function headerCredential(
  service: string,
  name: string,
  secret: SecretPlace,
  encode: (secret: string) => string,
  ports: SecretPorts,
): FixedCredential {
  const attached = (value: string): AttachedCredential => attachedHeader(name, encode(value));
  /** Undefined until the first request. */
  let current: AttachedCredential | undefined;
  const source = openSecret(service, secret, ports, (changed) => {
    current = attached(changed);
  });
  return {
    headers: [name],
    attach: () => (current ??= attached(source.current())),
    rejected: () => 'upstream_unauthorized',
    close: () => source.close(),
  };
}
