import { z } from 'zod';
import { filePath, hostName, timeout, url } from './scalars.ts';
import { AUTH_KINDS, upstreamAuth } from './upstream-auth.ts';

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
  caFile: filePath
    .optional()
    .describe('Certificate authorities to trust for the upstream, in place of the system’s.'),
  serverName: hostName
    .optional()
    .describe('Name to ask for, and to find in its certificate. Default: that of `url`.'),
  clientCertificate: z
    .strictObject({
      certFile: filePath.describe('PEM, with its chain; re-read on change.'),
      keyFile: filePath.describe('PEM; re-read on change.'),
    })
    .optional()
    .describe('What the gateway shows to an upstream that asks for a certificate.'),
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
  connectionLifetime: timeout
    .default(60_000)
    .describe(
      'A connection takes new requests for this long; for the next one the name is resolved again. Default 60s.',
    ),
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
