import {
  verifyBy,
  issueTokenPorts,
  revokeTokenPorts,
  credentialFromBody,
  tokenClassSettings,
  type EndpointPorts,
} from './endpoint-ports.ts';
import type { Config } from '../../config/index.ts';
import type { VerifiedCredential } from '../../core/credentials/credential.ts';
import { serviceAudience } from '../../core/credentials/minted-token.ts';
import {
  CRATES_TOKENS_PATH,
  createCratesPublishing,
  createNpmPublishing,
  createNugetPublishing,
  createPypiAudience,
  createPypiPublishing,
  createRubygemsPublishing,
  NPM_EXCHANGE_PATH,
  NUGET_TOKEN_PATH,
  PYPI_AUDIENCE_PATH,
  PYPI_MINT_PATH,
  RUBYGEMS_EXCHANGE_PATH,
  type CratesPublishingPorts,
  type NpmPublishingPorts,
  type NugetPublishingPorts,
  type PublishingSite,
  type PypiPublishingPorts,
  type RubygemsPublishingPorts,
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
    verifyOwn: verifyBy(endpointPorts, endpointPorts.authenticator.own),
    ...revokeTokenPorts(config, endpointPorts),
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
    // crates.io and RubyGems.org accept an ID token once; npm and twine may repeat the exchange.
    const once = { ...ports, once: new Set(trusted) };
    const endpoints = ENDPOINTS[type](site, audience, ONCE.has(type) ? once : ports);
    return endpoints.map((endpoint) => ({ ...at, ...endpoint }));
  });
}

type Endpoint = Pick<EndpointPipeline, 'endpointPath' | 'encodedSlash' | 'handle'>;

/** Types whose clients exchange an ID token once per job. */
const ONCE: ReadonlySet<string> = new Set(['cargo', 'nuget', 'rubygems']);

/** By service type. */
const ENDPOINTS = {
  cargo: (site, _audience, ports) => [
    { endpointPath: CRATES_TOKENS_PATH, handle: createCratesPublishing(site, ports) },
  ],
  nuget: (site, _audience, ports) => [
    { endpointPath: NUGET_TOKEN_PATH, handle: createNugetPublishing(site, ports) },
  ],
  rubygems: (site, _audience, ports) => [
    { endpointPath: RUBYGEMS_EXCHANGE_PATH, handle: createRubygemsPublishing(site, ports) },
  ],
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
    ports: CratesPublishingPorts &
      NpmPublishingPorts &
      NugetPublishingPorts &
      PypiPublishingPorts &
      RubygemsPublishingPorts,
  ) => readonly Endpoint[]
>;
