import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import { findTool } from './tools.ts';

export interface ChartRepository {
  readonly url: string;
  /** The served folder, writable with PUT. */
  readonly folder: string;
  /** The request heads, line by line, from the nginx debug log. */
  log(): string;
  close(): Promise<void>;
}

/** Debian's nginx as a static chart repository that accepts files by PUT (WebDAV). */
export async function startChartRepository(): Promise<ChartRepository> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-charts-'));
  const served = join(folder, 'served');
  mkdirSync(join(served, 'charts'), { recursive: true });
  const port = await freePort();
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${folder}/${kind};`,
  );
  writeFileSync(
    join(folder, 'nginx.conf'),
    `daemon off;
master_process off;
user root;
pid ${folder}/nginx.pid;
error_log ${folder}/debug.log debug;
events { worker_connections 64; }
http {
  access_log off;
  ${temporary.join('\n  ')}
  types { text/yaml yaml; application/gzip tgz; }
  default_type application/octet-stream;
  server {
    listen 127.0.0.1:${port};
    location / { root ${served}; dav_methods PUT DELETE; create_full_put_path on; }
  }
}
`,
  );
  const child = spawn(
    findTool('nginx') ?? 'nginx',
    ['-e', join(folder, 'debug.log'), '-p', folder, '-c', join(folder, 'nginx.conf')],
    { stdio: 'ignore' },
  );
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const url = `http://127.0.0.1:${port}`;
  const log = (): string => readFileSync(join(folder, 'debug.log'), 'utf8');
  await eventually('nginx to answer', () => {
    if (child.exitCode !== null) throw new Error(`nginx ended:\n${log()}`);
    return fetch(url).catch(() => undefined);
  });
  return {
    url,
    folder: served,
    log,
    async close() {
      child.kill();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
