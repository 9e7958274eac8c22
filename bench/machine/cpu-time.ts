import { readFileSync, readdirSync } from 'node:fs';

/** USER_HZ, the unit of /proc: 100 on every Linux architecture that Node supports (proc(5), sysconf(3)). */
const TICKS_PER_SECOND = 100;

export interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  /** User and system time of all threads. */
  readonly ticks: number;
}

/** Parses /proc/PID/stat. The name is in parentheses and can contain spaces and parentheses. */
export function parseStat(line: string): ProcessStat {
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  const [, parent] = fields;
  const [user, system] = fields.slice(11, 13);
  return { pid: Number.parseInt(line, 10), parent: Number(parent), ticks: Number(user) + Number(system) };
}

/** CPU time of a process and its descendants, in ticks. */
export function ticksOfTree(root: number, processes: readonly ProcessStat[]): number {
  const tree = membersOf(root, processes);
  return processes.filter(({ pid }) => tree.has(pid)).reduce((sum, { ticks }) => sum + ticks, 0);
}

/** A process and its descendants. */
export function treeOf(root: number): readonly number[] {
  const processes = readProcesses();
  const tree = membersOf(root, processes);
  return processes.map(({ pid }) => pid).filter((pid) => tree.has(pid));
}

function membersOf(root: number, processes: readonly ProcessStat[]): ReadonlySet<number> {
  const tree = new Set([root]);
  // A child can precede its parent after the pids have wrapped, so repeat until no process is added.
  for (let size = 0; size !== tree.size;) {
    size = tree.size;
    for (const { pid, parent } of processes) if (tree.has(parent)) tree.add(pid);
  }
  return tree;
}

/** CPU time of a process and its descendants, in microseconds. */
export function cpuMicroseconds(root: number): number {
  return (ticksOfTree(root, readProcesses()) / TICKS_PER_SECOND) * 1e6;
}

function readProcesses(): readonly ProcessStat[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return [parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'))];
      } catch {
        return []; // The process ended between the two calls.
      }
    });
}
