import { createServer, type ServerResponse } from 'node:http';
import { listenLocally } from './demo-server.ts';

/** Starts an npm registry with one version of one package. It accepts every publication, and stores none. */
export async function startNpmFeed(name: string, version: string): Promise<{ url: string; close(): void }> {
  let url = '';
  const tarball = Buffer.from(`the content of ${name}@${version}\n`);
  const tarballPath = `/${name}/-/${name.split('/').at(-1)}-${version}.tgz`;
  const server = createServer((req, res) => {
    req.resume();
    const path = decodeURIComponent(req.url ?? '');
    if (req.method === 'PUT') return sendJson(res, 201, { ok: true });
    if (path === tarballPath) return void res.writeHead(200).end(tarball);
    if (path !== `/${name}`) return sendJson(res, 404, { error: 'not found' });
    const dist = { tarball: url + tarballPath };
    return sendJson(res, 200, {
      name,
      'dist-tags': { latest: version },
      versions: { [version]: { name, version, dist } },
    });
  });
  url = await listenLocally(server);
  return { url, close: () => server.close() };
}

function sendJson(res: ServerResponse, status: number, body: object): void {
  res.writeHead(status, { 'Content-Type': 'application/json' });
  res.end(JSON.stringify(body));
}
