export { createVault } from './vault.ts';
export { createVaultValues, type LoadedVaultValues } from './vault-values.ts';
