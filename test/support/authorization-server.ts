import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRemoteJWKSet, jwtVerify, type JWTPayload } from 'jose';
import Provider from 'oidc-provider';

export interface AuthorizationServer {
  readonly url: string;
  readonly tokenEndpoint: string;
  /** Number of issued tokens. */
  grants(): number;
  /** Number of rejected token requests. */
  refusals(): number;
  /** Verifies a token and returns its claims; rejects an invalid token or another audience. */
  verify(token: string, audience: string): Promise<JWTPayload>;
  close(): Promise<void>;
}

export type OAuthClient =
  | {
      readonly id: string;
      readonly secret: string;
      readonly method: 'client_secret_basic' | 'client_secret_post';
    }
  | {
      readonly id: string;
      readonly method: 'private_key_jwt';
      /** Public keys of the client. */
      readonly keys: readonly Readonly<Record<string, unknown>>[];
    };

/** A third-party OAuth 2.0 server (oidc-provider) with the client credentials grant. `lifetime` in seconds. */
export async function startAuthorizationServer(
  clients: readonly OAuthClient[],
  lifetime = 300,
): Promise<AuthorizationServer> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  let granted = 0;
  let refused = 0;
  const provider = new Provider(url, {
    clients: clients.map((client) => ({
      client_id: client.id,
      ...(client.method === 'private_key_jwt'
        ? { jwks: { keys: [...client.keys] } }
        : { client_secret: client.secret }),
      token_endpoint_auth_method: client.method,
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
    })),
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt'],
    scopes: ['orders', 'invoices'],
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: 'as-1' }] },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_context, audience) => ({
          audience,
          scope: 'orders invoices',
          accessTokenFormat: 'jwt',
          accessTokenTTL: lifetime,
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
  });
  provider.on('grant.success', () => (granted += 1));
  provider.on('grant.error', () => (refused += 1));
  const handle = provider.callback();
  server.on('request', (req, res) => void handle(req, res));
  const keys = createRemoteJWKSet(new URL(`${url}/jwks`));

  return {
    url,
    tokenEndpoint: `${url}/token`,
    grants: () => granted,
    refusals: () => refused,
    async verify(token, audience) {
      const { payload } = await jwtVerify(token, keys, { issuer: url, audience, typ: 'at+jwt' });
      return payload;
    },
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
