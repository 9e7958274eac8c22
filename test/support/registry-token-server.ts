import { createPrivateKey, sign, X509Certificate } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAuthority } from './certificates.ts';

export interface TokenServer {
  /** The realm. */
  readonly url: string;
  readonly service: string;
  readonly issuer: string;
  readonly certificate: string;
  /** Scopes of the requests so far, in their order. */
  readonly asked: string[][];
  /** Requests that it has refused. */
  refused: number;
  /** Seconds that its tokens live; read at each request. */
  lifetime: number;
  close(): Promise<void>;
}

/**
 * The token service of a registry (distribution, docs/spec/auth/token.md and jwt.md): Basic in, a signed token out that
 * grants whatever was asked for. A registry checks it by the certificate in its `x5c`.
 */
export async function startTokenServer(username: string, password: string): Promise<TokenServer> {
  const { cert, key } = createAuthority('token server').issue('DNS:tokens');
  const privateKey = createPrivateKey(key);
  const x5c = [new X509Certificate(cert).raw.toString('base64')];
  const issuer = 'token server';
  const service = 'upstream registry';
  const asked: string[][] = [];
  const expected = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;

  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? '', 'http://tokens');
    if (request.headers.authorization !== expected || searchParams.get('service') !== service) {
      tokens.refused += 1;
      response.writeHead(401).end();
      return;
    }
    const scopes = searchParams.getAll('scope').flatMap((scope) => scope.split(' '));
    asked.push(scopes);
    const now = Math.floor(Date.now() / 1000);
    const payload = {
      iss: issuer,
      sub: username,
      aud: service,
      exp: now + tokens.lifetime,
      nbf: now - 10,
      iat: now,
      jti: `t-${asked.length}`,
      access: scopes.map((scope) => {
        const [type = '', name = '', actions = ''] = scope.split(':');
        return { type, name, actions: actions.split(',') };
      }),
    };
    const token = signToken({ typ: 'JWT', alg: 'ES256', x5c }, payload);
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify({ token, expires_in: tokens.lifetime }));
  });

  function signToken(header: object, payload: object): string {
    const input = [header, payload]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.');
    const signature = sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' });
    return `${input}.${signature.toString('base64url')}`;
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const tokens: TokenServer = {
    url: `http://127.0.0.1:${port}/auth/token`,
    service,
    issuer,
    certificate: cert,
    asked,
    refused: 0,
    lifetime: 300,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return tokens;
}
