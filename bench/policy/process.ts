import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { cpuMicroseconds } from '../machine/cpu-time.ts';
import type { Ports } from './files.ts';

const MAIN = resolve(import.meta.dirname, '../../src/main.ts');
const LOOP_DELAY = join(import.meta.dirname, 'loop-delay.ts');
const DEADLINE = 60_000;

const ENTRYPOINT = /^ENTRYPOINT (\[.*\])$/m;
/** Node's flags in the image. */
const FLAGS = (
  JSON.parse(
    ENTRYPOINT.exec(readFileSync(resolve(import.meta.dirname, '../../Dockerfile'), 'utf8'))?.[1] ?? '[]',
  ) as string[]
).filter((argument) => argument.startsWith('--'));

/** The environment of the image. The build of the image fills the compile cache with the same command. */
export async function warmCompileCache(folder: string): Promise<NodeJS.ProcessEnv> {
  const env = { ...process.env, NODE_ENV: 'production', NODE_COMPILE_CACHE: join(folder, 'compile-cache') };
  await promisify(execFile)(process.execPath, [...FLAGS, '--import', LOOP_DELAY, MAIN, 'demo', '--once'], {
    env,
  });
  return env;
}

export interface Usage {
  readonly wallMs: number;
  /** All threads of the process. */
  readonly cpuMs: number;
}

export interface PolicyGateway {
  readonly pid: number;
  /** From the start of the process until /readyz responds with 200. */
  readonly start: Usage;
  rssMiB(): number;
  /** Runs `change`, sends SIGHUP, and waits until another configuration is active. */
  reload(change: () => Promise<void>): Promise<Usage>;
  /** The longest delay of the event loop since the last call, in milliseconds. */
  loopDelay(): Promise<number>;
  /** Requests /livez each 5 ms until the returned function is called, which returns the longest wait. */
  tick(): () => Promise<number>;
  stop(): Promise<void>;
}

/** Runs `gatehouse check`. */
export async function measureCheck(config: string, env: NodeJS.ProcessEnv): Promise<Usage> {
  const started = performance.now();
  const child = spawn(
    'sh',
    [
      '-c',
      'config=$1; shift; "$0" "$@" check --config "$config" >/dev/null; code=$?; times; exit $code',
      process.execPath,
      config,
      ...FLAGS,
      MAIN,
    ],
    {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  let times = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (times += text));
  await once(child, 'close');
  if (child.exitCode !== 0) throw new Error(`gatehouse check exited with ${child.exitCode}`);
  return { wallMs: performance.now() - started, cpuMs: childCpuMs(times) };
}

/** The second line of `times` (POSIX) contains the user and system time of the children, as `0m1.23s 0m0.10s`. */
function childCpuMs(times: string): number {
  const line = times.trim().split('\n').at(-1) ?? '';
  return [...line.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, minutes, seconds]) => sum + Number(minutes) * 60_000 + Number(seconds) * 1000,
    0,
  );
}

export async function startGateway(
  config: string,
  { adminPort }: Ports,
  env: NodeJS.ProcessEnv,
): Promise<PolicyGateway> {
  const admin = `http://127.0.0.1:${adminPort}`;
  const started = performance.now();
  const child = spawn(
    process.execPath,
    [...FLAGS, '--import', LOOP_DELAY, MAIN, 'serve', '--config', config],
    {
      env,
      cwd: config,
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    },
  );
  let complaints = '';
  child.stderr
    ?.setEncoding('utf8')
    .on('data', (text: string) => (complaints = (complaints + text).slice(-2000)));
  const ended = once(child, 'close');
  const { pid } = child;
  if (pid === undefined) throw new Error('the gateway did not start');

  async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
    const since = performance.now();
    while (!(await holds().catch(() => false))) {
      if (child.exitCode !== null || performance.now() - since > DEADLINE) {
        throw new Error(`the gateway did not reach "${what}": ${complaints}`);
      }
      await delay(20);
    }
  }
  await until('ready', async () => (await fetch(`${admin}/readyz`)).ok);
  const start = { wallMs: performance.now() - started, cpuMs: cpuMicroseconds(pid) / 1000 };

  return {
    pid,
    start,
    rssMiB: () => Number(/^VmRSS:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024,
    async reload(change) {
      const hash = await activeHash(admin);
      await change();
      const since = performance.now();
      const before = cpuMicroseconds(pid);
      child.kill('SIGHUP');
      await until('reloaded', async () => (await activeHash(admin)) !== hash);
      return { wallMs: performance.now() - since, cpuMs: (cpuMicroseconds(pid) - before) / 1000 };
    },
    async loopDelay() {
      const answer = once(child, 'message');
      child.send('delay');
      const [message] = (await answer) as [{ milliseconds: number }];
      return message.milliseconds;
    },
    tick: () => startTicker(`${admin}/livez`),
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

async function activeHash(admin: string): Promise<string> {
  const { config } = (await (await fetch(`${admin}/status`)).json()) as { readonly config: string };
  return config;
}

function startTicker(url: string): () => Promise<number> {
  const agent = new Agent({ keepAlive: true });
  const pending = new Set<Promise<void>>();
  let worst = 0;
  const timer = setInterval(() => {
    const since = performance.now();
    const response = new Promise<void>((settle, fail) => {
      request(url, { agent }, (message) => {
        message.resume().once('end', settle);
      })
        .once('error', fail)
        .end();
    });
    // A connection that was idle during a long stall can be reset; its wait counts all the same.
    const counted = response
      .catch(() => undefined)
      .then(() => {
        worst = Math.max(worst, performance.now() - since);
        pending.delete(counted);
      });
    pending.add(counted);
  }, 5);
  return async () => {
    clearInterval(timer);
    await Promise.all(pending);
    agent.destroy();
    return worst;
  };
}
