export { createMint, type Mint, type MintSettings } from './mint.ts';
export { createRegistryTokenEndpoint, type RegistrySite } from './registry-token-endpoint.ts';
export type { RegistryTokenPorts } from './registry-token.ts';
