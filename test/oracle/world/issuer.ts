import { sendJson, startHttpServer, type HttpServer } from './servers.ts';
import type { SigningKey } from './jwt.ts';

/** Discovery and key sets of several issuers, each below a path of its name. */
export function startIssuers(keys: Readonly<Record<string, SigningKey>>): Promise<HttpServer> {
  return startHttpServer((req, res) => {
    const [, name = '', rest = ''] = /^\/([^/]+)(\/.*)$/.exec(req.url ?? '') ?? [];
    const key = keys[name];
    const issuer = `http://${req.headers.host}/${name}`;
    if (key !== undefined && rest === '/.well-known/openid-configuration') {
      sendJson(res, 200, { issuer, jwks_uri: `${issuer}/keys` });
    } else if (key !== undefined && rest === '/keys') {
      sendJson(res, 200, { keys: [key.jwk] });
    } else {
      sendJson(res, 404, {});
    }
  });
}
