import { TARGET, bearer } from '../contestants/contestant.ts';
import type { Bed, Contestant, RunningServer } from '../contestants/contestant.ts';
import { cpuMicroseconds } from '../machine/cpu-time.ts';
import type { LoadRequest } from '../machine/load.ts';
import { probe } from '../machine/probe.ts';
import type { Figure } from '../report/figures.ts';
import type { Stage } from './scenario.ts';

/** One kind of request to one server. */
export interface Lane {
  readonly name: string;
  readonly server: RunningServer;
  readonly path: string;
  readonly request: () => LoadRequest;
  /** The status of every response. */
  readonly status: number;
}

interface Sample {
  readonly cpuPerRequest: number;
  readonly requestsPerSecond: number;
  readonly p50: number;
  readonly p99: number;
}

/** A contestant that verifies must refuse each of these requests; otherwise its results are not comparable. */
export async function assertVerifies(contestant: Contestant, server: RunningServer, bed: Bed): Promise<void> {
  if (!contestant.verifies) return;
  const attempts = [
    { why: 'absent', request: {} },
    ...bed.credentials.refused.map(({ why, token }) => ({ why, request: bearer(token) })),
  ];
  for (const { why, request } of attempts) {
    const status = await probe(server.origin + TARGET, request);
    // Envoy responds with 403 to another audience.
    if (status !== 401 && status !== 403) {
      throw new Error(`${contestant.label} responds with ${status} at ${TARGET} to a token that is ${why}`);
    }
  }
}

/** Interleaved, with another lane first in each round, so that other load on the machine affects all equally. */
export async function measureLanes(
  lanes: readonly Lane[],
  stage: Stage,
  beforeRound?: () => Promise<void>,
): Promise<readonly Figure[]> {
  const { effort, progress } = stage;
  const samples = new Map<string, Sample[]>(lanes.map(({ name }) => [name, []]));
  await beforeRound?.();
  for (const lane of lanes) {
    progress(`warming up ${lane.name}`);
    const request = lane.request();
    if (request.kind === 'same') await assertStatus(lane, request.headers);
    await measure(lane, request, stage, effort.warmupSeconds);
  }
  for (let round = 0; round < effort.rounds; round += 1) {
    await beforeRound?.();
    progress(`round ${round + 1} of ${effort.rounds}`);
    for (let turn = 0; turn < lanes.length; turn += 1) {
      const lane = lanes[(round + turn) % lanes.length];
      if (lane === undefined) continue;
      samples.get(lane.name)?.push(await measure(lane, lane.request(), stage, effort.seconds));
    }
  }
  return [...samples].flatMap(([lane, all]): Figure[] => [
    { lane, metric: 'CPU µs/request', samples: all.map(({ cpuPerRequest }) => cpuPerRequest) },
    { lane, metric: 'requests/s', samples: all.map(({ requestsPerSecond }) => requestsPerSecond) },
    { lane, metric: 'p50 ms', samples: all.map(({ p50 }) => p50) },
    { lane, metric: 'p99 ms', samples: all.map(({ p99 }) => p99) },
  ]);
}

async function assertStatus(
  { name, server, path, status }: Lane,
  headers: Readonly<Record<string, string>>,
): Promise<void> {
  const received = await probe(server.origin + path, { headers });
  if (received !== status) throw new Error(`${name}: status ${received} at ${path}, expected ${status}`);
}

async function measure(
  { name, server, path, status }: Lane,
  request: LoadRequest,
  { load }: Stage,
  seconds: number,
): Promise<Sample> {
  const before = cpuMicroseconds(server.pid);
  const result = await load.run(server.origin + path, request, seconds);
  const cpu = cpuMicroseconds(server.pid) - before;
  const expected = status >= 400 ? result.requests : 0;
  if (result.errors > 0 || result.requests === 0 || result.refused !== expected) {
    throw new Error(
      `${name}: ${result.errors} errors and ${result.refused} refusals in ${result.requests} requests`,
    );
  }
  await server.settle?.();
  return {
    cpuPerRequest: cpu / result.requests,
    requestsPerSecond: result.requests / result.seconds,
    p50: result.p50,
    p99: result.p99,
  };
}
