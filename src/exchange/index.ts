export { createJwksEndpoint, JWKS_PATH } from './jwks-endpoint.ts';
export { createMint, type Mint, type MintSettings } from './mint.ts';
export { createRegistryTokenEndpoint, type RegistrySite } from './registry-token-endpoint.ts';
export type { RegistryTokenPorts } from './registry-token.ts';
