import { z } from 'zod';
import { CARRIERS } from '../contract/credential.ts';
import { byteSize, filePath, name, nonEmpty, timeout, url } from './schema-scalars.ts';

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
};

const upstream = z.strictObject({
  url: url.describe('Where the upstream is; its path replaces `path` and ends in /.'),
  hostHeader: z
    .enum(['upstream', 'client'])
    .default('upstream')
    .describe('Which Host the upstream sees. Default: upstream, its own.'),
  caFile: filePath.optional().describe('Certificate authorities to trust for the upstream.'),
  auth: z
    .strictObject(credentialSource)
    .optional()
    .describe('The credential that the gateway adds: exactly one of basic, bearer, header.'),
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

const anonymous = z
  .array(z.strictObject({ scopes: z.array(nonEmpty).min(1), resources: z.array(nonEmpty).min(1) }))
  .default([])
  .describe('What needs no credential.');

const httpService = z.strictObject({
  type: z.literal('http').describe('The protocol that it speaks.'),
  hosts: z.array(nonEmpty).min(1).optional().describe('Default: every host that no service names.'),
  path: z.string().default('/').describe('Prefix below which clients find it; starts and ends with /.'),
  issuers: z.array(name).min(1).optional().describe('Default: all issuers.'),
  audiences: z.array(nonEmpty).min(1).optional().describe('Replaces the audiences of the issuers.'),
  carriers: z.array(z.enum(CARRIERS)).min(1).optional().describe('Default: those of the type.'),
  upstream: upstream.describe('The server behind the gateway.'),
  operations: z
    .array(
      z.strictObject({
        scope: nonEmpty,
        methods: z.array(nonEmpty).min(1),
        paths: z.array(nonEmpty).min(1).optional().describe('Below `path`, with a leading /. Default: all.'),
      }),
    )
    .optional()
    .describe(
      'First match wins; no match = denied. Default: read_api for GET, HEAD, OPTIONS; write_api for the rest.',
    ),
  anonymous,
  mode: z
    .enum(['enforce', 'shadow'])
    .default('enforce')
    .describe('shadow: what policy denies is forwarded without identity, and audited.'),
  deny: z.enum(['reveal', 'conceal']).default('reveal').describe('conceal: 404 instead of 403.'),
  identityHeaders: z
    .record(nonEmpty, z.string())
    .default({})
    .describe('Headers for the upstream from {identity}, {subject}, {issuer}, {claims.NAME}.'),
  keepCookies: z.boolean().default(false).describe('Passes the Cookie header on. Default false.'),
  limits: z
    .strictObject({
      bodyBytes: byteSize.optional().describe('Longest request body; beyond it 413. Default: no limit.'),
    })
    .prefault({})
    .describe('Of this service alone.'),
});

/** Types that a later version brings. */
export const FUTURE_SERVICE_TYPES: readonly string[] = [
  'oci',
  'npm',
  'pypi',
  'maven',
  'nuget',
  'cargo',
  'go',
  'helm',
  'generic',
  'git',
  'gitlab',
];

export const service = z.discriminatedUnion('type', [httpService]);
