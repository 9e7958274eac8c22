import { availableScopes } from './available-scopes.ts';
import {
  verifyBy,
  issueTokenPorts,
  revokeTokenPorts,
  credentialFromBody,
  tokenClassSettings,
  type EndpointPorts,
} from './endpoint-ports.ts';
import { createServicesOf } from './granted-services.ts';
import { allServices, targetsOf } from './targets.ts';
import type { Authorizer } from '../../policy/index.ts';
import type { Config } from '../../config/index.ts';
import { ME_PATH } from '../../core/credential-hint.ts';
import {
  AUTHORIZE_PATH,
  createAuthorizeEndpoint,
  createJwksEndpoint,
  createMeEndpoint,
  createMetadataEndpoint,
  createRevokeEndpoint,
  createServicesEndpoint,
  createTokenEndpoint,
  createWorkloadEndpoint,
  EXCHANGE_PATH,
  JWKS_PATH,
  METADATA_PATH,
  REVOKE_PATH,
  SERVICES_PATH,
  TOKEN_PATH,
} from '../../token-service/index.ts';
import { createExtract } from '../../credentials/index.ts';
import type { EndpointPipeline } from '../../gateway/index.ts';

/** The built-in endpoints that belong to no service. */
export function createBuiltInEndpoints(config: Config, ports: EndpointPorts): readonly EndpointPipeline[] {
  const { authorizer, authenticator, keyring, log } = ports;
  const { publicUrl } = config.server;
  const settings = tokenClassSettings(config);
  const present = credentialFromBody(settings);
  const identify: Authorizer['identify'] = (credential) => authorizer.identify(credential);
  const common = { ...issueTokenPorts(config, ports), present, log };
  const describing = {
    ...common,
    extract: createExtract({ ...settings, credentialSources: IN_HEADERS, queryParameters: [] }),
    verifyCredential: verifyBy(ports, authenticator.verify),
    identify,
  };
  const endpoints = {
    [JWKS_PATH]: createJwksEndpoint(keyring, log),
    [METADATA_PATH]: createMetadataEndpoint(publicUrl, log),
    [AUTHORIZE_PATH]: createAuthorizeEndpoint(log),
    [EXCHANGE_PATH]: createWorkloadEndpoint({
      ...common,
      publicUrl,
      workloads: workloadsOf(config, ports),
      verifyCredential: verifyBy(ports, authenticator.forAudiences(audiencesOfWorkloads(config))),
      identifyAs: (identity, credential) => authorizer.identifyAs(identity, credential),
      scopesOf: (caller) => availableScopes(authorizer, caller),
    }),
    [ME_PATH]: createMeEndpoint({ ...describing, grantsOf: (caller) => authorizer.grantsOf(caller) }),
    [SERVICES_PATH]: createServicesEndpoint({ ...describing, servicesOf: createServicesOf(config, ports) }),
    [TOKEN_PATH]: createTokenEndpoint({
      ...common,
      all: allServices(config, ports),
      targets: targetsOf(config, ports),
      extract: createExtract({ ...settings, credentialSources: ['basic'], queryParameters: [] }),
      identify,
      scopesOf: (caller, service) => availableScopes(authorizer, caller, service),
    }),
    [REVOKE_PATH]: createRevokeEndpoint({
      ...common,
      verifyCredential: verifyBy(ports, authenticator.own),
      ...revokeTokenPorts(config, ports),
    }),
  };
  const sharedHost = new URL(publicUrl).hostname;
  return Object.entries(endpoints).map(([endpointPath, handle]) => ({ endpointPath, sharedHost, handle }));
}

const IN_HEADERS = [
  'bearer',
  'basic',
  'raw-authorization',
  'job-token',
  'deploy-token',
  'private-token',
] as const;

function workloadsOf({ workloadIdentities }: Config, { authenticator }: EndpointPorts) {
  return new Map(
    workloadIdentities.map(({ name, identity, issuer, audiences }) => [
      name,
      { identity, verify: authenticator.forAudiences(new Map([[issuer, audiences]])) },
    ]),
  );
}

/** The audiences of all workload identities, by issuer. */
function audiencesOfWorkloads({ workloadIdentities }: Config): ReadonlyMap<string, readonly string[]> {
  const byIssuer = Map.groupBy(workloadIdentities, ({ issuer }) => issuer);
  return new Map([...byIssuer].map(([issuer, all]) => [issuer, all.flatMap(({ audiences }) => audiences)]));
}
