import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';

export interface Cores {
  /** Runs only the contestant. */
  readonly server: number;
  /** Runs the load generator and the upstream. */
  readonly load: number;
}

/** Parses Cpus_allowed_list (proc(5)): `0-1,4` → 0, 1, 4. */
export function parseCpuList(list: string): readonly number[] {
  return list.split(',').flatMap((range) => {
    const [first = Number.NaN, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

/** Returns the first two cores available to this process: containers rarely have core 0. */
export function twoCores(): Cores {
  const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '';
  const [server, load] = parseCpuList(list);
  if (server === undefined || load === undefined) {
    throw new Error(
      'the bench requires two cores: one for the contestant, one for the load and the upstream',
    );
  }
  return { server, load };
}

/** Moves this process to a core, with the processes that it starts from now on. */
export async function pinThisProcess(core: number): Promise<void> {
  const args = ['--all-tasks', '--cpu-list', '--pid', String(core), String(process.pid)];
  await promisify(execFile)('taskset', args);
}
