import { z } from 'zod';
import { headerCredentialSources, serviceKeys, type ServiceTraits } from '../service-keys.ts';

const REPOSITORY_PREFIX = /^(?:[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*\/)+$/;

const { path: _fixed, ...keys } = serviceKeys;

export const ociService = z
  .strictObject({
    type: z.literal('oci').describe('A container registry; its path is /v2/.'),
    ...keys,
    credentialSources: headerCredentialSources,
    repositoryPrefix: z
      .string()
      .regex(REPOSITORY_PREFIX, { error: 'must be the start of repository names, such as team-a/' })
      .optional()
      .describe('Repositories that clients find here; taken off toward the upstream.'),
    challenge: z
      .enum(['bearer', 'basic'])
      .default('bearer')
      .describe('basic: no token endpoint, every request carries the long credential. Default: bearer.'),
    blobRedirects: z
      .enum(['pass', 'follow'])
      .default('pass')
      .describe(
        'Redirects to storage in upstream.redirectOrigins: clients follow, or the gateway. Default: pass.',
      ),
  })
  .transform(({ upstream, ...service }) => ({
    ...service,
    path: `/v2/${service.repositoryPrefix ?? ''}`,
    // A registry's URL is mostly an origin, which nobody ends with a slash.
    upstream: { ...upstream, url: upstream.url.replace(/\/?$/, '/') },
  }));

export const OCI_TRAITS: ServiceTraits = {
  scopes: ['read_registry', 'write_registry', 'delete_registry'],
  resources: 'name',
};
