import { z } from 'zod';
import { filePath } from './scalars.ts';

export const signing = z
  .strictObject({
    keys: z
      .array(z.strictObject({ file: filePath.describe('EC P-256 private key (PEM); reloaded on change.') }))
      .min(1)
      .max(10)
      .describe('The first key signs; all keys verify.'),
  })
  .optional()
  .describe(
    'Signing keys of the tokens that the gateway issues. Default: a generated key in the state store.',
  );
