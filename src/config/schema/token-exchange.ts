import { z } from 'zod';
import { ASSERTION_TYPE } from '../../core/credentials/assertion.ts';
import { filePath, nonEmpty, url } from './scalars.ts';
import { tokenEndpointClient } from './token-endpoint-client.ts';

/** Names of `urn:ietf:params:oauth:token-type:…` (RFC 8693 §3). */
const tokenType = z.enum(['access_token', 'id_token', 'jwt']);

/** Token exchange at another token service. */
export const tokenExchange = z.strictObject({
  tokenEndpoint: url.describe('Token endpoint of the token service.'),
  subject: z
    .enum(['caller', 'callerIdToken', 'gateway'])
    .describe(
      'Subject token. caller: an assertion about the caller, signed by the gateway. callerIdToken: the client’s ID token; the service must have `audiences`. gateway: the content of subjectTokenFile.',
    ),
  subjectTokenFile: filePath.optional().describe('File with the subject token. Only for subject: gateway.'),
  subjectTokenType: tokenType
    .optional()
    .describe('Type of the subject token. Default: id_token for callerIdToken, otherwise jwt.'),
  assertionType: z
    .enum([ASSERTION_TYPE, 'JWT'])
    .optional()
    .describe(
      `\`typ\` of the assertion about the caller. JWT: for token services that accept no other. Default: ${ASSERTION_TYPE}.`,
    ),
  requestedTokenType: tokenType
    .default('access_token')
    .describe('Type of the requested token. Default: access_token.'),
  audience: nonEmpty.optional().describe('Target service (`audience`) of the token request.'),
  clientId: nonEmpty
    .optional()
    .describe('The gateway as client of the token service. Default: no client authentication.'),
  ...tokenEndpointClient,
});
