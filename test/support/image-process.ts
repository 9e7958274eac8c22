import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from './eventually.ts';
import { ROOT } from './repository.ts';
import { run, type Outcome } from './run.ts';

const RUN_READ_ONLY = join(ROOT, 'test/container/run-read-only.sh');

const LISTENING = '"message":"listening"';

/** What an engine takes from an image to start it. */
export interface Image {
  /** The file system, mounted. */
  readonly root: string;
  readonly env: Readonly<Record<string, string>>;
  readonly entrypoint: readonly string[];
}

export interface Folders {
  /** At `/etc/gatehouse`. */
  readonly config: string;
  /** At `/var/lib/gatehouse`. */
  readonly state: string;
}

export interface ImageProcess {
  /** Milliseconds from the start to its word that it listens, with the mounts before it. */
  readonly listensAfter: number;
  /** Milliseconds of CPU time so far; on a busy machine they say more than those on the wall. */
  cpuTime(): number;
  log(): string;
  /** To process 1 of the container; resolves with the exit code. */
  stop(): Promise<number | null>;
  close(): Promise<void>;
}

/** One command of the image to its end. */
export function runImage(
  { root, env, entrypoint }: Image,
  { config, state }: Folders,
  args: readonly string[],
  more: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  return run(RUN_READ_ONLY, [root, config, state, ...entrypoint, ...args], {
    env: { PATH: process.env['PATH'], ...env, ...more },
  });
}

/** `serve`, as an engine starts it; resolves once it listens. */
export async function startImage(
  { root, env, entrypoint }: Image,
  { config, state }: Folders,
): Promise<ImageProcess> {
  const args = [root, config, state, ...entrypoint, 'serve', '--config', '/etc/gatehouse'];
  const startedAt = performance.now();
  const child = spawn(RUN_READ_ONLY, args, {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  let listensAfter = 0;
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text;
    if (listensAfter === 0 && log.includes(LISTENING)) listensAfter = performance.now() - startedAt;
  });
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  await eventually(
    'the image listens',
    () => {
      if (child.exitCode !== null) throw new Error(`the image ended:\n${log}`);
      return listensAfter > 0;
    },
    30_000,
  );
  const pid = await childOf(child.pid ?? 0);
  return {
    listensAfter,
    cpuTime: () => {
      // proc(5): utime and stime, in hundredths of a second; the name before them may have spaces.
      const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
      return (Number(fields[11]) + Number(fields[12])) * 10;
    },
    log: () => log,
    stop() {
      process.kill(pid, 'SIGTERM');
      return exited;
    },
    async close() {
      if (child.exitCode === null) process.kill(pid, 'SIGKILL');
      await exited;
    },
  };
}

/** unshare waits for it, and is not process 1 of the namespace itself. */
async function childOf(parent: number): Promise<number> {
  const { stdout } = await run('ps', ['-e', '-o', 'pid=,ppid=']);
  const lines = stdout.trim().split('\n');
  const found = lines.map((line) => line.trim().split(/\s+/)).find(([, ppid]) => Number(ppid) === parent);
  if (found === undefined) throw new Error(`process ${parent} has no child`);
  return Number(found[0]);
}
