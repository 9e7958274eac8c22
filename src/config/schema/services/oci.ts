import { z } from 'zod';
import { headerCredentialSources, serviceKeys, subrequestKeys } from '../service-keys.ts';

const REPOSITORY_PREFIX = /^(?:[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*\/)+$/;

const { path: _fixed, ...keys } = serviceKeys;

export const ociService = z
  .strictObject({
    type: z.literal('oci').describe('A container registry; its path is /v2/.'),
    ...keys,
    ...subrequestKeys,
    credentialSources: headerCredentialSources,
    repositoryPrefix: z
      .string()
      .regex(REPOSITORY_PREFIX, { error: 'must be the start of repository names, such as team-a/' })
      .optional()
      .describe(
        'Prefix of the repositories of this service, ending in /. The gateway removes it from upstream requests.',
      ),
    challenge: z
      .enum(['bearer', 'basic'])
      .default('bearer')
      .describe(
        'Authentication scheme of the challenge. bearer: clients exchange the credential at the token endpoint. basic: clients send the credential with each request. Default: bearer.',
      ),
    blobRedirects: z
      .enum(['pass', 'follow'])
      .default('pass')
      .describe(
        'Redirects to storage in upstream.redirectOrigins. pass: the client follows the redirect. follow: the gateway follows it. Default: pass.',
      ),
  })
  .transform(({ upstream, ...service }) => ({
    ...service,
    path: `/v2/${service.repositoryPrefix ?? ''}`,
    // The URL of a registry is usually an origin, written without a trailing slash.
    upstream: upstream && { ...upstream, url: upstream.url.replace(/\/?$/, '/') },
  }));
