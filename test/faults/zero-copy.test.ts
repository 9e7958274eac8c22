/** N2: long bodies of known length pass from socket to socket: no client receives a byte of another place (threats.md). */
import { expect } from 'vitest';
import { useWireScenario } from '../support/scenario/wire.ts';
import { faultCase, scaled } from './support/fault-case.ts';
import { pullTagged } from './support/tagged-pulls.ts';

const WAVES = scaled(2, 25);
/** Pulls at the same time. */
const PULLS = 40;

const scenario = useWireScenario({ upstream: 'connections: 500' });

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
