import { spawn, type ChildProcess } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import { findTool } from './tools.ts';

export interface TestRedis {
  readonly url: string;
  readonly port: number;
  /** As a crash or a lost machine. */
  kill(): Promise<void>;
  /** All that it had written. */
  forget(): Promise<void>;
  /** Keeps a copy of what it has written; the result puts it back while the server is down. */
  snapshot(): Promise<() => Promise<void>>;
  /** On the same port, with what it had written. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** redis-server on a free loopback port with a separate data folder. */
export async function startRedis(options: readonly string[] = []): Promise<TestRedis> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-redis-'));
  const port = await freePort();
  let child: ChildProcess | undefined;

  async function start(): Promise<void> {
    const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--appendonly', 'yes'];
    // By default a primary waits 5 s for further replicas before it sends its data (redis.conf).
    args.push('--repl-diskless-sync-delay', '0');
    child = spawn(
      findTool('redis-server') ?? 'redis-server',
      [...args, '--appendfsync', 'always', ...options],
      {
        stdio: 'ignore',
      },
    );
    await eventually('redis-server listens', () => answers(port));
  }

  async function kill(): Promise<void> {
    const running = child;
    child = undefined;
    if (running === undefined) return;
    const gone = new Promise((resolve) => running.once('exit', resolve));
    running.kill('SIGKILL');
    await gone;
  }

  async function forget(): Promise<void> {
    for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
  }

  await start();
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    kill,
    forget,
    async snapshot() {
      cpSync(folder, `${folder}-snapshot`, { recursive: true });
      return async () => {
        await forget();
        cpSync(`${folder}-snapshot`, folder, { recursive: true });
      };
    },
    restart: start,
    async close() {
      await kill();
      for (const each of [folder, `${folder}-snapshot`]) rmSync(each, { recursive: true, force: true });
    },
  };
}

/** Sends inline commands outside the gateway; resolves to the whole response. */
export function tellRedis(port: number, ...commands: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.end(`${commands.join('\r\n')}\r\nQUIT\r\n`));
    socket.setEncoding('utf8').on('data', (text: string) => (answer += text));
    socket.once('error', reject);
    socket.once('close', () => resolve(answer));
  });
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    socket.setTimeout(1_000, () => socket.destroy());
    socket.once('data', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
  });
}
