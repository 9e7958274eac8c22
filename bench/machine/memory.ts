import { readFileSync, writeFileSync } from 'node:fs';
import { treeOf } from './cpu-time.ts';

/** Resident memory of a process and its descendants, in KiB. */
export function residentKib(root: number): number {
  return sumOfTree(root, 'VmRSS');
}

/** The highest resident memory since `resetPeak`, in KiB. */
export function peakKib(root: number): number {
  return sumOfTree(root, 'VmHWM');
}

/** `5` resets the high-water mark to the current resident memory (proc(5), clear_refs). */
export function resetPeak(root: number): void {
  for (const pid of treeOf(root)) writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

function sumOfTree(root: number, key: 'VmRSS' | 'VmHWM'): number {
  const pattern = new RegExp(`^${key}:\\s*(\\d+)`, 'm');
  return treeOf(root).reduce(
    (sum, pid) => sum + Number(pattern.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0),
    0,
  );
}
