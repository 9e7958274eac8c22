import { z } from 'zod';
import { filePath, redisUrl, timeout } from './scalars.ts';

const sqlite = z.strictObject({ file: filePath.describe('The database; made where there is none.') });

const redis = z.strictObject({
  url: redisUrl
    .optional()
    .describe('redis://HOST:PORT, or rediss:// for TLS; rather urlFile where it holds a password.'),
  urlFile: filePath.optional().describe('A file with the URL.'),
  caFile: filePath.optional().describe('Certificate authorities to trust for rediss://.'),
  timeout: timeout.default(200).describe('For each command. Default 200ms.'),
  prefix: z
    .string()
    .regex(/^[!-~]{1,64}$/, { error: 'must be at most 64 printable ASCII characters without spaces' })
    .default('gatehouse:')
    .describe('Of all keys. Default gatehouse:.'),
});

export const state = z
  .strictObject({
    sqlite: sqlite
      .optional()
      .describe('Of this replica alone. Default: data/gatehouse.db in the working directory.'),
    redis: redis.optional().describe('Redis or Valkey, shared between replicas.'),
  })
  .default({})
  .describe('Where revocations and failed attempts are kept: in one of the two.');
