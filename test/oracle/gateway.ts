import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './world/servers.ts';

const ROOT = join(import.meta.dirname, '../..');
/** Milliseconds. */
const START_TIMEOUT = 30_000;

export interface Gateway {
  readonly port: number;
  readonly adminPort: number;
  /** Ends the process and returns the lines of its audit file. */
  stop(): Promise<readonly AuditLine[]>;
}

export type AuditLine = Readonly<Record<string, unknown>>;

/** Runs `gatehouse serve` as a process. The configuration gets its ports, state and audit file here. */
export async function startGateway(
  configuration: Readonly<Record<string, unknown>>,
  files: Readonly<Record<string, string>> = {},
): Promise<Gateway> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-oracle-'));
  const [port, adminPort] = [await freePort(), await freePort()];
  for (const [name, content] of Object.entries(files))
    writeFileSync(join(folder, name), content, { mode: 0o600 });
  const { server = {}, ...rest } = configuration as { server?: { admin?: object } };
  // JSON is YAML.
  const text = JSON.stringify({
    version: 1,
    state: { sqlite: { file: 'state.db' } },
    logs: { level: 'error' },
    audit: { file: 'audit.log' },
    ...rest,
    server: {
      publicUrl: 'https://gateway.example.com',
      ...server,
      listen: `127.0.0.1:${port}`,
      admin: { ...server.admin, listen: `127.0.0.1:${adminPort}` },
    },
  });
  writeFileSync(join(folder, 'gatehouse.yaml'), text);

  const child = spawn(
    process.execPath,
    [join(ROOT, 'src/main.ts'), 'serve', '--config', join(folder, 'gatehouse.yaml')],
    {
      cwd: folder,
      env: { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'gatehouse-oracle-cache') },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (errors += chunk));
  let running = true;
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  void exited.then(() => (running = false));

  const deadline = Date.now() + START_TIMEOUT;
  while (!((await accepts(port)) && (await accepts(adminPort)))) {
    if (!running || Date.now() > deadline) throw new Error(`the gateway did not start:\n${errors}`);
    await sleep(20);
  }
  return {
    port,
    adminPort,
    async stop() {
      if (!running) throw new Error(`the gateway ended by itself:\n${errors}`);
      child.kill('SIGTERM');
      await exited;
      const lines = readFileSync(join(folder, 'audit.log'), 'utf8').split('\n').filter(Boolean);
      rmSync(folder, { recursive: true, force: true });
      return lines.map((line) => JSON.parse(line) as AuditLine);
    },
  };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
