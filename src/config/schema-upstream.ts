import { z } from 'zod';
import { filePath, timeout, url } from './schema-scalars.ts';
import { AUTH_KINDS, upstreamAuth } from './schema-upstream-auth.ts';

export const upstream = z.strictObject({
  url: url.describe('Where the upstream is; its path replaces `path` and ends in /.'),
  hostHeader: z
    .enum(['upstream', 'client'])
    .default('upstream')
    .describe('Which Host the upstream sees. Default: upstream, its own.'),
  aliases: z
    .array(url)
    .default([])
    .describe('Other URLs by which the upstream calls itself in what it answers; each ends in /.'),
  caFile: filePath.optional().describe('Certificate authorities to trust for the upstream.'),
  auth: upstreamAuth
    .optional()
    .describe(`The credential for the upstream: exactly one of ${AUTH_KINDS.join(', ')}.`),
  redirectOrigins: z
    .array(url)
    .default([])
    .describe('Other origins that the upstream may redirect clients to, e.g. its object storage.'),
  connections: z
    .int()
    .min(1)
    .max(10_000)
    .default(256)
    .describe('Most requests in flight; beyond it 503 `overloaded`. Default 256.'),
  timeouts: z
    .strictObject({
      connect: timeout.default(5_000).describe('Default 5s.'),
      headers: timeout
        .default(60_000)
        .describe('From the request’s last byte to the response’s head. Default 60s.'),
      idle: timeout.default(60_000).describe('Without a byte of the response’s body. Default 60s.'),
    })
    .prefault({}),
});
