import { z } from 'zod';
import { filePath, redisUrl, timeout } from './scalars.ts';

const sqlite = z.strictObject({ file: filePath.describe('Database file; created if missing.') });

const redis = z.strictObject({
  url: redisUrl
    .optional()
    .describe('redis://HOST:PORT, or rediss:// for TLS. Use urlFile if the URL contains a password.'),
  urlFile: filePath.optional().describe('File with the URL.'),
  caFile: filePath.optional().describe('Certificate authorities (PEM) for rediss://. Default: system CAs.'),
  timeout: timeout.default(200).describe('Timeout of each command. Default 200ms.'),
  prefix: z
    .string()
    .regex(/^[!-~]{1,64}$/, { error: 'must be at most 64 printable ASCII characters without spaces' })
    .default('gatehouse:')
    .describe('Prefix of all keys. Default gatehouse:.'),
});

export const state = z
  .strictObject({
    sqlite: sqlite
      .optional()
      .describe('SQLite database of a single replica. Default: data/gatehouse.db in the working directory.'),
    redis: redis.optional().describe('Redis or Valkey, shared between replicas.'),
  })
  .default({})
  .describe('Store of revocations and failed attempts: sqlite or redis.');
