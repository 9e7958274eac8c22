import { TARGET, bearer } from './contestant.ts';
import type { Bed, Contestant } from './contestant.ts';
import { cpuMicroseconds } from './cpu-time.ts';
import type { LoadGenerator } from './load.ts';
import type { ContestantName, Options } from './options.ts';
import type { ServerProcess } from './server-process.ts';

export interface Sample {
  readonly cpuPerRequest: number;
  readonly requestsPerSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly requests: number;
}

export interface Entrant {
  readonly name: ContestantName;
  readonly contestant: Contestant;
  readonly server: ServerProcess;
}

/** One sample per round, by contestant. */
export type Samples = Readonly<Record<ContestantName, readonly Sample[]>>;

/** A contestant that verifies must refuse each of these requests; otherwise its results are not comparable. */
export async function assertVerifies({ contestant, server }: Entrant, bed: Bed): Promise<void> {
  if (!contestant.verifies) return;
  const attempts = [
    { why: 'absent', init: { redirect: 'manual' } as RequestInit },
    ...bed.credentials.refused.map(({ why, token }) => ({ why, init: bearer(token) })),
  ];
  for (const { why, init } of attempts) {
    const response = await fetch(server.url, init);
    await response.body?.cancel();
    if (response.status !== 401) {
      throw new Error(
        `${contestant.label} responds with ${response.status} at ${TARGET} to a token that is ${why}`,
      );
    }
  }
}

/** Interleaved, with another contestant first in each round, so that other load on the machine affects all equally. */
export async function measureRounds(
  entrants: readonly Entrant[],
  bed: Bed,
  load: LoadGenerator,
  options: Options,
  progress: (text: string) => void,
): Promise<Samples> {
  const samples: Record<ContestantName, Sample[]> = { nginx: [], haproxy: [], gatehouse: [] };
  for (const entrant of entrants) {
    progress(`warming up ${entrant.name}`);
    await measure(entrant, bed, load, options.warmupSeconds);
  }
  for (let round = 0; round < options.rounds; round += 1) {
    progress(`round ${round + 1} of ${options.rounds}`);
    for (let turn = 0; turn < entrants.length; turn += 1) {
      const entrant = entrants[(round + turn) % entrants.length];
      if (entrant !== undefined)
        samples[entrant.name].push(await measure(entrant, bed, load, options.seconds));
    }
  }
  return samples;
}

async function measure(
  { contestant, server }: Entrant,
  bed: Bed,
  load: LoadGenerator,
  seconds: number,
): Promise<Sample> {
  const before = cpuMicroseconds(server.pid);
  const result = await load.run(server.url, seconds);
  const cpu = cpuMicroseconds(server.pid) - before;
  if (result.errors > 0 || result.requests === 0) {
    throw new Error(`${contestant.label}: ${result.errors} errors in ${result.requests} requests`);
  }
  await contestant.settle?.(bed);
  return {
    cpuPerRequest: cpu / result.requests,
    requestsPerSecond: result.requests / result.seconds,
    p50: result.p50,
    p99: result.p99,
    requests: result.requests,
  };
}
