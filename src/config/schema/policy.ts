import { z } from 'zod';
import { SOURCE_CLASSES } from '../../core/credentials/credential.ts';
import { requestLimits } from './request-limits.ts';
import { name, nonEmpty, tokenLifetime } from './scalars.ts';

/** A scalar of a `match`. It is compared with the claim as a string. */
const scalar = z.union([z.string(), z.number(), z.boolean()]).transform(String);

const list = z.array(scalar).min(1);

const condition = z.union(
  [
    scalar,
    z
      .strictObject({
        equals: scalar.optional().describe('The claim is this value.'),
        in: list.optional().describe('The claim is one of these values.'),
        notIn: list.optional().describe('The claim is present and is none of these values.'),
        contains: scalar.optional().describe('The claim is a list that contains this value.'),
        glob: z
          .union([nonEmpty, z.array(nonEmpty).min(1)])
          .optional()
          .describe(
            'The claim matches one of these patterns: `*` matches within a segment between / and :, `**` across segments.',
          ),
      })
      .refine((value) => Object.keys(value).length > 0, {
        error: 'needs one of equals, in, notIn, contains, glob',
      }),
  ],
  {
    error:
      'must be a value, or a mapping with equals, in, notIn, contains or glob; write { in: [a, b] } for one of several values',
  },
);

export const matchConditions = z.record(nonEmpty, condition);

export const grant = z.strictObject({
  service: name.describe('Name of a service.'),
  scopes: z.array(nonEmpty).min(1).describe('Scopes, such as read_registry or orders:write.'),
  resources: z
    .array(nonEmpty)
    .min(1)
    .describe(
      'Resource patterns: `*` matches within a path segment, `**` across segments; {claims.NAME} is replaced literally.',
    ),
});

export const identity = z.strictObject({
  issuer: name.describe('Name of an issuer.'),
  via: z
    .array(z.enum(SOURCE_CLASSES))
    .min(1)
    .default(['id_token'])
    .describe(
      'Accepted credential classes. A token issued by the gateway has the class of the credential it was issued for. Default: id_token.',
    ),
  match: matchConditions.describe(
    'Conditions on claims; all must hold. A name that starts with / is a JSON pointer.',
  ),
  allowMutableNames: z
    .boolean()
    .default(false)
    .describe(
      'true: allows an identity that binds only mutable names, which another account can acquire later. Default false.',
    ),
  roles: z.array(name).default([]).describe('Names of roles.'),
  grants: z.array(grant).default([]).describe('Grants in addition to the grants of the roles.'),
  tokenLifetime: tokenLifetime
    .optional()
    .describe('Lifetime of the tokens that the gateway issues to this identity, 1m to 24h. Default 15m.'),
  limits: requestLimits('this identity'),
});
