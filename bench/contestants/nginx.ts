import { execFile } from 'node:child_process';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../../test/support/free-port.ts';
import { findTool, missingTools } from '../../test/support/tools.ts';
import type { ProbeRequest } from '../machine/probe.ts';
import { startServer } from '../machine/server-process.ts';
import type { ServerProcess } from '../machine/server-process.ts';
import { TARGET, bearer, listenerUrl } from './contestant.ts';
import type { Bed, Contestant, TlsFiles } from './contestant.ts';

const REPLY = JSON.stringify({ orders: [], padding: 'x'.repeat(92) });

/** The floor: a proxy without verification and logging. */
export const nginx: Contestant = {
  label: 'nginx, plain proxy',
  verifies: false,
  missing: () => missingTools(['nginx']),
  version: async () => (await promisify(execFile)(program(), ['-v'])).stderr.trim(),
  start: ({ folder, cores, upstream, credentials }, tls) =>
    startNginx({ folder, core: cores.server, tls, ready: bearer(credentials.token) }, (listen) => [
      `upstream backend { server ${new URL(upstream).host}; keepalive 64; keepalive_requests 1000000000; }`,
      `server { ${listen}`,
      '  client_max_body_size 0; proxy_request_buffering off; proxy_max_temp_file_size 0;',
      '  location / { proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection ""; }',
      '}',
    ]),
};

/** The upstream of all contestants: responses of 120 bytes, keep-alive connections. */
export function startUpstream(bed: Pick<Bed, 'folder' | 'cores'>): Promise<ServerProcess> {
  const settings = { folder: bed.folder, core: bed.cores.load, tls: undefined, ready: {} };
  return startNginx(settings, (listen) => [
    `server { ${listen}`,
    `  location / { default_type application/json; return 200 '${REPLY}'; }`,
    '}',
  ]);
}

interface NginxSettings {
  readonly folder: string;
  readonly core: number;
  readonly tls: TlsFiles | undefined;
  readonly ready: ProbeRequest;
}

async function startNginx(
  { folder: parent, core, tls, ready }: NginxSettings,
  servers: (listen: string) => readonly string[],
): Promise<ServerProcess> {
  const port = await freePort();
  const folder = await mkdtemp(join(parent, 'nginx-'));
  const config = join(folder, 'nginx.conf');
  await writeFile(
    config,
    [
      'daemon off;',
      'worker_processes 1;',
      `pid ${folder}/pid;`,
      'error_log stderr warn;',
      'worker_rlimit_nofile 16384;',
      'events { worker_connections 12000; }',
      'http {',
      'access_log off;',
      'keepalive_requests 1000000000; keepalive_timeout 300s;',
      ...['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
        (kind) => `${kind}_temp_path ${folder}/${kind};`,
      ),
      ...servers(listenDirective(port, tls)),
      '}',
      '',
    ].join('\n'),
  );
  const origin = listenerUrl(port, tls);
  return startServer({
    name: 'nginx',
    file: program(),
    args: ['-e', 'stderr', '-p', folder, '-c', config],
    core,
    cwd: folder,
    origin,
    ready: { url: origin + TARGET, ...ready },
  });
}

function listenDirective(port: number, tls: TlsFiles | undefined): string {
  if (tls === undefined) return `listen 127.0.0.1:${port};`;
  return `listen 127.0.0.1:${port} ssl; ssl_certificate ${tls.certFile}; ssl_certificate_key ${tls.keyFile};`;
}

function program(): string {
  return findTool('nginx') ?? 'nginx';
}
