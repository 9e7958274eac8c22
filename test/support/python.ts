import { hash } from 'node:crypto';
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

/** `describe` and `test` for what runs pip, uv, twine, pypiserver or devpi. */
export const needsPython = needing(
  existsSync(join(ENVIRONMENT, 'installed.txt'))
    ? undefined
    : 'Python clients not installed: .ci/python-clients',
);

export type PythonProgram = 'devpi-init' | 'devpi-server' | 'pip' | 'pypi-server' | 'python' | 'twine' | 'uv';

/** Where the programs are. */
export function pythonProgram(program: PythonProgram): string {
  return join(ENVIRONMENT, 'bin', program);
}

/** One program with a home of its own, so that no configuration of this machine is seen. */
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

/** pypiserver with a store of its own, that lets nobody in without its password. */
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

/** devpi with one index, whose pages are also JSON (PEP 691); `url` is that of the index. */
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

async function startIndex(
  program: PythonProgram,
  args: readonly string[],
  folder: string,
  url: string,
  user: { readonly username: string; readonly password: string },
): Promise<PythonIndex> {
  const child = spawn(pythonProgram(program), args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: folder,
    env: { PATH: process.env['PATH'], HOME: folder },
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
    ...user,
    log: () => log,
    async close() {
      child.kill();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
