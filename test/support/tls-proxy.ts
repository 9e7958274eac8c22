import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.ts';
import { findTool } from './tools.ts';

export interface TlsProxyOptions {
  /** Listen port on 127.0.0.1. */
  readonly port: number;
  /** Port of the gateway's listener without TLS. */
  readonly to: number;
  readonly cert: string;
  readonly key: string;
  /** The proxy sends X-Forwarded-For and X-Forwarded-Proto. */
  readonly forwards: boolean;
}

export const TLS_PROXIES = ['nginx', 'haproxy'] as const;

/** A proxy that terminates TLS in front of the gateway, as Debian packages it. */
export async function startTlsProxy(
  kind: (typeof TLS_PROXIES)[number],
  options: TlsProxyOptions,
): Promise<{ close(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-tls-proxy-'));
  const config = join(folder, 'proxy.conf');
  writeFileSync(join(folder, 'proxy.crt'), options.cert);
  writeFileSync(join(folder, 'proxy.crt.key'), options.key);
  writeFileSync(config, CONFIGURATIONS[kind](folder, options));
  const args = {
    nginx: ['-e', join(folder, 'error.log'), '-p', folder, '-c', config],
    haproxy: ['-db', '-f', config],
  };
  const child = spawn(findTool(kind) ?? kind, args[kind], { stdio: 'ignore' });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  await eventually(`${kind} to listen`, () => isOpen(options.port));
  return {
    async close() {
      child.kill('SIGTERM');
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const CONFIGURATIONS = {
  nginx: (folder: string, { port, to, forwards }: TlsProxyOptions): string => `daemon off;
master_process off;
pid ${folder}/nginx.pid;
events { worker_connections 64; }
http {
  access_log off;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`).join('\n  ')}
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate ${folder}/proxy.crt;
    ssl_certificate_key ${folder}/proxy.crt.key;
    client_max_body_size 0;
    large_client_header_buffers 4 32k;
    location / {
      proxy_pass http://127.0.0.1:${to};
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      ${forwards ? 'proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Proto $scheme;' : ''}
    }
  }
}
`,
  haproxy: (folder: string, { port, to, forwards }: TlsProxyOptions): string => `global
  log /dev/null local0
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend tls
  bind 127.0.0.1:${port} ssl crt ${folder}/proxy.crt
  default_backend gateway
backend gateway
  ${forwards ? 'option forwardfor\n  http-request set-header X-Forwarded-Proto https' : ''}
  server gateway 127.0.0.1:${to}
`,
};

function isOpen(port: number): Promise<true | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(undefined));
  });
}
