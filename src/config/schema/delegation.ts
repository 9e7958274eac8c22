import { z } from 'zod';
import { SOURCE_CLASSES } from '../../core/credentials/credential.ts';
import { DEFAULT_TOKEN_LIFETIME } from '../../core/credentials/minted-token.ts';
import { grant, matchConditions } from './policy.ts';
import { name, nonEmpty, tokenLifetime } from './scalars.ts';

/** What policy files of another team may contain. */
export const delegation = z.strictObject({
  files: nonEmpty.describe(
    'Policy files, relative to the directory of the configuration, such as teams/web/*.yaml: `*` matches within a path segment. `*.test.yaml` are skipped.',
  ),
  grants: z
    .array(grant)
    .min(1)
    .describe('Each grant of the files must be contained in these grants, per service and scope.'),
  issuers: z.array(name).min(1).describe('Issuers that identities of the files may name.'),
  match: matchConditions.describe(
    'Conditions that each identity of the files must repeat, equal or narrower.',
  ),
  roles: z
    .array(name)
    .default([])
    .describe(
      'Roles of the main configuration that identities of the files may have. Upstream services see their names.',
    ),
  via: z
    .array(z.enum(SOURCE_CLASSES))
    .min(1)
    .default(['id_token'])
    .describe('Credential classes that identities of the files may accept. Default: id_token.'),
  allowMutableNames: z
    .boolean()
    .default(false)
    .describe('true: identities of the files may set allowMutableNames. Default false.'),
  tokenLifetime: tokenLifetime
    .default(DEFAULT_TOKEN_LIFETIME)
    .describe('Longest tokenLifetime of identities of the files. Default 15m.'),
  namePrefix: nonEmpty
    .optional()
    .describe(
      'Start of the names of the identities and roles of the files, such as web-. Upstream services see these names.',
    ),
});
