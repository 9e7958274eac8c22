import { z } from 'zod';
import { ISSUER_TYPES, ADDITIONAL_TOKEN_TYPES } from '../../core/issuer-presets.ts';
import { duration, filePath, nonEmpty, timeout, url } from './scalars.ts';

const keys = z
  .strictObject({
    refresh: timeout.default(600_000).describe('How often the key set is fetched again. Default 10m.'),
    cooldown: timeout
      .default(30_000)
      .describe('Least time between two fetches that unknown key ids cause. Default 30s.'),
    staleLimit: duration
      .default(21_600_000)
      .describe(
        'How long the last good keys count while the issuer cannot be reached; then 503. Default 6h.',
      ),
  })
  .prefault({});

const jobTokens = z.strictObject({
  cache: duration
    .default(30_000)
    .describe('How long GitLab’s word that a job runs is believed. Default 30s.'),
});

const deployTokens = z.strictObject({
  cache: duration
    .default(60_000)
    .describe('How long GitLab’s word on a deploy token is believed. Default 60s.'),
  probe: z
    .string()
    .regex(/^[a-z0-9]+(?:[._/-]+[a-z0-9]+)*$/, { error: 'must be a repository such as acme/base-images' })
    .optional()
    .describe('Repository to ask about; what is granted there is the claim registry_access.'),
});

export const issuer = z.strictObject({
  type: z.enum(ISSUER_TYPES).describe('What is known of its claims, algorithms and lifetimes.'),
  issuer: url.describe('`iss` of its tokens, byte for byte.'),
  audiences: z
    .array(nonEmpty)
    .min(1)
    .optional()
    .describe('Accepted `aud` values. Default: server.publicUrl.'),
  jwksUri: url.optional().describe('Where its keys are. Default: OIDC discovery.'),
  jwksFile: filePath.optional().describe('Its keys, from a file; re-read on change.'),
  caFile: filePath.optional().describe('Certificate authorities to trust for discovery and keys.'),
  bearerTokenFile: filePath.optional().describe('Bearer token to send for discovery and keys (Kubernetes).'),
  algorithms: z.array(nonEmpty).min(1).optional().describe('Narrows the algorithms of the type.'),
  tokenTypes: z
    .array(z.enum(ADDITIONAL_TOKEN_TYPES))
    .min(1)
    .optional()
    .describe(
      'Types of JWT (`typ`) to accept besides ID tokens: `at+jwt` for access tokens (RFC 9068). Default: none.',
    ),
  maxTokenLifetime: duration.optional().describe('Longest lifetime of a token that is believed.'),
  replay: z
    .enum(['once'])
    .optional()
    .describe(
      'once: each of its id tokens is exchanged once (jti; uti of Entra). Default: until it expires.',
    ),
  keys: keys.describe('When its key set is fetched.'),
  apiUrl: url.optional().describe('Where GitLab’s API is, for job and deploy tokens. Default: `issuer`.'),
  jobTokens: jobTokens.optional().describe('Present: CI_JOB_TOKEN is accepted. Of type gitlab only.'),
  deployTokens: deployTokens
    .optional()
    .describe('Present: GitLab’s own deploy tokens are accepted. Of type gitlab only.'),
  projects: z.record(z.string(), nonEmpty).optional().describe('Project numbers → paths.'),
});
