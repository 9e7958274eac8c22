import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { createSecureContext, TLSSocket } from 'node:tls';
import { createAuthority } from './certificates.ts';
import { startHttpUpstream } from './http-upstream.ts';

/**
 * Replaces the HTTP proxy and the public advisory database that Verdaccio queries: accepts CONNECT for any host and
 * returns one advisory for one package. No traffic leaves loopback.
 */
export async function startAdvisories(folder: string, name: string, title: string) {
  const authority = createAuthority('advisories');
  const caFile = join(folder, 'advisories.crt');
  writeFileSync(caFile, authority.certificate);
  const server = createServer();
  server.on('connect', (req, socket) => {
    const context = createSecureContext(authority.issue(`DNS:${(req.url ?? '').replace(/:\d+$/, '')}`));
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    const secure = new TLSSocket(socket, { isServer: true, secureContext: context });
    secure.on('error', () => undefined);
    server.emit('connection', secure);
  });
  const flaw = {
    id: 1,
    url: 'https://advisories.example.com/1',
    title,
    severity: 'high',
    vulnerable_versions: '<2.0.0',
    cwe: [],
    cvss: { score: 8 },
  };
  const answer = JSON.stringify({ [name]: [flaw] });
  const { url, close } = await startHttpUpstream((_req, res) => {
    res.writeHead(200, { 'Content-Type': 'application/json' }).end(answer);
  }, server);
  return { proxy: url, caFile, close };
}
