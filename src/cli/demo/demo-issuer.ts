import { generateKeyPairSync, sign } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { listenLocally } from './demo-server.ts';

export interface DemoIssuer {
  readonly url: string;
  /** Signs an ID token (RS256) in the form of GitLab's, valid for one hour. */
  mint(claims: Readonly<Record<string, unknown>>): string;
  close(): void;
}

/** Starts an issuer of GitLab-like ID tokens (discovery and keys over HTTP) with a new key. */
export async function startDemoIssuer(): Promise<DemoIssuer> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'demo', use: 'sig', alg: 'RS256' };
  let url = '';
  const server: Server = createServer((req, res) => {
    const documents: Readonly<Record<string, unknown>> = {
      '/.well-known/openid-configuration': { issuer: url, jwks_uri: `${url}/oauth/discovery/keys` },
      '/oauth/discovery/keys': { keys: [jwk] },
    };
    const document = documents[req.url ?? ''];
    res.writeHead(document === undefined ? 404 : 200, { 'Content-Type': 'application/json' });
    res.end(JSON.stringify(document ?? { error: 'not found' }));
  });
  url = await listenLocally(server);

  return {
    url,
    mint(claims) {
      const now = Math.floor(Date.now() / 1000);
      const payload = {
        iss: url,
        iat: now,
        nbf: now - 5,
        exp: now + 3600,
        jti: crypto.randomUUID(),
        ...claims,
      };
      const input = `${encode({ typ: 'JWT', alg: 'RS256', kid: 'demo' })}.${encode(payload)}`;
      return `${input}.${sign('sha256', Buffer.from(input), privateKey).toString('base64url')}`;
    },
    close: () => server.close(),
  };
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
