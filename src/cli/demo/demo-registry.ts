import { spawn } from 'node:child_process';
import { accessSync, constants, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { GatehouseError } from '../../core/errors.ts';
import { freeLoopbackPort } from './loopback-port.ts';

export interface DemoRegistry {
  readonly url: string;
  close(): Promise<void>;
}

/** Milliseconds until the registry accepts requests. */
const START_LIMIT = 20_000;

/** The path of docker-registry (CNCF distribution), as Debian installs it; undefined where it is missing. */
export function findRegistry(path: string | undefined): string | undefined {
  return (path ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, 'docker-registry'))
    .find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Starts docker-registry with an empty store in this folder. Throws `startup_failed` if it does not start. */
export async function startDemoRegistry(program: string, folder: string): Promise<DemoRegistry> {
  const port = await freeLoopbackPort();
  const file = join(folder, 'registry.yml');
  const config = {
    version: '0.1',
    log: { level: 'error', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(folder, 'registry') } },
    http: { addr: `127.0.0.1:${port}` },
  };
  // YAML includes JSON.
  writeFileSync(file, JSON.stringify(config));
  // In a separate process group: Ctrl-C reaches the demo only, which ends the registry last.
  const child = spawn(program, ['serve', file], { stdio: 'ignore', env: {}, detached: true });
  let ended = false;
  const end = new Promise<void>((resolve) => {
    for (const event of ['exit', 'error'] as const) {
      child.once(event, () => {
        ended = true;
        resolve();
      });
    }
  });
  const close = async (): Promise<void> => {
    child.kill();
    await end;
  };
  const url = `http://127.0.0.1:${port}`;
  const deadline = performance.now() + START_LIMIT;
  while (!(await accepts(url))) {
    if (ended || performance.now() > deadline) {
      await close();
      throw new GatehouseError('startup_failed', `${program} does not accept requests at ${url}`);
    }
    await sleep(25);
  }
  return { url, close };
}

async function accepts(url: string): Promise<boolean> {
  return fetch(`${url}/v2/`, { headers: { Connection: 'close' } }).then(
    ({ ok }) => ok,
    () => false,
  );
}
