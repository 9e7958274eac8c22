import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import { run } from './run.ts';
import { findTool } from './tools.ts';

export interface TestRegistry {
  readonly url: string;
  /** HOST:PORT, as clients write it. */
  readonly host: string;
  /** What it has logged: every request that reached it. */
  log(): string;
  close(): Promise<void>;
}

export type RegistryAuth =
  | { readonly kind: 'none' }
  | { readonly kind: 'htpasswd'; readonly username: string; readonly password: string }
  | {
      readonly kind: 'token';
      readonly realm: string;
      readonly service: string;
      readonly issuer: string;
      /** Certificate of the token issuer, PEM. */
      readonly certificate: string;
    };

/**
 * Debian's docker-registry (distribution 2.8) on a loopback port, with an empty store. `publicUrl`: `http.host`, the base
 * of the URLs that it writes.
 */
export async function startRegistry(
  auth: RegistryAuth = { kind: 'none' },
  publicUrl?: string,
): Promise<TestRegistry> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-registry-'));
  const host = `127.0.0.1:${await freePort()}`;
  const config = {
    version: '0.1',
    log: { level: 'info', accesslog: { disabled: false } },
    storage: {
      filesystem: { rootdirectory: join(folder, 'data') },
      delete: { enabled: true },
      cache: { blobdescriptor: 'inmemory' },
    },
    http: { addr: host, ...(publicUrl === undefined ? {} : { host: publicUrl }) },
    ...(await authSection(auth, folder)),
  };
  // YAML takes JSON.
  writeFileSync(join(folder, 'config.yml'), JSON.stringify(config));
  const child = spawn(findTool('docker-registry') ?? '', ['serve', join(folder, 'config.yml')], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {},
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (log += text));
  }
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const url = `http://${host}`;
  await eventually('docker-registry to answer', async () => {
    if (child.exitCode !== null) throw new Error(`docker-registry ended:\n${log}`);
    return fetch(`${url}/v2/`).catch(() => undefined);
  });
  return {
    url,
    host,
    log: () => log,
    async close() {
      child.kill();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function authSection(auth: RegistryAuth, folder: string): Promise<object> {
  switch (auth.kind) {
    case 'none':
      return {};
    case 'htpasswd': {
      const { stdout } = await run(findTool('htpasswd') ?? '', ['-Bbn', auth.username, auth.password]);
      const path = join(folder, 'htpasswd');
      writeFileSync(path, stdout);
      return { auth: { htpasswd: { realm: 'registry', path } } };
    }
    case 'token': {
      const { realm, service, issuer } = auth;
      const rootcertbundle = join(folder, 'tokens.crt');
      writeFileSync(rootcertbundle, auth.certificate);
      return { auth: { token: { realm, service, issuer, rootcertbundle } } };
    }
    default:
      return auth satisfies never;
  }
}
