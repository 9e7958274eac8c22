import { z } from 'zod';
import { SOURCE_CLASSES } from '../../core/credentials/credential.ts';
import { name, nonEmpty, tokenLifetime } from './scalars.ts';

/** A scalar of a `match`: compared with the claim as strings. */
const scalar = z.union([z.string(), z.number(), z.boolean()]).transform(String);

const list = z.array(scalar).min(1);

const condition = z.union(
  [
    scalar,
    z
      .strictObject({
        equals: scalar.optional().describe('The claim is this value.'),
        in: list.optional().describe('The claim is one of these values.'),
        notIn: list.optional().describe('The claim is there and none of these values.'),
        contains: scalar.optional().describe('The claim is a list that holds this value.'),
        glob: z
          .union([nonEmpty, z.array(nonEmpty).min(1)])
          .optional()
          .describe('`*` stops at / and :, `**` does not.'),
      })
      .refine((value) => Object.keys(value).length > 0, {
        error: 'needs one of equals, in, notIn, contains, glob',
      }),
  ],
  { error: 'must be a value, or a mapping with equals, in, notIn, contains or glob' },
);

export const grant = z.strictObject({
  service: name.describe('Name of a service.'),
  scopes: z.array(nonEmpty).min(1).describe('Permission names, e.g. read_registry, orders:write.'),
  resources: z
    .array(nonEmpty)
    .min(1)
    .describe('Patterns: `*` stops at /, `**` does not; {claims.NAME} is inserted literally.'),
});

export const identity = z.strictObject({
  issuer: name.describe('Name of an issuer.'),
  via: z
    .array(z.enum(SOURCE_CLASSES))
    .min(1)
    .default(['id_token'])
    .describe(
      'Classes of credential; what the gateway mints counts as what it was minted from. Default: id_token.',
    ),
  match: z
    .record(nonEmpty, condition)
    .describe('Claims that must all hold. A name that starts with / is a JSON pointer.'),
  allowMutableNames: z
    .boolean()
    .default(false)
    .describe('Allows an identity that binds only names which can be taken over.'),
  roles: z.array(name).default([]).describe('Names of roles.'),
  grants: z.array(grant).default([]).describe('Added to those of the roles.'),
  tokenLifetime: tokenLifetime.optional().describe('Of tokens minted for it. Default 15m.'),
});
