import { join } from 'node:path';
import { expect } from 'vitest';
import { needs } from '../support/needs.ts';
import { ROOT } from '../support/repository.ts';
import { run } from '../support/run.ts';

interface Report {
  readonly rows: readonly { readonly name: string; readonly requests: number }[];
}

// Checks that the bench runs and that every contestant verifies tokens; it does not check the results.
needs('haproxy', 'nginx', 'taskset', 'wrk').test('the bench runs all contestants', async () => {
  const args = ['--rounds', '1', '--seconds', '1', '--warmup', '1', '--connections', '4', '--json'];
  const outcome = await run(process.execPath, [join(ROOT, 'bench/main.ts'), ...args]);
  expect(outcome).toMatchObject({ code: 0 });
  const { rows } = JSON.parse(outcome.stdout) as Report;
  expect(rows.map(({ name }) => name)).toEqual(['nginx', 'haproxy', 'gatehouse']);
  for (const { requests } of rows) expect(requests).toBeGreaterThan(0);
});
