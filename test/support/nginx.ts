import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import { findTool } from './tools.ts';

export interface Nginx {
  readonly url: string;
  /** What reached it, one object per request, from its access log: `uri`, `method`, and the headers that `startNginx` names. */
  accesses(count: number): Promise<readonly Readonly<Record<string, string>>[]>;
  /** Everything it wrote while it worked; with Debian's build that is each line of each request's head. */
  everything(): string;
  close(): Promise<void>;
}

/**
 * Debian's nginx as an upstream that logs requests with the named headers. `location` returns the location block for a
 * new folder; by default it responds with 200.
 */
export async function startNginx(
  headers: readonly string[],
  location: (folder: string) => string = () => ANSWER,
): Promise<Nginx> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-nginx-'));
  const port = await freePort();
  const config = join(folder, 'nginx.conf');
  writeFileSync(config, configuration(folder, port, headers, location(folder)));
  const child = spawn(findTool('nginx') ?? 'nginx', [
    '-e',
    join(folder, 'debug.log'),
    '-p',
    folder,
    '-c',
    config,
  ]);
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const url = `http://127.0.0.1:${port}`;
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
  await eventually('nginx answers', () =>
    fetch(`${url}/started`).then(
      () => true,
      () => undefined,
    ),
  );

  return {
    url,
    accesses: (count) =>
      eventually(`${count} lines in nginx's access log`, () => {
        const lines = read('access.log').split('\n').filter(Boolean);
        // The first is the question above.
        return (
          lines.length > count && lines.slice(1).map((line) => JSON.parse(line) as Record<string, string>)
        );
      }),
    everything: () => read('access.log') + read('debug.log'),
    async close() {
      child.kill('SIGTERM');
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const ANSWER = `default_type application/json; return 200 '{"seen":"$request_uri","as":"$http_x_auth_identity"}\\n';`;

function configuration(folder: string, port: number, headers: readonly string[], location: string): string {
  const fields = headers.map((name) => `"${name}":"$http_${name.replaceAll('-', '_')}"`);
  return `daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log ${folder}/debug.log debug;
events { worker_connections 64; }
http {
  log_format received escape=json '{"method":"$request_method","uri":"$request_uri",${fields.join(',')}}';
  access_log ${folder}/access.log received;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${folder}/${kind};`).join('\n  ')}
  server {
    listen 127.0.0.1:${port};
    location / { ${location} }
  }
}
`;
}
