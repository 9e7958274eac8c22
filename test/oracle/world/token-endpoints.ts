import { bodyOf, sendJson, startHttpServer, type HttpServer } from './servers.ts';

export interface TokenEndpoints extends HttpServer {
  /** Requests since the last call, one line each. */
  take(): string[];
}

/** Token endpoints of other servers: OAuth 2 client credentials, a registry's token service, and endpoints that fail. */
export async function startTokenEndpoints(): Promise<TokenEndpoints> {
  const requests: string[] = [];
  const server = await startHttpServer((req, res) => {
    void bodyOf(req).then((body) => {
      const { pathname } = new URL(req.url ?? '/', 'http://localhost');
      requests.push(`${req.method} ${req.url} ${req.headers.authorization ?? '-'} ${body}`);
      switch (pathname) {
        case '/oauth2':
        case '/oauth2-form':
          return sendJson(res, 200, {
            access_token: 'upstream-oauth2-token',
            token_type: 'Bearer',
            expires_in: 3600,
          });
        case '/registry':
          return sendJson(res, 200, { token: 'upstream-registry-token', expires_in: 3600 });
        case '/refuses':
          return sendJson(res, 401, { error: 'invalid_client' });
        case '/garbage':
          return res.writeHead(200).end('<html>');
        default:
          return sendJson(res, 500, {});
      }
    });
  });
  return { ...server, take: () => requests.splice(0) };
}
