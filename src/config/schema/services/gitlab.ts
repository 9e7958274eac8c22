import { z } from 'zod';
import { headerQueryAndFormCredentialSources, serviceKeys } from '../service-keys.ts';

export const gitlabService = z.strictObject({
  type: z
    .literal('gitlab')
    .describe(
      'A GitLab instance: project endpoints of its API, and Git. Its container registry is a service of type oci.',
    ),
  ...serviceKeys,
  credentialSources: headerQueryAndFormCredentialSources,
});
