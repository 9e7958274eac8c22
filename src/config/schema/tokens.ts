import { z } from 'zod';
import { DEPLOY_USERNAME, isDay } from '../../core/credentials/deploy-token.ts';
import { DEPLOY_TOKEN_NAME } from '../../core/names.ts';
import { grant } from './policy.ts';
import { requestLimits } from './request-limits.ts';

/** The name is part of the secret (`ghdt_NAME_…`), of headers and of the audit log. */
export const deployTokenName = z.string().regex(DEPLOY_TOKEN_NAME, {
  error: 'must be a name: letters, digits, ".", "_", "-", at most 64, starting with a letter or digit',
});

const dateText = { error: 'must be a date such as 2027-12-31' };

/** Advice for messages about a missing or unusable secret. */
export const GENERATE = 'generate one: gatehouse token create';

export const deployToken = z.strictObject({
  username: z
    .string()
    .regex(DEPLOY_USERNAME, {
      error: 'must be a user name: letters, digits, ".", "+", "_", "-", at most 255',
    })
    .describe('User name that clients send; two entries may share it for rotation.'),
  secretHash: z
    .string()
    .regex(/^sha256:[0-9a-f]{64}$/, {
      error: `must be "sha256:" and 64 lowercase hex digits; ${GENERATE}`,
    })
    .describe('SHA-256 of a generated secret, from `gatehouse token create`.'),
  expires: z
    .string(dateText)
    .regex(/^\d{4}-\d{2}-\d{2}$/, dateText)
    .refine(isDay, { error: 'is not a day of the calendar' })
    .optional()
    .describe('YYYY-MM-DD: the token expires at 00:00 UTC of this day. Default: never.'),
  grants: z.array(grant).min(1).describe('Grants of the token, without {claims.…}.'),
  limits: requestLimits('this token'),
});

const PROJECT = /^(?:id:[1-9]\d*|[A-Za-z0-9_.-]+(?:\/[A-Za-z0-9_.-]+)+)$/;

export const jobTokenAllowlist = z.record(
  z.string().regex(PROJECT, { error: 'must be a project: its path, such as acme/payments, or id:42' }),
  z.array(z.string().min(1, { error: 'must not be empty' })),
);
