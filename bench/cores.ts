import { readFileSync } from 'node:fs';

export interface Cores {
  /** For the contestant alone. */
  readonly server: number;
  /** For the load generator and the upstream. */
  readonly load: number;
}

/** `0-1,4` → 0, 1, 4: the form of Cpus_allowed_list, proc(5). */
export function parseCpuList(list: string): readonly number[] {
  return list.split(',').flatMap((range) => {
    const [first = Number.NaN, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

/** The first two that this process may use; a container is seldom given core 0. */
export function twoCores(): Cores {
  const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '';
  const [server, load] = parseCpuList(list);
  if (server === undefined || load === undefined) {
    throw new Error('needs two cores: one for the contestant, one for the load and the upstream');
  }
  return { server, load };
}
