import { expect, test } from 'vitest';
import { ChangeLog } from '../../../../src/state/revocations/change-log.ts';

test('the changes since a count; undefined where they are no longer kept, or not of this log', () => {
  const log = new ChangeLog();
  for (let n = 0; n < 5_000; n++) log.push({ kind: 'removed', id: String(n) });
  expect(log.count).toBe(5_000);
  expect(log.since(5_000)).toEqual([]);
  expect(log.since(4_998)).toEqual([
    { kind: 'removed', id: '4998' },
    { kind: 'removed', id: '4999' },
  ]);
  expect(log.since(4_000)).toHaveLength(1_000);
  expect(log.since(2_000)).toBeUndefined();
  expect(log.since(5_001)).toBeUndefined();
  expect(log.since(Number.NaN)).toBeUndefined();
});
