import { expect, test } from 'vitest';
import { backoff, jittered } from '../../../../src/util/async/backoff.ts';

const never = (): number => 0;

test.each([
  [1, 1_000],
  [2, 2_000],
  [3, 4_000],
  [6, 32_000],
  [7, 60_000],
  [5_000, 60_000],
])('after %i failures %i ms', (failures, wait) => {
  expect(backoff(failures, never)).toBe(wait);
  expect(backoff(failures, () => 0.5)).toBe(wait * 0.9);
  expect(backoff(failures)).toBeGreaterThan(wait * 0.8 - 1);
});

test('an interval varies by a tenth', () => {
  expect(jittered(1_000, never)).toBe(900);
  expect(jittered(1_000, () => 0.5)).toBe(1_000);
  expect(jittered(1_000)).toBeLessThan(1_100);
});
