/** A proxy without authentication, by the shortest way through node:http and undici: PORT UPSTREAM [CERT KEY]. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { Pool } from 'undici';

const [port, upstream = '', certFile, keyFile] = process.argv.slice(2);
const pool = new Pool(upstream, { connections: 64, allowH2: false });
const PER_CONNECTION = new Set(['connection', 'keep-alive', 'transfer-encoding', 'expect', 'upgrade']);

function endToEnd(raw: readonly string[]): string[] {
  const kept: string[] = [];
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at] ?? '';
    if (!PER_CONNECTION.has(name.toLowerCase())) kept.push(name, raw[at + 1] ?? '');
  }
  return kept;
}

function forward(req: IncomingMessage, res: ServerResponse): void {
  const bodyless =
    req.headers['content-length'] === undefined && req.headers['transfer-encoding'] === undefined;
  const { method = 'GET', url: path = '/' } = req;
  pool.dispatch(
    { method, path, headers: endToEnd(req.rawHeaders), body: bodyless ? null : req },
    {
      onRequestStart() {
        return;
      },
      onResponseStart(_controller, status, headers) {
        for (const name of PER_CONNECTION) delete headers[name];
        res.writeHead(status, headers);
      },
      onResponseData(controller, chunk) {
        if (res.write(chunk)) return;
        controller.pause();
        res.once('drain', () => controller.resume());
      },
      onResponseEnd: () => void res.end(),
      onResponseError: () => void res.destroy(),
    },
  );
}

const server =
  certFile === undefined || keyFile === undefined
    ? createServer(forward)
    : createTlsServer({ cert: readFileSync(certFile), key: readFileSync(keyFile) }, forward);
server.keepAliveTimeout = 300_000;
server.requestTimeout = 0;
server.listen(Number(port), '127.0.0.1');
