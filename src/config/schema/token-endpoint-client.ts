import { z } from 'zod';
import { JWS_ALGORITHMS } from '../../util/crypto/jws.ts';
import { filePath, nonEmpty } from './scalars.ts';
import { fromVault } from './vault.ts';

const clientAssertion = z.strictObject({
  tokenFile: filePath
    .optional()
    .describe(
      'File with a JWT of another issuer (workload identity federation). It is sent unchanged, without a trailing newline, and read for each token request.',
    ),
  keyFile: filePath
    .optional()
    .describe(
      'File with a private key (PEM: PKCS #8, PKCS #1 or SEC 1), read for each token request: the gateway signs the assertion (private_key_jwt).',
    ),
  keyId: nonEmpty.optional().describe('Key id (`kid`) in the header of the assertion. Default: none.'),
  algorithm: z.enum(JWS_ALGORITHMS).optional().describe('Signature algorithm. Default: RS256.'),
  certificateFile: filePath
    .optional()
    .describe(
      'File with the certificate (PEM) of the key. Its thumbprint is sent as `x5t#S256`, which Entra ID requires.',
    ),
  audience: nonEmpty.optional().describe('`aud` of the assertion. Default: the token endpoint.'),
});

/** The gateway as a client of a token endpoint. */
export const tokenEndpointClient = {
  clientSecret: nonEmpty.optional(),
  clientSecretFile: filePath.optional(),
  clientSecretFromVault: fromVault.optional(),
  clientAssertion: clientAssertion
    .optional()
    .describe('Client authentication with a JWT (RFC 7523 §2.2): tokenFile or keyFile.'),
  scope: nonEmpty.optional().describe('Requested scopes, separated by spaces.'),
  parameters: z
    .record(nonEmpty, z.string())
    .default({})
    .describe('Additional parameters of the token request, such as audience or resource.'),
  authentication: z
    .enum(['basic', 'form'])
    .default('basic')
    .describe('How the secret is sent. basic: Authorization header. form: form fields. Default: basic.'),
  caFile: filePath
    .optional()
    .describe('Certificate authorities (PEM) for the token endpoint. Default: system CAs.'),
};
