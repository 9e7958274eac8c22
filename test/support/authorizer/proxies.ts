import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { eventually } from '../eventually.ts';
import { freePort } from '../free-port.ts';
import { rawRequest } from '../raw-client.ts';
import { pythonProgram } from '../python.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { findTool } from '../tools.ts';

/** The upstreams of a proxy and the listeners of the gateway, as HOST:PORT. */
export interface ProxyBackends {
  readonly app: string;
  readonly registry: string;
  readonly authorizer: string;
  readonly gateway: string;
}

export interface ExternalProxy {
  readonly port: number;
  /** The messages of the proxy, for failures. */
  log(): string;
  close(): Promise<void>;
}

export interface ProxyKind {
  readonly name: string;
  /** Undefined if it is not installed. */
  readonly program: string | undefined;
  readonly install: string;
  /** Writes the files of the documentation page and returns the arguments of the program. */
  arrange(folder: string, blocks: (name: string) => string): readonly string[];
}

/** Starts the proxy with the configuration of its documentation page; only addresses and the host of the registry differ. */
export async function startExternalProxy(
  kind: ProxyKind,
  blocks: (name: string) => string,
  backends: ProxyBackends,
): Promise<ExternalProxy> {
  const folder = temporaryFolder(`external-${kind.name}`);
  const port = await freePort();
  const adapt = (text: string): string =>
    text
      .replaceAll('127.0.0.1:3000', backends.app)
      .replaceAll('127.0.0.1:5000', backends.registry)
      .replaceAll('127.0.0.1:8081', backends.authorizer)
      .replaceAll('127.0.0.1:8080', backends.gateway)
      .replaceAll(
        /(127\.0\.0\.1), port_value: (3000|5000|8081|8080)\b/g,
        (_text, host: string, name: string) => `${host}, port_value: ${PORT_OF[name]?.(backends) ?? ''}`,
      )
      .replaceAll(
        /\b(listen |bind \*:|http:\/\/:|:|port_value: )80\b/g,
        (_text, before: string) => `${before}${port}`,
      )
      .replaceAll('registry.example', '127.0.0.1');
  const args = kind.arrange(folder.path, (name) => adapt(blocks(name)));
  const child = spawn(kind.program ?? kind.name, args, {
    cwd: folder.path,
    env: {
      PATH: process.env['PATH'],
      HOME: folder.path,
      XDG_DATA_HOME: folder.path,
      XDG_CONFIG_HOME: folder.path,
    },
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (log += text));
  }
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await eventually(`${kind.name} to listen`, async () => {
    if (child.exitCode !== null) throw new Error(`${kind.name} ended:\n${log}${errorLog(folder.path)}`);
    // Traefik listens before it has read the routers, and responds with 404; behind a silent gateway it waits.
    const ready = 'GET / HTTP/1.1\r\nHost: app.example\r\nConnection: close\r\n\r\n';
    return (await isOpen(port)) && (await rawRequest(port, ready))[0]?.status !== 404;
  }).catch((error: unknown) => {
    child.kill('SIGKILL');
    throw error;
  });
  return {
    port,
    log: () => (log + errorLog(folder.path)).slice(-MAX_LOG),
    async close() {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
      await ended;
      clearTimeout(timer);
      folder.close();
    },
  };
}

/** Characters of the messages in a failure. */
const MAX_LOG = 1_500;

const PORT_OF: Readonly<Record<string, (backends: ProxyBackends) => string | undefined>> = {
  3000: ({ app }) => app.split(':')[1],
  5000: ({ registry }) => registry.split(':')[1],
  8081: ({ authorizer }) => authorizer.split(':')[1],
  8080: ({ gateway }) => gateway.split(':')[1],
};

function errorLog(folder: string): string {
  const file = join(folder, 'error.log');
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function fromPython(program: 'caddy' | 'envoy' | 'traefik'): string | undefined {
  const named = process.env[`GATEHOUSE_${program.toUpperCase()}`];
  if (named !== undefined) return named;
  const file = pythonProgram(program);
  return existsSync(file) ? file : undefined;
}

const PYTHON = '.ci/python-clients';

export const NGINX: ProxyKind = {
  name: 'nginx',
  program: findTool('nginx'),
  install: 'apt-get install nginx-light',
  arrange(folder, blocks) {
    writeFileSync(join(folder, 'gatehouse.conf'), blocks('gatehouse.conf'));
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
    for (const kind of temporary) mkdirSync(join(folder, kind));
    writeFileSync(
      join(folder, 'nginx.conf'),
      `daemon off;
master_process off;
pid ${folder}/nginx.pid;
events { worker_connections 128; }
http {
  access_log off;
  ${temporary.map((kind) => `${kind}_temp_path ${folder}/${kind};`).join('\n  ')}
  include ${folder}/gatehouse.conf;
}
`,
    );
    return ['-e', join(folder, 'error.log'), '-p', folder, '-c', join(folder, 'nginx.conf')];
  },
};

export const HAPROXY: ProxyKind = {
  name: 'haproxy',
  program: findTool('haproxy'),
  install: 'apt-get install haproxy',
  arrange(folder, blocks) {
    writeFileSync(join(folder, 'gatehouse.lua'), blocks('gatehouse.lua'));
    writeFileSync(join(folder, 'haproxy.cfg'), blocks('haproxy.cfg'));
    return ['-db', '-f', join(folder, 'haproxy.cfg')];
  },
};

export const CADDY: ProxyKind = {
  name: 'caddy',
  program: fromPython('caddy'),
  install: PYTHON,
  arrange(folder, blocks) {
    writeFileSync(join(folder, 'Caddyfile'), blocks('Caddyfile'));
    return ['run', '--config', join(folder, 'Caddyfile'), '--adapter', 'caddyfile'];
  },
};

export const TRAEFIK: ProxyKind = {
  name: 'traefik',
  program: fromPython('traefik'),
  install: PYTHON,
  arrange(folder, blocks) {
    writeFileSync(join(folder, 'traefik.yaml'), blocks('traefik.yaml'));
    writeFileSync(join(folder, 'gatehouse.yaml'), blocks('dynamic.yaml'));
    return [`--configFile=${join(folder, 'traefik.yaml')}`];
  },
};

export const ENVOY: ProxyKind = {
  name: 'envoy',
  program: fromPython('envoy'),
  install: PYTHON,
  arrange(folder, blocks) {
    writeFileSync(join(folder, 'envoy.yaml'), blocks('envoy.yaml'));
    return [
      '-c',
      join(folder, 'envoy.yaml'),
      '--use-dynamic-base-id',
      '--concurrency',
      '1',
      '--log-level',
      'error',
    ];
  },
};
