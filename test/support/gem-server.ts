import { hash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { basename, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { startHttpUpstream } from './http-upstream.ts';
import { succeed } from './run.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { findTool } from './tools.ts';

export interface GemServer {
  readonly url: string;
  readonly username: string;
  readonly password: string;
  /** Value of the only `Authorization` header that it accepts. */
  readonly authorization: string;
  /** Every request that reached it: method, target, headers. */
  readonly requests: readonly { readonly line: string; readonly headers: IncomingMessage['headers'] }[];
  /** Bodies of changes by their request line. */
  readonly changes: readonly { readonly line: string; readonly body: Buffer }[];
  /** Adds gems, and creates the index files. */
  add(files: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/**
 * A server with the compact index and the routes for push, yank and owners ("Compact Index API", "RubyGems.org API");
 * the permitted registries offer no server. `gem generate_index` creates the other index files.
 */
export async function startGemServer(): Promise<GemServer> {
  const [username, password] = ['gatehouse', 'canary-gems-upstream'];
  const authorization = `Basic ${btoa(`${username}:${password}`)}`;
  const requests: { line: string; headers: IncomingMessage['headers'] }[] = [];
  const changes: { line: string; body: Buffer }[] = [];
  /** File names in the order of their publication: `versions` only grows. */
  const published: string[] = [];
  const folder = temporaryFolder('gems');
  mkdirSync(join(folder.path, 'gems'));

  const upstream = await startHttpUpstream((req, res) => {
    const line = `${req.method} ${req.url}`;
    requests.push({ line, headers: req.headers });
    if (req.headers.authorization !== authorization)
      return void res.writeHead(401, { 'WWW-Authenticate': 'Basic realm="gems"' }).end();
    if (req.method === 'GET' || req.method === 'HEAD') return serve(req, res);
    void buffer(req).then(
      (body) => {
        changes.push({ line, body });
        res.writeHead(200, { 'Content-Type': 'text/plain' }).end('Accepted by the gem server.');
      },
      () => res.destroy(),
    );
  });

  function serve(req: IncomingMessage, res: ServerResponse): void {
    const { pathname } = new URL(req.url ?? '', upstream.url);
    if (pathname.endsWith('/owners.yaml')) return void res.end('---\n- email: acme@example.com\n');
    const file = join(folder.path, pathname);
    if (pathname === '/') return void res.end();
    if (!existsSync(file)) return void res.writeHead(404).end();
    sendFile(readFileSync(file), req, res);
  }

  return {
    url: upstream.url,
    username,
    password,
    authorization,
    requests,
    changes,
    async add(files) {
      for (const file of files) cpSync(file, join(folder.path, 'gems', basename(file)));
      published.push(...files.map((file) => basename(file)));
      await succeed(findTool('gem') ?? 'gem', ['generate_index', '--directory', folder.path]);
      writeCompactIndex(folder.path, published);
    },
    async close() {
      await upstream.close();
      folder.close();
    },
  };
}

/** Entity tags, and ranges of RFC 9110 §14. */
function sendFile(bytes: Buffer, { headers }: IncomingMessage, res: ServerResponse): void {
  const etag = `"${hash('md5', bytes)}"`;
  const common = {
    ETag: etag,
    'Repr-Digest': `sha-256=:${hash('sha256', bytes, 'base64')}:`,
    'Accept-Ranges': 'bytes',
  };
  const [, from] = /^bytes=(\d+)-$/.exec(headers.range ?? '') ?? [];
  if (headers['if-none-match'] === etag) return void res.writeHead(304, common).end();
  if (from === undefined)
    return void res.writeHead(200, { ...common, 'Content-Length': bytes.length }).end(bytes);
  const start = Number(from);
  if (start >= bytes.length)
    return void res.writeHead(416, { ...common, 'Content-Range': `bytes */${bytes.length}` }).end();
  const range = `bytes ${start}-${bytes.length - 1}/${bytes.length}`;
  res.writeHead(206, { ...common, 'Content-Range': range, 'Content-Length': bytes.length - start });
  res.end(bytes.subarray(start));
}

/** `versions`, `names` and `info/NAME`, for gems without dependencies and versions that differ in their number only. */
function writeCompactIndex(folder: string, published: readonly string[]): void {
  const versions = new Map<string, string[]>();
  for (const file of published) {
    const [, name = '', version = ''] = /^(.+)-([\d.]+)\.gem$/.exec(file) ?? [];
    const checksum = hash('sha256', readFileSync(join(folder, 'gems', file)));
    versions.set(name, [...(versions.get(name) ?? []), `${version} |checksum:${checksum}\n`]);
  }
  mkdirSync(join(folder, 'info'), { recursive: true });
  const lines = [...versions].map(([name, entries]) => {
    const info = `---\n${entries.join('')}`;
    writeFileSync(join(folder, 'info', name), info);
    return `${name} ${entries.map((entry) => entry.split(' ', 1)[0]).join(',')} ${hash('md5', info)}\n`;
  });
  writeFileSync(join(folder, 'versions'), `created_at: 2026-01-01T00:00:00Z\n---\n${lines.join('')}`);
  writeFileSync(join(folder, 'names'), `---\n${[...versions.keys()].join('\n')}\n`);
}

/** A gem of `gem build`, version 1.0 by default, in this folder; returns its file. */
export async function buildGem(folder: string, name: string, version = '1.0'): Promise<string> {
  const place = join(folder, `${name}-${version}`);
  mkdirSync(join(place, 'lib'), { recursive: true });
  writeFileSync(join(place, `lib/${name}.rb`), `puts "${name} ${version}"\n`);
  writeFileSync(
    join(place, `${name}.gemspec`),
    `Gem::Specification.new do |s|
  s.name = "${name}"
  s.version = "${version}"
  s.summary = "test"
  s.authors = ["Acme"]
  s.files = ["lib/${name}.rb"]
end
`,
  );
  await succeed(findTool('gem') ?? 'gem', ['build', '-C', place, `${name}.gemspec`]);
  return join(place, `${name}-${version}.gem`);
}
