import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { run } from './run.ts';

export interface GitCall {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
}

export interface TestGitServer {
  readonly url: string;
  /** The required Basic credential. */
  readonly username: string;
  readonly password: string;
  /** The received requests, in order. */
  readonly calls: readonly GitCall[];
  /** The received request heads as text, to search for client secrets. */
  seen(): string;
  /** Creates a bare repository and returns its folder. */
  repository(path: string): Promise<string>;
  close(): Promise<void>;
}

export interface GitServerOptions {
  /** Handles requests other than Git's: the Git LFS server. */
  readonly lfs?: RequestListener;
  /** Whether the server accepts this Authorization header for this path. Default: one Basic credential. */
  readonly authorize?: (authorization: string | undefined, path: string) => boolean;
  /** Handles requests below `/api/`, without authentication. */
  readonly api?: RequestListener;
}

/** `git http-backend` behind a CGI server that requires Basic authentication. */
export async function startGitServer(options: GitServerOptions = {}): Promise<TestGitServer> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-git-'));
  const [username, password] = ['gatehouse', 'canary-git-upstream'];
  const expected = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  const authorize = options.authorize ?? ((authorization) => authorization === expected);
  const calls: GitCall[] = [];
  const server = createServer((req, res) => {
    const { method = '', url = '', headers } = req;
    calls.push({ method, url, headers });
    if (url.startsWith('/api/') && options.api !== undefined) options.api(req, res);
    else if (!authorize(headers.authorization, url)) {
      res.writeHead(401, { 'WWW-Authenticate': 'Basic realm="the git server itself"' }).end('who?');
    } else if (/\/(?:info\/lfs|gitlab-lfs)\//.test(url) && options.lfs !== undefined) options.lfs(req, res);
    else serveGit(folder, username, req, res);
  });
  // No request timeout: a push may be hundreds of megabytes.
  server.requestTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    username,
    password,
    calls,
    seen: () => JSON.stringify(calls),
    async repository(path) {
      const place = join(folder, `${path}.git`);
      mkdirSync(dirname(place), { recursive: true });
      const made = await run('git', ['init', '--quiet', '--bare', '--initial-branch=main', place]);
      if (made.code !== 0) throw new Error(made.stderr);
      return place;
    },
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The part of CGI (RFC 3875) that `git http-backend` uses. */
function serveGit(folder: string, user: string, req: IncomingMessage, res: ServerResponse): void {
  const { pathname, search } = new URL(req.url ?? '/', 'http://localhost');
  const { headers } = req;
  const child = spawn('git', ['http-backend'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: {
      PATH: process.env['PATH'],
      GIT_PROJECT_ROOT: folder,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: decodeURIComponent(pathname),
      QUERY_STRING: search.slice(1),
      REQUEST_METHOD: req.method ?? 'GET',
      CONTENT_TYPE: headers['content-type'] ?? '',
      CONTENT_LENGTH: headers['content-length'] ?? '',
      HTTP_CONTENT_ENCODING: headers['content-encoding'] ?? '',
      GIT_PROTOCOL: String(headers['git-protocol'] ?? ''),
      REMOTE_USER: user,
      REMOTE_ADDR: '127.0.0.1',
    },
  });
  // The process may respond and exit before it has read the whole body.
  child.stdin.on('error', () => undefined);
  req.pipe(child.stdin);
  let head = Buffer.alloc(0);
  let begun = false;
  child.stdout.on('data', (chunk: Buffer) => {
    if (begun) return void res.write(chunk);
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf('\r\n\r\n');
    if (end === -1) return;
    begun = true;
    const lines = head.toString('latin1', 0, end).split('\r\n');
    const fields = lines.map((line) => [
      line.slice(0, line.indexOf(':')),
      line.slice(line.indexOf(':') + 1).trim(),
    ]);
    const status = Number(fields.find(([name]) => name === 'Status')?.[1]?.slice(0, 3) ?? 200);
    res.writeHead(
      status,
      Object.fromEntries(fields.filter(([name]) => name !== 'Status')) as Record<string, string>,
    );
    res.write(head.subarray(end + 4));
  });
  child.on('close', () => res.end());
}
