import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findTool } from '../test/support/tools.ts';
import { TARGET, bearer } from './contestant.ts';
import type { Bed, Contestant } from './contestant.ts';
import { freePort, startServer } from './server-process.ts';
import type { ServerProcess } from './server-process.ts';

const REPLY = JSON.stringify({ orders: [], padding: 'x'.repeat(92) });

/** The baseline: a proxy without verification and logging. */
export const nginx: Contestant = {
  label: 'nginx, plain proxy',
  verifies: false,
  version: async () => (await promisify(execFile)(program(), ['-v'])).stderr.trim(),
  start: ({ folder, core, upstream, credentials }) =>
    startNginx(join(folder, 'nginx'), core, bearer(credentials.token), (port) => [
      `upstream backend { server ${new URL(upstream).host}; keepalive 64; keepalive_requests 1000000000; }`,
      `server { listen 127.0.0.1:${port};`,
      '  location / { proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection ""; }',
      '}',
    ]),
};

/** The upstream of all contestants: responses of 120 bytes, keep-alive connections. */
export function startUpstream(bed: Pick<Bed, 'folder' | 'core'>): Promise<ServerProcess> {
  return startNginx(join(bed.folder, 'upstream'), bed.core, {}, (port) => [
    `server { listen 127.0.0.1:${port};`,
    `  location / { default_type application/json; return 200 '${REPLY}'; }`,
    '}',
  ]);
}

async function startNginx(
  folder: string,
  core: number,
  probe: RequestInit,
  servers: (port: number) => readonly string[],
): Promise<ServerProcess> {
  const port = await freePort();
  await mkdir(folder);
  const config = join(folder, 'nginx.conf');
  await writeFile(
    config,
    [
      'daemon off;',
      'worker_processes 1;',
      `pid ${folder}/pid;`,
      'error_log stderr warn;',
      'events { worker_connections 1024; }',
      'http {',
      'access_log off;',
      'keepalive_requests 1000000000;',
      ...['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
        (kind) => `${kind}_temp_path ${folder}/${kind};`,
      ),
      ...servers(port),
      '}',
      '',
    ].join('\n'),
  );
  return startServer({
    name: 'nginx',
    file: program(),
    args: ['-e', 'stderr', '-p', folder, '-c', config],
    core,
    cwd: folder,
    url: `http://127.0.0.1:${port}${TARGET}`,
    probe,
  });
}

function program(): string {
  return findTool('nginx') ?? 'nginx';
}
