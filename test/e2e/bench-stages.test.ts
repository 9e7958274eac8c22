import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../support/repository.ts';
import { run } from '../support/run.ts';

interface Report {
  readonly results: readonly { readonly name: string; readonly median: number }[];
}

// Checks that the stages run; it does not check the results.
test('the bench of the stages measures each of them', async () => {
  const args = ['--batches', '1', '--size', '10', '--json'];
  const outcome = await run(process.execPath, [join(ROOT, 'bench/stages.ts'), ...args]);
  expect(outcome).toExitWith(0);
  const { results } = JSON.parse(outcome.stdout) as Report;
  expect(results.map(({ name }) => name)).toEqual([
    'read head',
    'classify',
    'extract',
    'verify, cached token',
    'authorize',
    'upstream request head',
    'response head',
    'audit line',
    'audit line to buffer',
    'metrics',
    'module gateway, all',
    'verify, new token',
    'first use of a token',
    'candidate, cached token',
    'candidate, new token',
    'recorded decision',
  ]);
  for (const { median } of results) expect(median).toBeGreaterThan(0);
});
