import type { Clock, Log } from '../../../core/ports.ts';
import {
  readVaultField,
  type OpenVault,
  type VaultFault,
  type VaultSecret,
  type VaultSettings,
} from '../../../core/vault.ts';
import { BoundedMap } from '../../../util/limits/bounded-map.ts';
import { basicAuthorization } from '../../../util/http/basic-authorization.ts';
import {
  createFaultPauses,
  PAUSE_AFTER_FAULT,
  PAUSE_AFTER_REJECTION,
} from '../../../util/limits/fault-pauses.ts';
import { createRenewedTokens, type GrantedToken } from '../renewed-tokens.ts';
import {
  credentialFault,
  type AttachedCredential,
  type CredentialFault,
  type ObtainedCredential,
  type RequestCredential,
  attachedHeader,
} from '../request-credential.ts';
import { compileVaultPath, constantPath } from './vault-path.ts';

/** A field of a secret, read for each path that callers have. */
export interface VaultCredentialSettings extends VaultSettings {
  /** API path below `/v1/`, with `{identity}` and `{claims.NAME}`. */
  readonly path: string;
  readonly field: string;
  /** The place of the value in the upstream request: exactly one member is set. */
  readonly as: {
    readonly bearer?: true | undefined;
    readonly basic?: { readonly username: string } | undefined;
    readonly header?: string | undefined;
  };
}

export interface VaultCredentialPorts {
  readonly openVault: OpenVault;
  readonly clock: Clock;
  readonly log: Log;
}

const MAX_PATHS = 1_000;

/** The upstream credential is a secret in a vault. */
export function createVaultCredential(
  service: string,
  settings: VaultCredentialSettings,
  { openVault, clock, log }: VaultCredentialPorts,
): RequestCredential {
  const { field, as } = settings;
  const vault = openVault(settings, service);
  const pathOf = compileVaultPath(settings.path);
  /** Secrets with a lease, by path: their lease is renewed. Callers determine the paths, so their number is bounded. */
  const leased = new BoundedMap<string, VaultSecret>(MAX_PATHS);
  const pauses = createFaultPauses<CredentialFault>(clock);

  async function fetchSecret(path: string): Promise<GrantedToken | CredentialFault> {
    const paused = pauses.active(path, undefined);
    if (paused !== undefined) return paused;
    const secret = await vault.read(path, leased.get(path));
    if (secret.kind === 'vault-fault') return noteFailure(path, secret);
    const read = readVaultField(secret, { path, field });
    if (read.kind === 'vault-fault') return noteFailure(path, read);
    leased.delete(path);
    if (secret.lease !== undefined) leased.set(path, secret);
    return { kind: 'token', token: read.value, seconds: secret.seconds };
  }

  async function obtain(): Promise<ObtainedCredential | CredentialFault> {
    const path = constantPath(settings.path);
    if (path === undefined) {
      const rejected = await vault.logIn();
      if (rejected !== undefined) return toCredentialFault(rejected);
      return { kind: 'obtained', what: 'the vault accepts the login; the path depends on the caller' };
    }
    const granted = await fetchSecret(path);
    if (granted.kind === 'credential-fault') return granted;
    // A secret without a lease has no lifetime: it is read again after `refresh`.
    const seconds = leased.has(path) ? granted.seconds : undefined;
    return { kind: 'obtained', what: 'the vault accepts the login, which may read the field', seconds };
  }

  function noteFailure(path: string, vaultFault: VaultFault): CredentialFault {
    const fault = toCredentialFault(vaultFault);
    if (vaultFault.login === true) return fault;
    const { reason, detail } = fault;
    const pause = vaultFault.cause === 'unreachable' ? PAUSE_AFTER_FAULT : PAUSE_AFTER_REJECTION;
    leased.delete(path);
    pauses.note(path, undefined, { fault, pause });
    log.error('no secret for an upstream from the vault', { service, reason, detail });
    return fault;
  }

  const tokens = createRenewedTokens(fetchSecret, clock, (value) => attachedAs(as, value));
  return {
    headers: [as.header ?? 'authorization'],
    attach({ allow }) {
      const path = pathOf(allow.caller);
      return typeof path === 'string' ? tokens.attach(path) : path;
    },
    rejected({ allow }, attached) {
      const path = pathOf(allow.caller);
      if (typeof path !== 'string') return 'upstream_unauthorized';
      // The upstream has revoked the secret: another one is read, whatever its lease.
      leased.delete(path);
      return tokens.rejected(path, attached);
    },
    probe: {
      holder: `${settings.path}, field ${field}`,
      settings: {
        endpoint: 'address and caFile',
        login: 'auth and the policy of its role, path and field',
      },
      obtain,
    },
    close: () => undefined,
  };
}

function attachedAs({ basic, header }: VaultCredentialSettings['as'], value: string): AttachedCredential {
  if (header !== undefined) return attachedHeader(header, value);
  if (basic === undefined) return attachedHeader('Authorization', `Bearer ${value}`);
  return attachedHeader('Authorization', basicAuthorization(basic.username, value));
}

function toCredentialFault({ cause, detail }: VaultFault): CredentialFault {
  switch (cause) {
    case 'unreachable':
      return credentialFault('upstream_unreachable', detail);
    case 'invalid':
      return credentialFault('upstream_invalid', detail);
    case 'unauthorized':
      return credentialFault('upstream_unauthorized', detail);
    case 'absent':
      return credentialFault('upstream_credential_missing', detail);
    default:
      return cause satisfies never;
  }
}
