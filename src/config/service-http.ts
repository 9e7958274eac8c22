import { z } from 'zod';
import { nonEmpty } from './schema-scalars.ts';
import { carriersInHeaders, serviceKeys, type ServiceTraits } from './schema-service-keys.ts';

export const httpService = z.strictObject({
  type: z.literal('http').describe('An API: what a request asks for stands in `operations`.'),
  ...serviceKeys,
  carriers: carriersInHeaders,
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
});

export const HTTP_TRAITS: ServiceTraits = { scopes: ['read_api', 'write_api'], resources: 'path' };
