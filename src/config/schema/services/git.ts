import { z } from 'zod';
import { headerCredentialSources, serviceKeys, type ServiceTraits } from '../service-keys.ts';

export const gitService = z.strictObject({
  type: z.literal('git').describe('Git repositories over smart HTTP, with Git LFS.'),
  ...serviceKeys,
  credentialSources: headerCredentialSources,
});

export const GIT_TRAITS: ServiceTraits = {
  scopes: ['read_repository', 'write_repository'],
  resources: 'name',
};
