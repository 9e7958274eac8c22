import { execFile } from 'node:child_process';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../../test/support/free-port.ts';
import { findTool, missingTools } from '../../test/support/tools.ts';
import { startServer } from '../machine/server-process.ts';
import { AUDIENCE, ISSUER } from '../machine/token.ts';
import { TARGET, bearer, listenerUrl } from './contestant.ts';
import type { Contestant } from './contestant.ts';

/**
 * The closest common alternative: HAProxy's converters verify algorithm, issuer, audience, expiry and RS256 signature of
 * every request. HAProxy forwards the subject and removes the token.
 */
export const haproxy: Contestant = {
  label: 'HAProxy, jwt_verify RS256',
  verifies: true,
  missing: () => missingTools(['haproxy']),
  version: async () => (await promisify(execFile)(program(), ['-v'])).stdout.split('\n', 1)[0] ?? '',
  start: async ({ folder: parent, cores, upstream, credentials }, tls) => {
    const folder = await mkdtemp(join(parent, 'haproxy-'));
    const port = await freePort();
    const publicKey = join(folder, 'public.pem');
    await writeFile(publicKey, credentials.publicKeyPem);
    const bundle = join(folder, 'server.pem');
    if (tls !== undefined) {
      await writeFile(bundle, (await readFile(tls.certFile, 'utf8')) + (await readFile(tls.keyFile, 'utf8')));
    }
    const bind = `127.0.0.1:${port}${tls === undefined ? '' : ` ssl crt ${bundle}`}`;
    const config = join(folder, 'haproxy.cfg');
    await writeFile(config, configuration(bind, publicKey, new URL(upstream).host));
    const origin = listenerUrl(port, tls);
    return startServer({
      name: 'haproxy',
      file: program(),
      args: ['-db', '-f', config],
      core: cores.server,
      cwd: folder,
      origin,
      ready: { url: origin + TARGET, ...bearer(credentials.token) },
    });
  },
};

function configuration(bind: string, publicKey: string, upstream: string): string {
  return `global
  nbthread 1
  maxconn 6000
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  timeout http-keep-alive 300s
frontend api
  bind ${bind}
  http-request deny deny_status 401 unless { req.hdr(authorization) -m found }
  http-request set-var(txn.alg) http_auth_bearer,jwt_header_query('$.alg')
  http-request set-var(txn.iss) http_auth_bearer,jwt_payload_query('$.iss')
  http-request set-var(txn.aud) http_auth_bearer,jwt_payload_query('$.aud')
  http-request set-var(txn.sub) http_auth_bearer,jwt_payload_query('$.sub')
  http-request set-var(txn.exp) http_auth_bearer,jwt_payload_query('$.exp','int')
  http-request set-var(txn.now) date()
  http-request deny deny_status 401 unless { var(txn.alg) -m str RS256 }
  http-request deny deny_status 401 unless { var(txn.iss) -m str ${ISSUER} }
  http-request deny deny_status 401 unless { var(txn.aud) -m str ${AUDIENCE} }
  http-request deny deny_status 401 if { var(txn.exp),sub(txn.now) -m int lt 1 }
  http-request deny deny_status 401 unless { http_auth_bearer,jwt_verify(txn.alg,"${publicKey}") 1 }
  http-request del-header authorization
  http-request set-header X-Auth-Subject %[var(txn.sub)]
  default_backend upstream
backend upstream
  http-reuse always
  server upstream ${upstream}
`;
}

function program(): string {
  return findTool('haproxy') ?? 'haproxy';
}
