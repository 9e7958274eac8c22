import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that measure the memory or the time of a process, or load every core. They run one at a time. */
const MEASURED = [
  'test/e2e/{bench,container,git-large,large-bodies,large-bodies-tls,registry-large-layer}.test.ts',
  'test/security/{brute-force,exchange,exhaustion-idle,revocation-quota}.test.ts',
];

/** The slowest files. They start first, so that no group ends with one worker that waits. */
const SLOWEST = [
  'registry-expiry',
  'adding-a-protocol',
  'redis-losses',
  'pypi',
  'maven',
  'npm',
  'web-sockets',
  'chart-boot',
  'registry-conformance',
].map((name) => `/${name}.test.ts`);

class SlowestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId, project }: TestSpecification): number => {
      const index = SLOWEST.findIndex((name) => moduleId.endsWith(name));
      return project.config.sequence.groupOrder * 100 + (index === -1 ? SLOWEST.length : index);
    };
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b));
  }
}

/** Most files wait for programs and timers, so three share two cores. Vitest's default on two cores is one. */
const WORKERS = Math.max(3, availableParallelism());

interface Kind {
  /** Groups run one after the other. */
  readonly groupOrder: number;
  readonly maxWorkers?: number;
  readonly include?: string[];
  readonly exclude?: string[];
}

function kind(name: string, { groupOrder, maxWorkers = WORKERS, ...files }: Kind) {
  return {
    extends: true as const,
    test: {
      name,
      include: files.include ?? [`test/${name}/**/*.test.ts`],
      exclude: files.exclude ?? [],
      maxWorkers,
      sequence: { groupOrder },
    },
  };
}

export default defineConfig({
  test: {
    pool: 'forks',
    setupFiles: ['test/support/exit-matcher.ts'],
    // A loaded machine must not fail a test that only waits for an event.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    unstubEnvs: true,
    restoreMocks: true,
    sequence: { sequencer: SlowestFirst },
    projects: [
      kind('unit', { groupOrder: 0 }),
      kind('property', { groupOrder: 0 }),
      kind('pipeline', { groupOrder: 0 }),
      kind('architecture', { groupOrder: 0 }),
      kind('security', { groupOrder: 1, exclude: MEASURED }),
      kind('e2e', { groupOrder: 1, exclude: MEASURED }),
      kind('measured', { groupOrder: 2, maxWorkers: 1, include: MEASURED }),
      kind('faults', { groupOrder: 3, maxWorkers: 1 }),
    ],
  },
});
