import { z } from 'zod';
import { filePath } from './scalars.ts';

export const signing = z
  .strictObject({
    keys: z
      .array(z.strictObject({ file: filePath.describe('EC P-256 private key, PEM; re-read on change.') }))
      .min(1)
      .max(10)
      .describe('The first signs, all verify.'),
  })
  .optional()
  .describe('Keys of minted tokens. Default: one that is generated and kept in the state.');
