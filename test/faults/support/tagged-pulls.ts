import { sendShape, type WireAct, type WireScenario } from '../../support/scenario/wire.ts';
import { seededRandom } from '../../support/fuzz/seeded-random.ts';
import { loopTurns } from '../../support/wire/loop-turns.ts';
import { bodyShape, fill } from '../../support/wire/response-shapes.ts';
import type { WireClient } from '../../support/wire/wire-client.ts';

export interface TaggedPullOptions {
  /** Bytes, to which up to 100,000 are added. */
  readonly lengths?: readonly number[];
  /** The upstream responds when it has the first request of every client: each has an upstream connection. */
  readonly together?: boolean;
}

export interface TaggedPulls {
  complete: number;
  aborted: number;
  /** Seeds of pulls with a foreign or missing byte. */
  readonly problems: string[];
}

const MIB = 1024 * 1024;
const LENGTHS: readonly number[] = [64 * 1024, MIB, MIB, 8 * MIB];

/**
 * Pulls long tagged bodies at the same time, with random stalls, aborts and pipelining. The requests are sent
 * when all connections are open.
 */
export async function pullTagged(
  scenario: WireScenario,
  seeds: readonly number[],
  { lengths = LENGTHS, together = false }: TaggedPullOptions = {},
): Promise<TaggedPulls> {
  const result: TaggedPulls = { complete: 0, aborted: 0, problems: [] };
  const clients = await Promise.all(seeds.map(async (seed) => [seed, await scenario.connect()] as const));
  const begin = barrier(together ? seeds.length : 1);
  const pulls = clients.map(([seed, client]) => pullOnce(scenario, client, { seed, lengths, result, begin }));
  await Promise.all(pulls);
  return result;
}

interface Barrier {
  /** Runs the function when so many have arrived. */
  pass(run: () => void): void;
  readonly open: Promise<void>;
}

function barrier(count: number): Barrier {
  const { promise: open, resolve } = Promise.withResolvers<void>();
  const waiting: (() => void)[] = [];
  let arrived = 0;
  return {
    open,
    pass(run) {
      waiting.push(run);
      arrived += 1;
      if (arrived < count) return;
      for (const each of waiting.splice(0)) each();
      resolve();
    },
  };
}

interface Pull {
  readonly seed: number;
  readonly lengths: readonly number[];
  readonly result: TaggedPulls;
  /** The start of the first response. */
  readonly begin: Barrier;
}

async function pullOnce(
  scenario: WireScenario,
  client: WireClient,
  { seed, lengths, result, begin }: Pull,
): Promise<void> {
  const random = seededRandom(seed);
  const bodies = Array.from({ length: random.pick([1, 1, 1, 2, 3]) }, () => ({
    tag: scenario.tag(),
    length: random.pick(lengths) + random.below(100_000),
  }));
  for (const [index, { tag, length }] of bodies.entries()) {
    const shape = bodyShape(length);
    const respondTogether: WireAct = (socket) => begin.pass(() => sendShape(socket, shape, tag));
    scenario.plan(tag, index === 0 ? respondTogether : shape);
  }
  client.write(bodies.map(({ tag }) => scenario.requestFor(tag)).join(''));
  client.pause();
  await begin.open;
  await loopTurns(random.pick([0, 100, 1_000]));
  client.resume();
  if (random.chance(0.25)) {
    const { tag, length } = bodies[0] ?? { tag: '', length: 0 };
    const got = await client.begun(1 + random.below(length));
    client.close(random.pick(['close', 'reset']));
    result.aborted += 1;
    if (!fill(tag, length).startsWith(got.body.slice(0, length))) result.problems.push(`seed ${seed}`);
    return;
  }
  let done = false;
  const stalls = stallAtRandom(client, seed, () => done);
  for (const { tag, length } of bodies) {
    const got = await client.next();
    if (got?.complete === true && got.body === fill(tag, length)) result.complete += 1;
    else result.problems.push(`seed ${seed}: ${got?.status}, complete ${got?.complete}`);
  }
  done = true;
  await stalls;
  client.close();
}

async function stallAtRandom(
  client: { pause(): void; resume(): void; readonly isOpen: () => boolean },
  seed: number,
  done: () => boolean,
): Promise<void> {
  const random = seededRandom(seed + 1_000_000);
  while (!done() && client.isOpen()) {
    client.pause();
    await loopTurns(random.below(60));
    client.resume();
    await loopTurns(1 + random.below(8));
  }
}
