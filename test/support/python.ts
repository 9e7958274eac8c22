import { createHmac, hash } from 'node:crypto';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import { needing } from './needs.ts';
import { ROOT } from './repository.ts';
import { run, type Outcome } from './run.ts';

const ENVIRONMENT = join(ROOT, 'node_modules/.cache/gatehouse/python');

/** `describe` and `test` for what runs pip, uv, twine, pypiserver, devpi or giftless. */
export const needsPython = needing(
  existsSync(join(ENVIRONMENT, 'installed.txt'))
    ? undefined
    : 'Python clients not installed: .ci/python-clients',
);

export type PythonProgram =
  | 'bao'
  | 'caddy'
  | 'conan'
  | 'envoy'
  | 'traefik'
  | 'devpi-init'
  | 'devpi-server'
  | 'moto_server'
  | 'pip'
  | 'pypi-server'
  | 'python'
  | 'twine'
  | 'uv';

/** Where the programs are. */
export function pythonProgram(program: PythonProgram): string {
  return join(ENVIRONMENT, 'bin', program);
}

/** A program with a separate home, isolated from the configuration of this machine. */
export function python(
  program: PythonProgram,
  args: readonly string[],
  options: { readonly home: string; readonly env?: NodeJS.ProcessEnv },
): Promise<Outcome> {
  const env = { PATH: process.env['PATH'], HOME: options.home, TERM: 'dumb', COLUMNS: '400', ...options.env };
  return run(pythonProgram(program), args, { cwd: options.home, env });
}

/** Builds a wheel and a source distribution into `home`/dist; the paths of both. */
export async function buildDistribution(
  home: string,
  name: string,
  version: string,
): Promise<readonly string[]> {
  const folder = join(home, `source-${name}`);
  const module = name.replaceAll('-', '_');
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'pyproject.toml'),
    `[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
[project]
name = "${name}"
version = "${version}"
[tool.setuptools]
py-modules = ["${module}"]
`,
  );
  writeFileSync(join(folder, `${module}.py`), 'answer = 42\n');
  const dist = join(home, 'dist');
  const built = await python('python', ['-m', 'build', '--no-isolation', '--outdir', dist, folder], { home });
  if (built.code !== 0) throw new Error(built.stdout + built.stderr);
  return [`${module}-${version}-py3-none-any.whl`, `${module}-${version}.tar.gz`].map((file) =>
    join(dist, file),
  );
}

export interface PythonIndex {
  readonly url: string;
  readonly username: string;
  readonly password: string;
  /** What it has logged: every request that reached it, with its headers. */
  log(): string;
  close(): Promise<void>;
}

/** pypiserver with an empty store, which requires Basic authentication. */
export async function startPypiserver(): Promise<PythonIndex> {
  const [username, password] = ['gatehouse', 'canary-pypi-upstream'];
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-pypiserver-'));
  const packages = join(folder, 'packages');
  mkdirSync(packages);
  const digest = Buffer.from(hash('sha1', password), 'hex').toString('base64');
  writeFileSync(join(folder, 'htpasswd'), `${username}:{SHA}${digest}\n`);
  const port = String(await freePort());
  const rights = ['-P', join(folder, 'htpasswd'), '-a', 'update,download,list'];
  // `%s`: the whole of each request's head.
  const logs = ['-vvv', '--log-req-frmt', '%s'];
  const args = ['run', '-i', '127.0.0.1', '-p', port, '--disable-fallback', ...logs, ...rights, packages];
  return startIndex('pypi-server', args, folder, `http://127.0.0.1:${port}`, { username, password });
}

