import {
  verifyBy,
  issueTokenPorts,
  credentialFromBody,
  tokenClassSettings,
  type EndpointPorts,
} from './endpoint-ports.ts';
import type { Config } from '../../config/index.ts';
import type { VerifiedCredential } from '../../core/credentials/credential.ts';
import { serviceAudience } from '../../core/credentials/minted-token.ts';
import {
  createNpmPublishing,
  createPypiAudience,
  createPypiPublishing,
  NPM_EXCHANGE_PATH,
  PYPI_AUDIENCE_PATH,
  PYPI_MINT_PATH,
  type NpmPublishingPorts,
  type PublishingSite,
  type PypiPublishingPorts,
} from '../../token-service/index.ts';
import { createExtract } from '../../credentials/index.ts';
import type { EndpointPipeline } from '../../gateway/index.ts';
import { npmPackageName } from '../../protocols/index.ts';

/** Endpoints at the root of a service's hosts where clients exchange the ID token of a CI job. */
export function createPublishingEndpoints(
  config: Config,
  endpointPorts: EndpointPorts,
): readonly EndpointPipeline[] {
  const settings = tokenClassSettings(config);
  const ports = {
    ...issueTokenPorts(config, endpointPorts),
    identify: (credential: VerifiedCredential) => endpointPorts.authorizer.identify(credential),
    log: endpointPorts.log,
    present: credentialFromBody(settings),
    extract: createExtract({ ...settings, credentialSources: ['bearer'], queryParameters: [] }),
    packageName: npmPackageName,
  };
  return config.services.flatMap((service): EndpointPipeline[] => {
    if (!('trustedPublishing' in service) || service.trustedPublishing === undefined) return [];
    const { name, type, hosts, trustedPublishing } = service;
    const { audience } = trustedPublishing;
    const trusted = service.issuers ?? config.issuers.map((issuer) => issuer.name);
    const site = {
      audience: serviceAudience(name),
      verifyCredential: verifyBy(
        endpointPorts,
        endpointPorts.authenticator.forAudiences(new Map(trusted.map((each) => [each, [audience]]))),
      ),
      authorize: endpointPorts.authorizer.forService(name),
    };
    const at = { hosts, service: { name, type } };
    return ENDPOINTS[type](site, audience, ports).map((endpoint) => ({ ...at, ...endpoint }));
  });
}

type Endpoint = Pick<EndpointPipeline, 'endpointPath' | 'encodedSlash' | 'handle'>;

/** By service type. */
const ENDPOINTS = {
  npm: (site, _audience, ports) => [
    { endpointPath: NPM_EXCHANGE_PATH, encodedSlash: true, handle: createNpmPublishing(site, ports) },
  ],
  pypi: (site, audience, ports) => [
    { endpointPath: PYPI_AUDIENCE_PATH, handle: createPypiAudience(audience, ports) },
    { endpointPath: PYPI_MINT_PATH, handle: createPypiPublishing(site, ports) },
  ],
} as const satisfies Record<
  string,
  (
    site: PublishingSite,
    audience: string,
    ports: NpmPublishingPorts & PypiPublishingPorts,
  ) => readonly Endpoint[]
>;
