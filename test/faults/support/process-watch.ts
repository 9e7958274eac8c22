import { readFileSync } from 'node:fs';
import type { GatewayProcess } from '../../support/gateway-process.ts';
import { sleep } from './traffic.ts';

const MIB = 1024 * 1024;

export interface ProcessFigures {
  readonly 'longest stall ms': number;
  readonly 'RSS MiB': number;
  readonly 'RSS slope MiB/min': number;
}

export interface ProcessWatch {
  /** Forgets the samples so far, which include the start. */
  reset(): void;
  stop(): Promise<ProcessFigures>;
}

/** Samples the memory of a process and the time of `/livez`, every 100 ms. */
export function watchProcess({ pid, adminUrl }: Pick<GatewayProcess, 'pid' | 'adminUrl'>): ProcessWatch {
  let samples: { readonly at: number; readonly rss: number }[] = [];
  let longest = 0;
  let going = true;

  async function sample(): Promise<void> {
    while (going) {
      const began = performance.now();
      await fetch(`${adminUrl}/livez`).then(
        (answer) => answer.arrayBuffer(),
        () => undefined,
      );
      longest = Math.max(longest, performance.now() - began);
      samples.push({ at: performance.now(), rss: residentSet(pid) });
      await sleep(100);
    }
  }
  const done = sample();

  return {
    reset() {
      samples = [];
      longest = 0;
    },
    async stop() {
      going = false;
      await done;
      return {
        'longest stall ms': Math.round(longest),
        'RSS MiB': Math.round((samples.at(-1)?.rss ?? 0) / MIB),
        'RSS slope MiB/min': Math.round(slope(samples) * 10) / 10,
      };
    },
  };
}

/** Bytes; 0 for a process that has ended. */
function residentSet(pid: number): number {
  try {
    const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Number(kilobytes ?? 0) * 1024;
  } catch {
    return 0;
  }
}

/** Least squares, in MiB per minute. */
function slope(samples: readonly { readonly at: number; readonly rss: number }[]): number {
  const count = samples.length;
  if (count < 2) return 0;
  const meanAt = samples.reduce((sum, { at }) => sum + at, 0) / count;
  const meanRss = samples.reduce((sum, { rss }) => sum + rss, 0) / count;
  const covariance = samples.reduce((sum, { at, rss }) => sum + (at - meanAt) * (rss - meanRss), 0);
  const variance = samples.reduce((sum, { at }) => sum + (at - meanAt) ** 2, 0);
  return ((covariance / variance) * 60_000) / MIB;
}
