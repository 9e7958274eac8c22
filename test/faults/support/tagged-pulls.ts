import type { WireScenario } from '../../support/scenario/wire.ts';
import { seededRandom } from '../../support/fuzz/seeded-random.ts';
import { loopTurns } from '../../support/wire/loop-turns.ts';
import { bodyShape, fill } from '../../support/wire/response-shapes.ts';

export interface TaggedPulls {
  complete: number;
  aborted: number;
  /** Seeds of pulls with a foreign or missing byte. */
  readonly problems: string[];
}

const MIB = 1024 * 1024;

/** Pulls long tagged bodies at the same time, with random stalls, aborts and pipelining. */
export async function pullTagged(scenario: WireScenario, seeds: readonly number[]): Promise<TaggedPulls> {
  const result: TaggedPulls = { complete: 0, aborted: 0, problems: [] };
  await Promise.all(seeds.map((seed) => pullOnce(scenario, seed, result)));
  return result;
}

async function pullOnce(scenario: WireScenario, seed: number, result: TaggedPulls): Promise<void> {
  const random = seededRandom(seed);
  const bodies = Array.from({ length: random.pick([1, 1, 1, 2, 3]) }, () => ({
    tag: scenario.tag(),
    length: random.pick([64 * 1024, MIB, MIB, 8 * MIB]) + random.below(100_000),
  }));
  for (const { tag, length } of bodies) scenario.plan(tag, bodyShape(length));
  const client = await scenario.connect();
  client.write(bodies.map(({ tag }) => scenario.requestFor(tag)).join(''));
  client.pause();
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
