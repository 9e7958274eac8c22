import { z } from 'zod';
import { ISSUER_TYPES, ADDITIONAL_TOKEN_TYPES } from '../../core/issuers/issuer-presets.ts';
import { duration, filePath, nonEmpty, timeout, url, issuerUrl } from './scalars.ts';

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

const queue = z
  .int()
  .min(0)
  .max(10_000)
  .default(1_000)
  .describe(
    'Tokens that wait, 10 s at most, for the introspection of others; further ones get 503. Default 1000.',
  );

const jobTokens = z.strictObject({
  cache: duration
    .default(30_000)
    .describe('How long a job status response of GitLab is cached. Default 30s.'),
  limits: z
    .strictObject({
      burst: z
        .int()
        .min(10)
        .max(1_000_000)
        .default(450)
        .describe(
          'Introspection requests for unknown tokens that are in flight or refused; a valid token returns its place at once. Default 450.',
        ),
      perSecond: z
        .number()
        .positive()
        .max(100_000)
        .default(7.5)
        .describe(
          'Places of refused tokens that are returned per second. Default 7.5: GitLab.com serves one address 500 unauthenticated requests a minute.',
        ),
      queue,
    })
    .prefault({})
    .describe('Limits of introspection requests for job tokens, per GitLab and replica.'),
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
  limits: z
    .strictObject({
      failures: z
        .int()
        .min(6)
        .max(1_000_000)
        .default(24)
        .describe(
          'Maximum number of refused introspection requests in `window`; must be below GitLab’s ban threshold, divided by the number of replicas. Default 24.',
        ),
      window: timeout
        .default(180_000)
        .describe('Interval in which GitLab counts failures. Default 3m, as GitLab’s default.'),
      queue,
    })
    .prefault({})
    .describe('Limits of introspection requests for deploy tokens, per GitLab and replica.'),
});

const liveness = z.strictObject({
  apiUrl: url
    .optional()
    .describe(
      'Base URL of the API: of GitLab itself, of GitHub’s REST API, of the API server. Default: apiUrl or issuer (gitlab), derived from issuer (github), https://kubernetes.default.svc (kubernetes).',
    ),
  tokenFile: filePath.describe(
    'File with the bearer token of the gateway for the API: scope read_api (gitlab), permission actions: read (github), service account that may create tokenreviews and get pods (kubernetes). Read for each request.',
  ),
  caFile: filePath
    .optional()
    .describe('Certificate authorities (PEM) for the API. Default: caFile of the issuer.'),
  cache: duration.default(30_000).describe('How long a running job or pod is cached. Default 30s.'),
  limits: z
    .strictObject({
      perSecond: z
        .number()
        .positive()
        .max(100_000)
        .optional()
        .describe('API requests per second. Default: 10 (gitlab), 1.2 (github), 20 (kubernetes).'),
      burst: z
        .int()
        .min(1)
        .max(1_000_000)
        .optional()
        .describe('API requests at once. Default: 200 (gitlab), 300 (github), 200 (kubernetes).'),
      queue: z
        .int()
        .min(0)
        .max(10_000)
        .default(1_000)
        .describe('Checks that wait, 10 s at most, for a request; further ones get 503. Default 1000.'),
    })
    .prefault({})
    .describe('Limits of API requests, per issuer and replica.'),
});

export const issuer = z.strictObject({
  type: z.enum(ISSUER_TYPES).describe('Issuer type; it determines claims, algorithms and token lifetimes.'),
  issuer: issuerUrl.describe(
    '`iss` of the tokens, compared byte for byte. Type spiffe: the trust domain, as spiffe://TRUST-DOMAIN.',
  ),
  audiences: z
    .array(nonEmpty)
    .min(1)
    .optional()
    .describe('Accepted `aud` values. Default: server.publicUrl.'),
  jwksUri: url
    .optional()
    .describe('URL of the key set, or of the bundle (type spiffe). Default: from OIDC discovery.'),
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
      'JWT types (`typ`) to accept in addition to ID tokens: `at+jwt` for access tokens (RFC 9068), `gatehouse-assertion+jwt` for assertions of another gateway. Default: none.',
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
  liveness: liveness
    .optional()
    .describe(
      'If present, ID tokens and tokens minted from them are accepted only while their job or pod runs. Types gitlab, github and kubernetes.',
    ),
  projects: z.record(z.string(), nonEmpty).optional().describe('Project ids → project paths.'),
});
