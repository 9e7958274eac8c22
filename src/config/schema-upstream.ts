import { z } from 'zod';
import { filePath, nonEmpty, timeout, url } from './schema-scalars.ts';

const credentialSource = {
  basic: z
    .strictObject({
      username: nonEmpty,
      password: nonEmpty.optional(),
      passwordFile: filePath.optional(),
    })
    .optional(),
  bearer: z.strictObject({ token: nonEmpty.optional(), tokenFile: filePath.optional() }).optional(),
  header: z
    .strictObject({ name: nonEmpty, value: nonEmpty.optional(), valueFile: filePath.optional() })
    .optional(),
  registryToken: z
    .strictObject({
      url: url.describe('The realm that the registry names in its challenge.'),
      service: nonEmpty.describe('The service that it names there.'),
      caFile: filePath.optional(),
      username: nonEmpty.optional().describe('Default: nobody, for what the registry gives to anybody.'),
      password: nonEmpty.optional(),
      passwordFile: filePath.optional(),
    })
    .optional()
    .describe('A registry that wants tokens of its own service. Of type oci only.'),
  forwardCredential: z
    .literal(true)
    .optional()
    .describe(
      'The client’s own, as it came. Never a token of the gateway; an id token only with `audiences`.',
    ),
};

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
  auth: z
    .strictObject(credentialSource)
    .optional()
    .describe(
      'The credential for the upstream: exactly one of basic, bearer, header, registryToken, forwardCredential.',
    ),
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
