import { z } from 'zod';
import { name, nonEmpty, tokenLifetime } from './scalars.ts';

/** What `POST /v1/auth:exchangeToken` takes as `email`. */
export const workloadName = z.string().regex(/^(?=.{3,128}$)[A-Za-z0-9][A-Za-z0-9._-]*@[A-Za-z0-9.-]+$/, {
  error: 'must look like an address: NAME@DOMAIN of letters, digits, ".", "_", "-", at most 128',
});

const id = z
  .union([z.string(), z.number()])
  .transform(String)
  .refine((text) => /^[1-9]\d*$/.test(text), { error: 'must be a number such as "20"' });

const refs = z.array(
  z.string().regex(/^[^\s~^:?[\\\p{Cc}]+$/u, {
    error: 'must be a name such as main, or a pattern such as release/*',
  }),
);

/** One form or the other; which, and whether it is whole, the rules say: a union would only say that neither fits. */
export const workloadIdentity = z.strictObject({
  identity: name.optional().describe('Name of an identity. Without it, what follows defines one.'),
  audiences: z
    .array(nonEmpty)
    .min(1)
    .optional()
    .describe('`aud` values that the exchange takes for this one. Default: those of the issuer.'),
  issuer: name.optional().describe('Name of an issuer of type gitlab or github.'),
  platform: z
    .enum(['gitlab', 'github'])
    .optional()
    .describe('In place of `issuer`, where only one has this type.'),
  group: nonEmpty.optional().describe('Path of the group (GitLab, with its subgroups) or organisation.'),
  user: nonEmpty.optional().describe('In place of `group`: whose projects they are.'),
  groupId: id.optional().describe('namespace_id (GitLab, without subgroups), repository_owner_id (GitHub).'),
  project: nonEmpty.optional().describe('Whole path, or below `group` or `user`. Default: all of those.'),
  projectId: id.optional().describe('project_id (GitLab), repository_id (GitHub).'),
  branches: refs.optional().describe('Names or patterns. Default: all; none where only tags are given.'),
  tags: refs.optional().describe('Names or patterns. Default: all; none where only branches are given.'),
  roles: z.array(name).optional().describe('Names of roles.'),
  tokenLifetime: tokenLifetime.optional().describe('Of tokens minted for it. Default 15m.'),
  allowMutableNames: z.boolean().optional().describe('Allows one that is bound by names alone.'),
});
