export type { IssueTokenPorts } from './issue-token.ts';
export { createMeEndpoint } from './workload/me-endpoint.ts';
export { createServicesEndpoint, SERVICES_PATH, type GrantedService } from './workload/services-endpoint.ts';
export { createMint, type Mint, type MintSettings } from './mint.ts';
export { createAuthorizeEndpoint } from './oauth/authorize-endpoint.ts';
export {
  createJwksEndpoint,
  createMetadataEndpoint,
  createResourceMetadataEndpoint,
} from './oauth/metadata-endpoints.ts';
export { AUTHORIZE_PATH, JWKS_PATH, METADATA_PATH, REVOKE_PATH } from './oauth/metadata-endpoints.ts';
export { TOKEN_PATH } from './oauth/metadata-endpoints.ts';
export { createNpmPublishing, NPM_EXCHANGE_PATH, type NpmPublishingPorts } from './publishing/npm.ts';
export { createPackageBinding } from './publishing/package-binding.ts';
export type { PublishingSite } from './publishing/issue-for-publishing.ts';
export {
  createCratesPublishing,
  CRATES_TOKENS_PATH,
  type CratesPublishingPorts,
} from './publishing/crates.ts';
export { createNugetPublishing, NUGET_TOKEN_PATH, type NugetPublishingPorts } from './publishing/nuget.ts';
export {
  createRubygemsPublishing,
  RUBYGEMS_EXCHANGE_PATH,
  type RubygemsPublishingPorts,
} from './publishing/rubygems.ts';
export { createPypiAudience, createPypiPublishing } from './publishing/pypi.ts';
export { PYPI_AUDIENCE_PATH, PYPI_MINT_PATH, type PypiPublishingPorts } from './publishing/pypi.ts';
export { createRegistryTokenEndpoint, type RegistrySite } from './registry/token-endpoint.ts';
export type { RegistryTokenPorts } from './registry/issue-registry-token.ts';
export { createServiceTokens } from './service-tokens.ts';
export { createTickets } from './tickets.ts';
export type { RevokeTokenPorts } from './revoke-token.ts';
export { createRevokeEndpoint } from './oauth/revoke-endpoint.ts';
export { createTokenEndpoint, type Target } from './oauth/token-endpoint.ts';
export { createWorkloadEndpoint, EXCHANGE_PATH, type Workload } from './workload/exchange-endpoint.ts';
export { createKeyring, createUnverifiedKeyring, type KeyringSettings } from './signing-keys/keyring.ts';
