import { z } from 'zod';
import { filePath, nonEmpty, timeout, url } from './scalars.ts';

const SERVICE_ACCOUNT_TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token';

const mount = (method: string) =>
  nonEmpty.default(method).describe(`Path of the auth method. Default ${method}.`);

const login = z.strictObject({
  jwt: z
    .strictObject({
      role: nonEmpty,
      tokenFile: filePath.describe('File with the JWT; read at each login.'),
      mount: mount('jwt'),
    })
    .optional()
    .describe('Login with a JWT, for example a projected token of Kubernetes or the ID token of a workload.'),
  kubernetes: z
    .strictObject({
      role: nonEmpty,
      tokenFile: filePath
        .default(SERVICE_ACCOUNT_TOKEN)
        .describe(`File with the token of the service account. Default ${SERVICE_ACCOUNT_TOKEN}.`),
      mount: mount('kubernetes'),
    })
    .optional()
    .describe('Login with the service account of the pod.'),
  tokenFile: filePath
    .optional()
    .describe('File with a token of the vault, for example the sink of a Vault Agent; read again on change.'),
});

const server = {
  address: url.describe('URL of Vault or OpenBao, such as https://vault.example.com:8200.'),
  namespace: nonEmpty.optional().describe('Namespace of the auth method and of the paths. Default: root.'),
  caFile: filePath.optional().describe('Certificate authorities (PEM) for the vault. Default: system CAs.'),
  refresh: timeout
    .default(300_000)
    .describe(
      'Time after which a secret without a lease is read again: a rotation takes effect within it. Default 5m.',
    ),
  auth: login.describe('Login of the gateway: jwt, kubernetes or tokenFile.'),
} as const;

export const vault = z
  .strictObject(server)
  .describe('HashiCorp Vault or OpenBao with the secrets that keys named …FromVault refer to.');

const field = nonEmpty.describe('Name of the field.');

export const fromVault = z
  .strictObject({
    path: nonEmpty.describe('API path below /v1/, for example secret/data/gitlab.'),
    field,
  })
  .describe('Field of a secret in the `vault` of the configuration.');

export const vaultCredential = z
  .strictObject({
    ...server,
    path: nonEmpty.describe(
      'API path below /v1/, for example secret/data/gitlab/{identity}. {identity} and {claims.NAME} are parts of one segment.',
    ),
    field,
    as: z
      .strictObject({
        bearer: z.literal(true).optional().describe('Authorization: Bearer.'),
        basic: z.strictObject({ username: nonEmpty }).optional().describe('Authorization: Basic.'),
        header: nonEmpty.optional().describe('Name of a header with the plain value.'),
      })
      .default({ bearer: true })
      .describe('Place of the value in the upstream request: bearer, basic or header. Default: bearer.'),
  })
  .describe('Field of a secret in HashiCorp Vault or OpenBao, read again before it expires.');
