import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import { findTool } from './tools.ts';

export interface FileTree {
  readonly port: number;
  /** The served folder. */
  readonly folder: string;
  /** METHOD, path and status of each request, one per line. */
  log(): string;
  close(): Promise<void>;
}

/** Debian's nginx with a folder that GET reads and PUT and DELETE change. */
export async function startFileTree(): Promise<FileTree> {
  const base = mkdtempSync(join(tmpdir(), 'gatehouse-tree-'));
  const folder = join(base, 'tree');
  mkdirSync(folder);
  const port = await freePort();
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  writeFileSync(
    join(base, 'nginx.conf'),
    `daemon off;
master_process off;
pid ${base}/nginx.pid;
error_log ${base}/error.log;
events { worker_connections 64; }
http {
  log_format short '$request_method $request_uri $status';
  access_log ${base}/access.log short;
  ${temporary.map((kind) => `${kind}_temp_path ${base}/${kind};`).join('\n  ')}
  server {
    listen 127.0.0.1:${port};
    root ${folder};
    default_type text/plain;
    # Where a file was put stands in the answer, and would be this port, whatever the client called it by.
    absolute_redirect off;
    location / {
      dav_methods PUT DELETE;
      create_full_put_path on;
      client_max_body_size 0;
    }
  }
}
`,
  );
  const config = ['-e', join(base, 'error.log'), '-p', base, '-c', join(base, 'nginx.conf')];
  const child = spawn(findTool('nginx') ?? 'nginx', config);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  await eventually('nginx answers', () =>
    fetch(`http://127.0.0.1:${port}/`).then(
      () => true,
      () => undefined,
    ),
  );
  return {
    port,
    folder,
    log: () => readFileSync(join(base, 'access.log'), 'utf8'),
    async close() {
      child.kill('SIGTERM');
      await ended;
      rmSync(base, { recursive: true, force: true });
    },
  };
}
