import type { Vault, VaultSecret, VaultSettings } from '../core/vault.ts';
import { createCall, encodedPath, type VaultPorts } from './call.ts';
import { readLeaseRenewal, readSecret } from './responses.ts';
import { createSession } from './session.ts';

export function createVaultClient(settings: VaultSettings, user: string, ports: VaultPorts): Vault {
  const call = createCall(settings, user, ports);
  const session = createSession(settings.auth, { ...ports, call }, user);

  /** Undefined when the secret must be read again. */
  async function renewed(previous: VaultSecret, token: string): Promise<VaultSecret | undefined> {
    if (previous.lease?.renewable !== true) return undefined;
    const { id } = previous.lease;
    const increment = previous.seconds;
    const body = { lease_id: id, increment };
    const response = await call({ method: 'POST', path: 'sys/leases/renew', token, body });
    const renewal = response.kind === 'response' ? readLeaseRenewal(response) : undefined;
    // Shortened by the maximum lifetime: the next secret is read while this one is valid.
    if (renewal === undefined || renewal.seconds < increment / 2) return undefined;
    return { ...previous, ...renewal };
  }

  return {
    async read(path, previous) {
      for (let attempt = 0; ; attempt += 1) {
        const current = await session.current();
        if (current.kind === 'vault-fault') return current;
        const { token } = current;
        const kept = previous && (await renewed(previous, token));
        if (kept !== undefined) return kept;
        const response = await call({ method: 'GET', path: encodedPath(path), token });
        if (response.kind === 'vault-fault') return response;
        // The token was revoked, or the vault was restored: the next attempt logs in.
        if (response.status === 403 && attempt === 0 && session.rejected(current)) continue;
        return readSecret(response, path, settings.refresh / 1000);
      }
    },
    async logIn() {
      const current = await session.current();
      return current.kind === 'vault-fault' ? current : undefined;
    },
  };
}
