import { z } from 'zod';
import { ISSUER_TYPES, ADDITIONAL_TOKEN_TYPES } from '../../core/issuer-presets.ts';
import { duration, filePath, nonEmpty, timeout, url } from './scalars.ts';

const keys = z
  .strictObject({
    refresh: timeout.default(600_000).describe('Interval between fetches of the key set. Default 10m.'),
    cooldown: timeout
      .default(30_000)
      .describe(
        'Interval between fetches caused by unknown key ids. Two new key ids, then one per interval, cause a fetch at once, with retries after 2, 4, 8 and 16 s. Default 30s.',
      ),
    staleLimit: duration
      .default(21_600_000)
      .describe(
        'How long the last fetched keys stay valid while the issuer is unreachable; afterwards its tokens get 503. Default 6h.',
      ),
  })
  .prefault({});

const jobTokens = z.strictObject({
  cache: duration
    .default(30_000)
    .describe('How long a job status response of GitLab is cached. Default 30s.'),
});

const deployTokens = z.strictObject({
  cache: duration
    .default(60_000)
    .describe('How long a deploy token response of GitLab is cached. Default 60s.'),
  probe: z
    .string()
    .regex(/^[a-z0-9]+(?:[._/-]+[a-z0-9]+)*$/, { error: 'must be a repository such as acme/base-images' })
    .optional()
    .describe(
      'Repository of GitLab’s container registry for which access is requested; the granted access becomes the claim registry_access.',
    ),
});

export const issuer = z.strictObject({
  type: z.enum(ISSUER_TYPES).describe('Issuer type; it determines claims, algorithms and token lifetimes.'),
  issuer: url.describe('`iss` of the tokens, compared byte for byte.'),
  audiences: z
    .array(nonEmpty)
    .min(1)
    .optional()
    .describe('Accepted `aud` values. Default: server.publicUrl.'),
  jwksUri: url.optional().describe('URL of the key set. Default: from OIDC discovery.'),
  jwksFile: filePath.optional().describe('File with the key set; reloaded on change.'),
  caFile: filePath
    .optional()
    .describe('Certificate authorities (PEM) for discovery and key set requests. Default: system CAs.'),
  bearerTokenFile: filePath
    .optional()
    .describe('File with the bearer token for discovery and key set requests (Kubernetes).'),
  algorithms: z
    .array(nonEmpty)
    .min(1)
    .optional()
    .describe('Accepted signature algorithms, a subset of the type’s algorithms. Default: all of them.'),
  tokenTypes: z
    .array(z.enum(ADDITIONAL_TOKEN_TYPES))
    .min(1)
    .optional()
    .describe(
      'JWT types (`typ`) to accept in addition to ID tokens: `at+jwt` for access tokens (RFC 9068). Default: none.',
    ),
  maxTokenLifetime: duration
    .optional()
    .describe('Maximum lifetime of accepted tokens. Default: set by the type.'),
  replay: z
    .enum(['once'])
    .optional()
    .describe(
      'once: each ID token can be exchanged once, identified by jti (Entra: uti). Default: repeatedly until it expires.',
    ),
  keys: keys.describe('Timing of key set fetches.'),
  apiUrl: url
    .optional()
    .describe('URL of GitLab for verification of job and deploy tokens. Default: `issuer`.'),
  jobTokens: jobTokens.optional().describe('If present, CI_JOB_TOKEN is accepted. Type gitlab only.'),
  deployTokens: deployTokens
    .optional()
    .describe('If present, GitLab’s deploy tokens are accepted. Type gitlab only.'),
  projects: z.record(z.string(), nonEmpty).optional().describe('Project ids → project paths.'),
});
