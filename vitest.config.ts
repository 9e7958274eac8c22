import { defineConfig } from 'vitest/config';

/**
 * One project per kind of test. Groups run one after the other, so that tests that start processes do not share the
 * cores with the other tests.
 */
function kind(name: string, groupOrder: number, alone: boolean) {
  return {
    extends: true as const,
    test: {
      name,
      include: [`test/${name}/**/*.test.ts`],
      ...(alone ? { fileParallelism: false } : {}),
      sequence: { groupOrder },
    },
  };
}

export default defineConfig({
  test: {
    pool: 'forks',
    // A loaded machine must not fail a test that only waits for an event.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    unstubEnvs: true,
    restoreMocks: true,
    projects: [
      kind('unit', 0, false),
      kind('property', 0, false),
      kind('pipeline', 0, false),
      kind('architecture', 1, false),
      kind('security', 2, false),
      kind('e2e', 3, true),
      kind('faults', 4, true),
    ],
  },
});
