import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider from 'oidc-provider';

export interface OpenIdProvider {
  readonly url: string;
  /** A token for this audience with these claims, requested over HTTP from the token endpoint. */
  token(audience: string, claims: Readonly<Record<string, unknown>>): Promise<string>;
  close(): Promise<void>;
}

const CLIENT = { id: 'ci', secret: 'canary-client-secret' };

/** A third-party OpenID provider, so that its documents and tokens do not depend on this project's reading of the RFCs. */
export async function startOpenIdProvider(): Promise<OpenIdProvider> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  let extra: Readonly<Record<string, unknown>> = {};

  const provider = new Provider(url, {
    clients: [
      {
        client_id: CLIENT.id,
        client_secret: CLIENT.secret,
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
      },
    ],
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: 'op-1' }] },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_context, audience) => ({
          audience,
          scope: '',
          accessTokenFormat: 'jwt',
          accessTokenTTL: 300,
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
    ttl: { ClientCredentials: 300 },
    formats: {
      customizers: {
        jwt(_context, _token, jwt) {
          Object.assign(jwt.payload, extra);
        },
      },
    },
  });
  const handle = provider.callback();
  server.on('request', (req, res) => void handle(req, res));

  return {
    url,
    async token(audience, claims) {
      extra = claims;
      const response = await fetch(`${url}/token`, {
        method: 'POST',
        headers: {
          Authorization: `Basic ${Buffer.from(`${CLIENT.id}:${CLIENT.secret}`).toString('base64')}`,
        },
        body: new URLSearchParams({ grant_type: 'client_credentials', resource: audience }),
      });
      const body = (await response.json()) as { access_token?: string };
      if (body.access_token === undefined) throw new Error(`token endpoint: ${JSON.stringify(body)}`);
      return body.access_token;
    },
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
