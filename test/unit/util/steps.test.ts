import { describe, expect, test } from 'vitest';
import { inSteps, runAtOnce, runInSlices, type Steps } from '../../../src/util/async/steps.ts';

function* sum(count: number, visited: number[] = []): Steps<number> {
  let total = 0;
  const numbers = Array.from({ length: count }, (_, index) => index);
  yield* inSteps(numbers, (item) => {
    visited.push(item);
    total += item;
  });
  return total;
}

describe('a computation in steps', () => {
  test.each([0, 1, 15, 16, 17, 1_000])('%d items have one result, however they are run', async (count) => {
    const expected = (count * Math.max(count - 1, 0)) / 2;
    expect(runAtOnce(sum(count))).toBe(expected);
    expect(await runInSlices(sum(count))).toBe(expected);
  });

  test('other events are handled between two slices', async () => {
    const visited: number[] = [];
    let seen = -1;
    setImmediate(() => (seen = visited.length));
    await runInSlices(sum(1_000, visited), 0);
    expect(seen).toBeGreaterThan(0);
    expect(seen).toBeLessThan(1_000);
  });

  test('a failure rejects', async () => {
    function* fails(): Steps<number> {
      yield undefined;
      throw new TypeError('no');
    }
    await expect(runInSlices(fails())).rejects.toThrow('no');
  });
});
