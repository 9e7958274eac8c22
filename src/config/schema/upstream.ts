import { z } from 'zod';
import { filePath, hostName, timeout, url } from './scalars.ts';
import { AUTH_KINDS, upstreamAuth } from './upstream-auth.ts';

export const upstream = z.strictObject({
  url: url.describe('URL of the upstream, ending in /. Its path replaces `path`.'),
  hostHeader: z
    .enum(['upstream', 'client'])
    .default('upstream')
    .describe(
      'Host header of upstream requests. upstream: host of `url`. client: Host of the client request. Default: upstream.',
    ),
  aliases: z
    .array(url)
    .default([])
    .describe(
      'Other URLs of the upstream that appear in its responses, each ending in /. The gateway rewrites them in headers and bodies.',
    ),
  caFile: filePath
    .optional()
    .describe('Certificate authorities (PEM) for the upstream. Default: system CAs.'),
  serverName: hostName
    .optional()
    .describe(
      'TLS server name (SNI) and expected name in the upstream’s certificate. Default: host of `url`.',
    ),
  clientCertificate: z
    .strictObject({
      certFile: filePath.describe('Certificate with its chain (PEM); reloaded on change.'),
      keyFile: filePath.describe('Private key (PEM); reloaded on change.'),
    })
    .optional()
    .describe('Client certificate for mutual TLS with the upstream. Default: none.'),
  auth: upstreamAuth
    .optional()
    .describe(`Credential for the upstream: exactly one of ${AUTH_KINDS.join(', ')}.`),
  redirectOrigins: z
    .array(url)
    .default([])
    .describe('Additional origins that redirects of the upstream may lead to, such as its object storage.'),
  connections: z
    .int()
    .min(1)
    .max(10_000)
    .default(256)
    .describe(
      'Maximum number of upstream requests in flight; further ones wait for `queueTimeout`. Default 256.',
    ),
  queueTimeout: timeout
    .default(1_000)
    .describe(
      'How long a request waits while `connections` requests are in flight, before 503 `overloaded`. Default 1s.',
    ),
  connectionLifetime: timeout
    .default(60_000)
    .describe('How long a connection is reused. New connections resolve the host name again. Default 60s.'),
  timeouts: z
    .strictObject({
      connect: timeout.default(5_000).describe('Maximum time to connect. Default 5s.'),
      headers: timeout
        .optional()
        .describe(
          'Maximum time from the end of the request to the response head. Default 60s; 15m for writes on type oci, because a registry may verify a large blob before it responds.',
        ),
      idle: timeout
        .optional()
        .describe(
          'Maximum time between bytes of the response body. Default 60s; on type http not limited for responses without Content-Length, such as watches, event streams and logs.',
        ),
    })
    .prefault({}),
});
