import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import { ROOT } from './repository.ts';

export interface TestVerdaccio {
  readonly url: string;
  /** User name and password that it knows. */
  readonly username: string;
  readonly password: string;
  /** What it has logged: every request that reached it. */
  log(): string;
  close(): Promise<void>;
}

export interface VerdaccioOptions {
  /** The HTTP proxy by which it reaches the database that `npm audit` asks, and whom to trust there. Default: no audit. */
  readonly advisories?: { readonly proxy: string; readonly caFile: string };
}

/** Verdaccio, a private npm registry, with an empty store and no uplink. */
export async function startVerdaccio({ advisories }: VerdaccioOptions = {}): Promise<TestVerdaccio> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-verdaccio-'));
  const host = `127.0.0.1:${await freePort()}`;
  const rights = { access: '$authenticated', publish: '$authenticated', unpublish: '$authenticated' };
  const config = {
    storage: join(folder, 'storage'),
    // bcrypt in JavaScript, for each request: 100 ms with the default of 10 rounds, and 2 ms with 4.
    auth: { htpasswd: { file: join(folder, 'htpasswd'), max_users: 10, rounds: 4 } },
    uplinks: {},
    packages: { '@*/*': rights, '**': rights },
    log: { type: 'stdout', format: 'json', level: 'http' },
    web: { enable: false },
    ...(advisories && { middlewares: { audit: { enabled: true } }, https_proxy: advisories.proxy }),
  };
  // YAML takes JSON.
  writeFileSync(join(folder, 'config.yaml'), JSON.stringify(config));
  const child = spawn(
    process.execPath,
    [
      join(ROOT, 'node_modules/verdaccio/bin/verdaccio'),
      '--config',
      join(folder, 'config.yaml'),
      '--listen',
      host,
    ],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: folder,
      env: {
        PATH: process.env['PATH'],
        HOME: folder,
        ...(advisories && { NODE_EXTRA_CA_CERTS: advisories.caFile }),
      },
    },
  );
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (log += text));
  }
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const url = `http://${host}`;
  await eventually(
    'verdaccio to answer',
    () => {
      if (child.exitCode !== null) throw new Error(`verdaccio ended:\n${log}`);
      return fetch(`${url}/-/ping`).catch(() => undefined);
    },
    20_000,
  );
  const [username, password] = ['gatehouse', 'canary-npm-upstream'];
  const created = await fetch(`${url}/-/user/org.couchdb.user:${username}`, {
    method: 'PUT',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ name: username, password }),
  });
  if (!created.ok) throw new Error(`verdaccio: ${created.status} ${await created.text()}`);
  return {
    url,
    username,
    password,
    log: () => log,
    async close() {
      child.kill();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
