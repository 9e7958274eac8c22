import { z } from 'zod';
import { filePath, nonEmpty, url } from './scalars.ts';

/** Credentials of the gateway's own. */
const own = {
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
  oauth2: z
    .strictObject({
      tokenEndpoint: url.describe('The token endpoint of the authorization server.'),
      clientId: nonEmpty,
      clientSecret: nonEmpty.optional(),
      clientSecretFile: filePath.optional(),
      scope: nonEmpty.optional().describe('What to ask for; several are separated by spaces.'),
      parameters: z
        .record(nonEmpty, z.string())
        .default({})
        .describe('More parameters of the request, e.g. audience or resource.'),
      authentication: z
        .enum(['basic', 'form'])
        .default('basic')
        .describe('Where the client’s id and secret stand: in a header, or in the form. Default: basic.'),
      caFile: filePath.optional().describe('Certificate authorities to trust for the token endpoint.'),
    })
    .optional()
    .describe('A token by client credentials (RFC 6749 §4.4), renewed before it ends.'),
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
} as const;

export const OWN_KINDS = ['basic', 'bearer', 'header', 'oauth2', 'registryToken'] as const;

export const upstreamAuth = z.strictObject({
  ...own,
  perIdentity: z
    .record(nonEmpty, z.strictObject(own))
    .optional()
    .describe(
      'Name of the caller’s identity → its credential there; `default` for all others. Without one: 403.',
    ),
  forwardCredential: z
    .literal(true)
    .optional()
    .describe(
      'The client’s own, as it came. Never a token of the gateway; an id token only with `audiences`.',
    ),
});

export const AUTH_KINDS = [...OWN_KINDS, 'perIdentity', 'forwardCredential'] as const;
