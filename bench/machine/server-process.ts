import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { probe } from './probe.ts';
import type { ProbeRequest } from './probe.ts';

export interface ServerProcess {
  readonly pid: number;
  /** Scheme, address and port of the listener. */
  readonly origin: string;
  /** From the start of the process to the first 200, in milliseconds. */
  readonly startMs: number;
  readonly stop: () => Promise<void>;
}

export interface Command {
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly core: number;
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly origin: string;
  /** A request that returns 200 once the server is ready. */
  readonly ready: ProbeRequest & { readonly url: string };
}

const START_DEADLINE = 30_000;
const STOP_DEADLINE = 5_000;
const POLL_MS = 5;

/** Starts a server on one core and waits until it responds. `taskset` execs the server, so both have the same pid. */
export async function startServer(command: Command): Promise<ServerProcess> {
  const began = performance.now();
  const child = spawn('taskset', ['--cpu-list', String(command.core), command.file, ...command.args], {
    cwd: command.cwd,
    env: { ...process.env, ...command.env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let complaints = '';
  child.stderr
    .setEncoding('utf8')
    .on('data', (text: string) => (complaints = (complaints + text).slice(-4000)));
  const ended = once(child, 'close');
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    const killed = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE);
    await ended;
    clearTimeout(killed);
  };
  while (!(await isReady(command))) {
    if (child.exitCode !== null) throw new Error(`${command.name} exited at startup: ${complaints}`);
    if (performance.now() - began > START_DEADLINE) {
      await stop();
      throw new Error(`${command.name} does not respond with 200 at ${command.ready.url}: ${complaints}`);
    }
    await delay(POLL_MS);
  }
  const startMs = performance.now() - began;
  if (child.pid === undefined) throw new Error(`${command.name} has no pid`);
  return { pid: child.pid, origin: command.origin, startMs, stop };
}

async function isReady({ ready }: Command): Promise<boolean> {
  try {
    return (await probe(ready.url, ready)) === 200;
  } catch {
    return false;
  }
}
