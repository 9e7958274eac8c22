import { readFileSync } from 'node:fs';
import type { GatewayProcess } from '../../support/gateway-process.ts';

const MIB = 1024 * 1024;

/** Environment of a gateway whose memory is measured: its inspector, and the size of the young generation of bin/gatehouse. */
export const MEASURED_MEMORY = { NODE_OPTIONS: '--inspect=127.0.0.1:0 --max-semi-space-size=4' };

/** Memory after a full garbage collection, in MiB. */
export interface LiveMemory {
  /** performance.now() of the measurement. */
  readonly at: number;
  /** JavaScript objects and the buffers that they refer to. */
  readonly heap: number;
  readonly rss: number;
}

/**
 * Memory that the process holds, without the garbage that V8 has not collected yet: between two major collections the
 * resident set grows by more than a leak of the size that matters.
 */
export async function liveMemory({ pid, output }: GatewayProcess): Promise<LiveMemory> {
  const [address] = /ws:\/\/127\.0\.0\.1:\d+\/[\w-]+/.exec(output().stderr) ?? [];
  if (address === undefined) throw new Error('the gateway was not started with MEASURED_MEMORY');
  const socket = new WebSocket(address);
  try {
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve);
      socket.addEventListener('error', () => reject(new Error('the inspector does not respond')));
    });
    // The second collection frees what finalizers of the first have released.
    for (const id of [1, 2]) await call(socket, id, 'HeapProfiler.collectGarbage');
    const usage = await call(socket, 3, 'Runtime.getHeapUsage');
    const { usedSize = 0, embedderHeapUsedSize = 0, backingStorageSize = 0 } = usage;
    const heap = (usedSize + embedderHeapUsedSize + backingStorageSize) / MIB;
    return { at: performance.now(), heap, rss: residentMebibytes(pid) };
  } finally {
    socket.close();
  }
}

/** Growth of the live memory, in MiB per minute. */
export function growthBetween(before: LiveMemory, after: LiveMemory) {
  const perMinute = (growth: number): number =>
    Math.round((growth / ((after.at - before.at) / 60_000)) * 10) / 10;
  return {
    'live heap MiB': Math.round(after.heap),
    'live heap MiB/min': perMinute(after.heap - before.heap),
    'live RSS MiB': Math.round(after.rss),
    'live RSS MiB/min': perMinute(after.rss - before.rss),
  };
}

function call(socket: WebSocket, id: number, method: string): Promise<Readonly<Record<string, number>>> {
  return new Promise((resolve, reject) => {
    const listen = ({ data }: MessageEvent): void => {
      const answer = JSON.parse(String(data)) as { id?: number; result?: Record<string, number> };
      if (answer.id !== id) return;
      socket.removeEventListener('message', listen);
      if (answer.result === undefined) reject(new Error(`${method}: ${String(data)}`));
      else resolve(answer.result);
    };
    socket.addEventListener('message', listen);
    socket.send(JSON.stringify({ id, method }));
  });
}

function residentMebibytes(pid: number): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes ?? 0) / 1024;
}
