import { createRenewedTokens, obtainedToken, SINGLE_KEY } from '../renewed-tokens.ts';
import type { RequestCredential } from '../request-credential.ts';
import { BEARER_TOKENS } from './oauth2-response.ts';
import {
  CLIENT_SETTINGS,
  createTokenClient,
  type TokenClientPorts,
  type TokenClientSettings,
} from './token-client.ts';

/** OAuth 2.0 client credentials grant (RFC 6749 §4.4). */
export interface OAuth2Settings extends TokenClientSettings {
  readonly clientId: string;
}

/** The upstream credential is an access token of the gateway, shared by all requests of the service. */
export function createOAuth2Token(
  service: string,
  settings: OAuth2Settings,
  ports: TokenClientPorts,
): RequestCredential {
  const purpose = { service, pool: `oauth2 token, ${service}`, tokenTypes: BEARER_TOKENS } as const;
  const endpoint = createTokenClient(purpose, settings, ports);
  const grant = { grant_type: 'client_credentials' };
  const tokens = createRenewedTokens((key) => endpoint.request(key, grant), ports.clock);
  return {
    headers: ['authorization'],
    attach: () => tokens.attach(SINGLE_KEY),
    rejected: (_forwarding, attached) => tokens.rejected(SINGLE_KEY, attached),
    probe: {
      holder: `client ${settings.clientId}`,
      settings: CLIENT_SETTINGS,
      obtain: async () => obtainedToken(await endpoint.request(SINGLE_KEY, grant)),
    },
    close: () => endpoint.close(),
  };
}
