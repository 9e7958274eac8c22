import { z } from 'zod';
import { name, nonEmpty, tokenLifetime } from './scalars.ts';

/** The value of `email` in `POST /v1/auth:exchangeToken`. */
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

/** One of two forms. The rules check which one and whether it is complete: union errors would be imprecise. */
export const workloadIdentity = z.strictObject({
  identity: name.optional().describe('Name of an identity. Without it, the keys below define one.'),
  audiences: z
    .array(nonEmpty)
    .min(1)
    .optional()
    .describe('Accepted `aud` values at the exchange endpoint. Default: the issuer’s `audiences`.'),
  issuer: name.optional().describe('Name of an issuer of type gitlab or github.'),
  platform: z
    .enum(['gitlab', 'github'])
    .optional()
    .describe('Issuer type, in place of `issuer` if exactly one issuer has this type.'),
  group: nonEmpty.optional().describe('Path of the group (GitLab, with its subgroups) or organisation.'),
  user: nonEmpty.optional().describe('Owner of the projects, in place of `group`.'),
  groupId: id.optional().describe('namespace_id (GitLab, without subgroups), repository_owner_id (GitHub).'),
  project: nonEmpty
    .optional()
    .describe('Full project path, or path relative to `group` or `user`. Default: all their projects.'),
  projectId: id.optional().describe('project_id (GitLab), repository_id (GitHub).'),
  branches: refs
    .optional()
    .describe('Branch names or patterns. Default: all branches; none if only tags are listed.'),
  tags: refs
    .optional()
    .describe('Tag names or patterns. Default: all tags; none if only branches are listed.'),
  roles: z.array(name).optional().describe('Names of roles.'),
  tokenLifetime: tokenLifetime
    .optional()
    .describe('Lifetime of the tokens that the gateway issues to this identity, 1m to 24h. Default 15m.'),
  allowMutableNames: z
    .boolean()
    .optional()
    .describe('true: allows an identity that is bound only by mutable names. Default false.'),
});
