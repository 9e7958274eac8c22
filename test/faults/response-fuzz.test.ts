/** N1: mutated sequences of responses, read by the parser of the gateway and by llhttp (threats.md). */
import { env } from 'node:process';
import { expect } from 'vitest';
import { compareReaders } from '../support/fuzz/compare-readers.ts';
import { minimiseCase } from '../support/fuzz/minimise-case.ts';
import { formatCase } from '../support/fuzz/response-case.ts';
import { responseCase } from '../support/fuzz/response-cases.ts';
import { faultCase, scaled } from './support/fault-case.ts';

const CASES = scaled(30_000, 1_000_000);
/** Cases in parallel: each waits for turns of the event loop. */
const BATCH = 50;
/** `GATEHOUSE_FUZZ_SEED` repeats a run, or reads other cases. The short form reads the same cases in every run. */
const FIRST = Number(env['GATEHOUSE_FUZZ_SEED'] ?? 1);
/** Failures that are minimised and printed. */
const SHOWN = 5;

faultCase('mutated responses', scaled(40, 1_200), async (report) => {
  report({ 'first seed': FIRST, cases: CASES });
  const counts = { accepted: 0, refused: 0, truncated: 0, switched: 0 };
  const stricter = new Set<string>();
  const failed: number[] = [];
  for (let first = FIRST; first < FIRST + CASES; first += BATCH) {
    const seeds = Array.from({ length: BATCH }, (_, offset) => first + offset);
    await Promise.all(
      seeds.map(async (seed) => {
        const { own, stricter: details, problem } = await compareReaders(responseCase(seed));
        for (const { kind } of own) counts[kind] += 1;
        for (const detail of details) stricter.add(detail);
        if (problem !== undefined) failed.push(seed);
      }),
    );
  }
  report({ ...counts, 'refused here only, classes': stricter.size, failures: failed.length });
  const minimal = failed.slice(0, SHOWN).map(async (seed) => {
    const { problem = '' } = await compareReaders(responseCase(seed));
    const kind = kindOf(problem);
    const smallest = await minimiseCase(responseCase(seed), async (candidate) => {
      const found = (await compareReaders(candidate)).problem;
      return found !== undefined && kindOf(found) === kind;
    });
    return `seed ${seed}: ${problem}\n  add to test/security/transport/response-corpus.test.ts: ${formatCase(smallest)}`;
  });
  expect((await Promise.all(minimal)).join('\n')).toBe('');
  // Enough responses of each kind are read for the run to mean something.
  expect(counts.accepted).toBeGreaterThan(CASES / 2);
  expect(counts.refused).toBeGreaterThan(CASES / 4);
});

/** Without the values, which change while a case becomes smaller. */
function kindOf(problem: string): string {
  return problem.replace(/^response \d+: /, '').replace(/ [["\d].*$/s, '');
}
