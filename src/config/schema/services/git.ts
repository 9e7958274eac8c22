import { z } from 'zod';
import { headerCredentialSources, serviceKeys } from '../service-keys.ts';

export const gitService = z.strictObject({
  type: z.literal('git').describe('Git repositories over smart HTTP, with Git LFS.'),
  ...serviceKeys,
  credentialSources: headerCredentialSources,
});
