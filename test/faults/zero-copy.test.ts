/** N2: long bodies of known length pass from socket to socket: no client receives a byte of another place (threats.md). */
import { expect } from 'vitest';
import { useWireScenario } from '../support/scenario/wire.ts';
import { faultCase, scaled } from './support/fault-case.ts';
import { pullTagged } from './support/tagged-pulls.ts';

const WAVES = scaled(2, 25);
/** Pulls at the same time. */
const PULLS = 40;

/** Clients of the case with all pulls at once. */
const CROWD = 1_000;
/** Most bodies fit into the buffers of the kernel: the test keeps 400 MiB, not 4 GiB. */
const CROWD_LENGTHS = [...Array.from({ length: 29 }, () => 64 * 1024), 2 * 1024 * 1024];

const scenario = useWireScenario({
  // Up to three pipelined requests of each client; on a loaded machine, they take longer than the default times.
  upstream: `connections: ${3 * CROWD}, timeouts: { connect: 60s, headers: 60s }`,
  limits: `drain: 500ms, connectionsPerAddress: ${2 * CROWD}`,
});

faultCase('zero-copy pulls', scaled(20, 300), async (report) => {
  const total = { complete: 0, aborted: 0 };
  const problems: string[] = [];
  for (let wave = 0; wave < WAVES; wave++) {
    const seeds = Array.from({ length: PULLS }, (_, index) => 1 + wave * PULLS + index);
    const found = await pullTagged(scenario, seeds);
    total.complete += found.complete;
    total.aborted += found.aborted;
    problems.push(...found.problems);
  }
  report({ 'first seed': 1, pulls: WAVES * PULLS, ...total, problems: problems.length });
  expect(problems).toEqual([]);
  await scenario.expectClean();
});

faultCase('zero-copy pulls at once', scaled(30, 60), async (report) => {
  const first = 100_000;
  const seeds = Array.from({ length: CROWD }, (_, index) => first + index);
  const { problems, ...pulls } = await pullTagged(scenario, seeds, {
    lengths: CROWD_LENGTHS,
    together: true,
  });
  report({
    'first seed': first,
    ...pulls,
    'upstream connections': scenario.upstream.accepted(),
    problems: problems.length,
  });
  expect(scenario.upstream.accepted()).toBeGreaterThanOrEqual(CROWD);
  expect(problems).toEqual([]);
  await scenario.expectClean();
});