/** devpi with one index, which also serves JSON pages (PEP 691); `url` is the URL of the index. */
export async function startDevpi(): Promise<PythonIndex> {
  const [username, password] = ['gatehouse', 'canary-devpi-upstream'];
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-devpi-'));
  const store = join(folder, 'server');
  const made = await python('devpi-init', ['--serverdir', store, '--no-root-pypi'], { home: folder });
  if (made.code !== 0) throw new Error(made.stdout + made.stderr);
  const port = String(await freePort());
  const origin = `http://127.0.0.1:${port}`;
  // What it derives from its secret otherwise takes seconds, and much memory.
  const cheap = ['--argon2-memory-cost', '8', '--argon2-time-cost', '1', '--argon2-parallelism', '1'];
  const args = ['--serverdir', store, '--host', '127.0.0.1', '--port', port, '--debug', ...cheap];
  const index = await startIndex('devpi-server', args, folder, origin, { username, password });
  const ask = async (method: string, path: string, body: object, headers = {}): Promise<unknown> => {
    const answer = await fetch(origin + path, {
      method,
      headers: { 'Content-Type': 'application/json', Accept: 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`devpi: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  await ask('PUT', `/${username}`, { password });
  const credential = Buffer.from(`${username}:${password}`).toString('base64');
  await ask('PUT', `/${username}/dev`, { bases: [] }, { Authorization: `Basic ${credential}` });
  return { ...index, url: `${origin}/${username}/dev` };
}

export interface LfsServer {
  readonly url: string;
  /** The required Basic credential. */
  readonly token: string;
  close(): Promise<void>;
}

/** giftless, a Git LFS server, with an empty store. It issues a separate token for each object. */
export async function startGiftless(): Promise<LfsServer> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-giftless-'));
  const [key, objectKey] = [
    'canary-of-whoever-may-ask-giftless-xxx',
    'canary-of-giftless-for-one-object-xxxx',
  ];
  const config = {
    LEGACY_ENDPOINTS: false,
    AUTH_PROVIDERS: [
      { factory: 'giftless.auth.jwt:factory', options: { algorithm: 'HS256', private_key: key } },
    ],
    PRE_AUTHORIZED_ACTION_PROVIDER: { options: { private_key: objectKey } },
    TRANSFER_ADAPTERS: { basic: { options: { storage_options: { path: join(folder, 'objects') } } } },
  };
  // YAML takes JSON.
  writeFileSync(join(folder, 'giftless.yaml'), JSON.stringify(config));
  const port = String(await freePort());
  const args = ['-m', 'flask', '--app', 'giftless.wsgi_entrypoint', 'run', '--port', port];
  const url = `http://127.0.0.1:${port}`;
  const env = { GIFTLESS_CONFIG_FILE: join(folder, 'giftless.yaml') };
  return { ...(await startPythonServer('python', args, folder, { url, env })), token: signedWith(key) };
}

/** For all objects of acme; in the form that giftless reads (giftless/auth/jwt.py). */
function signedWith(key: string): string {
  const parts = [
    { alg: 'HS256', typ: 'JWT' },
    { sub: 'gatehouse', exp: Math.floor(Date.now() / 1000) + 3600, scopes: ['obj:acme/*'] },
  ].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'));
  const signature = createHmac('sha256', key).update(parts.join('.')).digest('base64url');
  return [...parts, signature].join('.');
}

async function startIndex(
  program: PythonProgram,
  args: readonly string[],
  folder: string,
  url: string,
  user: { readonly username: string; readonly password: string },
): Promise<PythonIndex> {
  return { ...(await startPythonServer(program, args, folder, { url })), ...user };
}

/** A server that responds at `url` once it has started; `close` stops it and removes its folder. */
export async function startPythonServer(
  program: PythonProgram,
  args: readonly string[],
  folder: string,
  { url, env }: { readonly url: string; readonly env?: NodeJS.ProcessEnv },
): Promise<{ readonly url: string; log(): string; close(): Promise<void> }> {
  const child = spawn(pythonProgram(program), args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: folder,
    env: { PATH: process.env['PATH'], HOME: folder, ...env },
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (log += text));
  }
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await eventually(
    `${program} to answer`,
    () => {
      if (child.exitCode !== null) throw new Error(`${program} ended:\n${log}`);
      return fetch(url).catch(() => undefined);
    },
    60_000,
  );
  return {
    url,
    log: () => log,
    async close() {
      child.kill();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
