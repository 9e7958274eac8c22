import { GatehouseError } from './errors.ts';

/** The login at a vault: exactly one member is set. */
export interface VaultLogin {
  readonly jwt?: VaultRoleLogin | undefined;
  readonly kubernetes?: VaultRoleLogin | undefined;
  /** File with a vault token. */
  readonly tokenFile?: string | undefined;
}

/** A role of an auth method, and the file with the JWT for it. */
export interface VaultRoleLogin {
  readonly role: string;
  readonly tokenFile: string;
  /** Path of the auth method. */
  readonly mount: string;
}

/** HashiCorp Vault or OpenBao, with the login of the gateway. */
export interface VaultSettings {
  readonly address: string;
  readonly namespace?: string | undefined;
  readonly caFile?: string | undefined;
  /** Milliseconds after which a secret without a lease is read again. */
  readonly refresh: number;
  readonly auth: VaultLogin;
}

/** A secret of a vault; its fields are secret. */
export interface VaultSecret {
  readonly kind: 'secret';
  readonly fields: Readonly<Record<string, unknown>>;
  /** Seconds for which the secret is used. */
  readonly seconds: number;
  /** Undefined for the secrets of a key/value engine. */
  readonly lease: { readonly id: string; readonly renewable: boolean } | undefined;
}

/**
 * No secret. `unauthorized`: the vault rejected the login, or the login has no right to read the path. `absent`: the
 * path or the field has no value.
 */
export interface VaultFault {
  readonly kind: 'vault-fault';
  readonly cause: 'unreachable' | 'invalid' | 'unauthorized' | 'absent';
  /** Contains no secret. */
  readonly detail: string;
  /** The login failed: the client of the vault has logged it, and limits the rate of further logins. */
  readonly login?: true;
}

export function vaultFault(cause: VaultFault['cause'], detail: string): VaultFault {
  return { kind: 'vault-fault', cause, detail };
}

/** A client of a vault, with one login. */
export interface Vault {
  /** Reads a path, or renews the lease of the secret that the path returned before. Never rejects. */
  read(path: string, previous?: VaultSecret): Promise<VaultSecret | VaultFault>;
  /** Logs in if there is no valid login; undefined: the vault accepts it. Never rejects. */
  logIn(): Promise<VaultFault | undefined>;
}

/** `user`: the service or section that reads the secrets, for logs and connections. */
export type OpenVault = (settings: VaultSettings, user: string) => Vault;

/** A field of a secret in the vault of the configuration. */
export interface VaultField {
  readonly path: string;
  readonly field: string;
}

/** Current values of fields of the vault of the configuration. */
export interface VaultValues {
  /** `changed` receives the first value as soon as the vault has returned it, and each later one. */
  open(field: VaultField, changed: (value: string) => void): { current(): string; close(): void };
}

/** Throws `startup_failed` without a vault: no other value may take the place of the secret. */
export function openVaultField(
  field: VaultField,
  values: VaultValues | undefined,
  changed: (value: string) => void,
): ReturnType<VaultValues['open']> {
  if (values === undefined)
    throw new GatehouseError('startup_failed', `${field.path}: the configuration has no vault`);
  return values.open(field, changed);
}

/** Bytes. */
const MAX_VALUE = 16 * 1024;

/** A field that can be sent in a header: one line of printable ASCII. */
export function readVaultField(
  { fields }: VaultSecret,
  { path, field }: VaultField,
): { readonly kind: 'value'; readonly value: string } | VaultFault {
  const raw = Object.hasOwn(fields, field) ? fields[field] : undefined;
  if (raw === undefined || raw === null) return vaultFault('absent', `${path} has no field "${field}"`);
  const value = typeof raw === 'string' && raw.length <= MAX_VALUE ? raw.trim() : '';
  return /^[\x20-\x7e]+$/.test(value)
    ? { kind: 'value', value }
    : vaultFault('invalid', `the field "${field}" of ${path} must be one line of printable ASCII`);
}
