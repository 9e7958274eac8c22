import { join } from 'node:path';
import { expect } from 'vitest';
import { needs } from '../support/needs.ts';
import { ROOT } from '../support/repository.ts';
import { run } from '../support/run.ts';

interface Report {
  readonly figures: Readonly<
    Record<
      string,
      readonly { readonly lane: string; readonly metric: string; readonly samples: readonly number[] }[]
    >
  >;
}

// Checks that the bench runs and that every contestant verifies tokens; it does not check the results.
needs('haproxy', 'nginx', 'taskset', 'wrk').test(
  'the bench runs the contestants',
  async () => {
    const duration = ['--rounds', '1', '--seconds', '1', '--warmup', '1', '--connections', '4', '--json'];
    const contestants = ['nginx', 'haproxy', 'undici', 'gatehouse'];
    const args = ['--scenario', 'cached', '--only', contestants.join(','), ...duration];
    const outcome = await run(process.execPath, [join(ROOT, 'bench/main.ts'), ...args]);
    expect(outcome).toExitWith(0);
    const { figures } = JSON.parse(outcome.stdout) as Report;
    expect([...new Set(figures['cached']?.map(({ lane }) => lane))]).toEqual(contestants);
    // A short load on a busy machine can take less than the 10 ms in which CPU time is counted.
    const rates = figures['cached']?.filter(({ metric }) => metric === 'requests/s') ?? [];
    expect(rates).toHaveLength(contestants.length);
    for (const { samples } of rates) expect(samples[0]).toBeGreaterThan(0);
  },
  180_000,
);
