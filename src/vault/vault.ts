import type { Vault, VaultSettings } from '../core/vault.ts';
import type { VaultPorts } from './call.ts';

/** The client is loaded at the first read: most gateways have no vault. */
export function createVault(settings: VaultSettings, user: string, ports: VaultPorts): Vault {
  let client: Promise<Vault> | undefined;
  const load = (): Promise<Vault> =>
    (client ??= import('./vault-client.ts').then(({ createVaultClient }) =>
      createVaultClient(settings, user, ports),
    ));
  return {
    read: async (path, previous) => (await load()).read(path, previous),
    logIn: async () => (await load()).logIn(),
  };
}
