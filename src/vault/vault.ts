import type { Vault, VaultSettings } from '../core/vault.ts';
import { onDemand } from '../util/async/on-demand.ts';
import type { VaultPorts } from './call.ts';

/** The client is loaded at the first read: most gateways have no vault. */
export function createVault(settings: VaultSettings, user: string, ports: VaultPorts): Vault {
  const client = onDemand(async () => {
    const { createVaultClient } = await import('./vault-client.ts');
    return createVaultClient(settings, user, ports);
  });
  return {
    read: async (path, previous) => (await client()).read(path, previous),
    logIn: async () => (await client()).logIn(),
  };
}
