import { z } from 'zod';
import { aws } from './aws.ts';
import { githubApp } from './github-app.ts';
import { filePath, nonEmpty, url } from './scalars.ts';
import { tokenEndpointClient } from './token-endpoint-client.ts';
import { tokenExchange } from './token-exchange.ts';
import { fromVault, vaultCredential } from './vault.ts';

/** Credentials that belong to the gateway. */
const gatewayCredentials = {
  basic: z
    .strictObject({
      username: nonEmpty,
      password: nonEmpty.optional(),
      passwordFile: filePath.optional(),
      passwordFromVault: fromVault.optional(),
    })
    .optional(),
  bearer: z
    .strictObject({
      token: nonEmpty.optional(),
      tokenFile: filePath.optional(),
      tokenFromVault: fromVault.optional(),
    })
    .optional(),
  header: z
    .strictObject({
      name: nonEmpty,
      value: nonEmpty.optional(),
      valueFile: filePath.optional(),
      valueFromVault: fromVault.optional(),
    })
    .optional(),
  oauth2: z
    .strictObject({
      tokenEndpoint: url.describe('Token endpoint of the authorization server.'),
      clientId: nonEmpty,
      ...tokenEndpointClient,
    })
    .optional()
    .describe('Access token from the client credentials grant (RFC 6749 §4.4), renewed before it expires.'),
  tokenExchange: tokenExchange
    .optional()
    .describe('Token that another token service issues for the caller or the gateway (RFC 8693).'),
  registryToken: z
    .strictObject({
      url: url.describe('URL of the token service: the realm of the registry’s challenge.'),
      service: nonEmpty.describe('The service parameter of the registry’s challenge.'),
      caFile: filePath.optional(),
      username: nonEmpty.optional().describe('User name for the token service. Default: anonymous access.'),
      password: nonEmpty.optional(),
      passwordFile: filePath.optional(),
      passwordFromVault: fromVault.optional(),
    })
    .optional()
    .describe('Token from the token service of a registry. Services of type oci only.'),
  githubApp,
  aws,
  vault: vaultCredential.optional(),
  conanToken: z
    .strictObject({
      url: url.describe('URL of the login of the server: its `v2/users/authenticate`.'),
      caFile: filePath.optional(),
      username: nonEmpty,
      password: nonEmpty.optional(),
      passwordFile: filePath.optional(),
      passwordFromVault: fromVault.optional(),
    })
    .optional()
    .describe('Token from the login of a Conan server. Services of type conan only.'),
} as const;

export const OWN_KINDS = [
  'basic',
  'bearer',
  'header',
  'oauth2',
  'tokenExchange',
  'registryToken',
  'githubApp',
  'aws',
  'vault',
  'conanToken',
] as const;

export const upstreamAuth = z.strictObject({
  ...gatewayCredentials,
  perIdentity: z
    .record(nonEmpty, z.strictObject(gatewayCredentials))
    .optional()
    .describe(
      'Identity of the caller → upstream credential; `default` applies to all other callers. Callers without an entry get 403.',
    ),
  forwardCredential: z
    .literal(true)
    .optional()
    .describe(
      'Forwards the client’s credential unchanged. Tokens issued by the gateway are never forwarded; ID tokens only if the service has `audiences`.',
    ),
});

export const AUTH_KINDS = [...OWN_KINDS, 'perIdentity', 'forwardCredential'] as const;
