import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { snippet } from './docs.ts';
import { freePort } from './free-port.ts';
import { needing } from './needs.ts';
import { pythonProgram, startPythonServer } from './python.ts';
import { run, type Outcome } from './run.ts';
import { startTcpRelay } from './tcp-relay.ts';

/** `describe` and `test` for tests that need Conan and conan-server. */
export const needsConan = needing(
  existsSync(pythonProgram('conan')) ? undefined : 'conan not installed: .ci/python-clients',
);

export interface ConanServer {
  readonly url: string;
  /** The required Basic credential of its login. */
  readonly authorization: string;
  /** `upstream` of a service, as YAML flow. */
  readonly upstream: string;
  /** All received bytes. */
  received(): string;
  close(): Promise<void>;
}

/** The command of conan-server listens on all addresses. */
const SERVE = `
import sys
from conans.server.launcher import ServerLauncher
ServerLauncher(server_dir=sys.argv[1]).server.run(host='127.0.0.1')
`;

/** conan-server with an empty store, which only the user `gatehouse` can read and write. */
export async function startConanServer(): Promise<ConanServer> {
  const [username, password] = ['gatehouse', 'canary-conan-upstream'];
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-conan-server-'));
  const port = await freePort();
  writeFileSync(
    join(folder, 'server.conf'),
    `[server]
jwt_secret: canary-conan-jwt-secret-0123456789
jwt_expire_minutes: 120
ssl_enabled: False
port: ${port}
public_port:
host_name: localhost
authorize_timeout: 1800
disk_storage_path: ./data
disk_authorize_timeout: 1800
updown_secret: canary-conan-updown-secret-0123456789
[write_permissions]
*/*@*/*: ${username}
[read_permissions]
*/*@*/*: ${username}
[users]
${username}: ${password}
`,
  );
  const server = await startPythonServer('python', ['-c', SERVE, folder], folder, {
    url: `http://127.0.0.1:${port}/v1/ping`,
  });
  const relay = await startTcpRelay(port);
  const url = `http://127.0.0.1:${relay.port}`;
  return {
    url,
    authorization: `Basic ${btoa(`${username}:${password}`)}`,
    upstream: `{ url: "${url}/", auth: { conanToken: { url: "${url}/v2/users/authenticate", username: ${username}, password: ${password} } } }`,
    received: relay.sent,
    async close() {
      await server.close();
      await relay.close();
    },
  };
}

export interface ConanLogin {
  readonly username: string;
  readonly secret: string;
}

/** Conan with a separate home, and the documented remote `acme`. */
export interface Conan {
  run(login: ConanLogin | undefined, ...args: readonly string[]): Promise<Outcome>;
  /** Creates a package without settings in the local cache. */
  create(name: string, version: string, user?: string, channel?: string): Promise<Outcome>;
  /** The token that Conan stored at its last login. */
  storedToken(): string | undefined;
  /** Replaces the stored token. */
  storeToken(token: string): void;
}

export async function createConan(home: string, gateway: string): Promise<Conan> {
  writeConanHome(home);
  const database = join(home, '.conan.db');

  function runConan(login: ConanLogin | undefined, ...args: readonly string[]): Promise<Outcome> {
    return run(pythonProgram('conan'), args, { cwd: home, env: environment(login) });
  }

  function environment(login: ConanLogin | undefined): NodeJS.ProcessEnv {
    const env = { PATH: process.env['PATH'], HOME: home, CONAN_HOME: home, LANG: 'C.UTF-8' };
    if (login === undefined) return env;
    const [, username = '', password = ''] =
      /^export (\w+)=gitlab-ci-token (\w+)=/.exec(
        snippet('docs/guides/conan.md', 'Install packages', 'environment'),
      ) ?? [];
    return { ...env, [username]: login.username, [password]: login.secret };
  }

  const [, ...added] = snippet('docs/guides/conan.md', 'Install packages', 'remote')
    .replace('https://gateway.example.com', gateway)
    .trim()
    .split(' ');
  const outcome = await runConan(undefined, ...added);
  if (outcome.code !== 0) throw new Error(outcome.stderr);

  return {
    run: runConan,
    create(name, version, user, channel) {
      const source = writeRecipe(home, name, version);
      const reference = [...(user ? ['--user', user] : []), ...(channel ? ['--channel', channel] : [])];
      return runConan(undefined, 'create', source, ...reference);
    },
    storedToken() {
      const tokens = new DatabaseSync(database);
      const row = tokens.prepare('select token from users_remotes').get();
      tokens.close();
      return row?.['token'] as string | undefined;
    },
    storeToken(token) {
      const tokens = new DatabaseSync(database);
      tokens.prepare('update users_remotes set token = ?').run(token);
      tokens.close();
    },
  };
}

/** The configuration of Conan, without a compiler. */
export function writeConanHome(home: string): void {
  mkdirSync(join(home, 'profiles'), { recursive: true });
  writeFileSync(join(home, 'profiles/default'), '[settings]\nos=Linux\narch=x86_64\n');
  writeFileSync(join(home, 'global.conf'), 'core:non_interactive = True\ncore.upload:retry = 0\n');
}

/** The recipe of a package with one file; returns its folder. */
export function writeRecipe(home: string, name: string, version: string): string {
  const folder = join(home, `source-${name}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'conanfile.py'),
    `from conan import ConanFile
from conan.tools.files import save
import os
class Recipe(ConanFile):
    name = "${name}"
    version = "${version}"
    def package(self):
        save(self, os.path.join(self.package_folder, "answer.txt"), "42")
`,
  );
  return folder;
}
