import type { VaultField } from '../../core/vault.ts';
import { basicAuthorization } from '../../util/http/basic-authorization.ts';
import {
  attachedHeader,
  type AttachedCredential,
  type ObtainedCredential,
  type RequestCredential,
} from './request-credential.ts';
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
    const place = { name: 'Authorization', holder: 'Bearer token', secret };
    return headerCredential(service, place, (token) => `Bearer ${token}`, ports);
  }
  if (header !== undefined) {
    const secret = { inline: header.value, file: header.valueFile, vault: header.valueFromVault };
    const place = { name: header.name, holder: `header ${header.name}`, secret };
    return headerCredential(service, place, (value) => value, ports);
  }
  return undefined;
}

export function basicCredential(
  service: string,
  { username, password, passwordFile, passwordFromVault }: NonNullable<FixedAuth['basic']>,
  ports: SecretPorts,
): FixedCredential {
  const encode = (secret: string): string => basicAuthorization(username, secret);
  const secret = { inline: password, file: passwordFile, vault: passwordFromVault };
  const place = { name: 'Authorization', holder: `user ${username}`, secret };
  return headerCredential(service, place, encode, ports);
}

interface HeaderPlace {
  /** Name of the header. */
  readonly name: string;
  /** For `check --online`. */
  readonly holder: string;
  readonly secret: SecretPlace;
}

function headerCredential(
  service: string,
  { name, holder, secret }: HeaderPlace,
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
    probe: {
      holder,
      settings: { endpoint: 'vault', login: 'vault' },
      // The value is in the file or the vault if it can be read: which rights it has, only the upstream knows.
      async obtain() {
        source.current();
        return staticSecret(secret);
      },
    },
    close: () => source.close(),
  };
}

function staticSecret({ file, vault }: SecretPlace): ObtainedCredential {
  if (vault !== undefined)
    return { kind: 'obtained', what: `nothing to obtain; the vault returns ${vault.path}` };
  const place = file === undefined ? 'the configuration has the value' : `${file} is readable`;
  return { kind: 'obtained', what: `nothing to obtain; ${place}` };
}
