import { describe, expect, test } from 'vitest';
import { linkChanges, type StreamEntry } from '../../../../src/state/redis/changes.ts';

const entry = (previous: string, mark: string, id: string): StreamEntry => ({
  id: '1-0',
  message: { previous, mark, id },
});

describe('from one mark to another', () => {
  test.each<readonly [string, readonly StreamEntry[], readonly string[] | undefined]>([
    ['in order', [entry('a', 'b', 'x'), entry('b', 'c', 'y')], ['x', 'y']],
    ['out of order', [entry('b', 'c', 'y'), entry('a', 'b', 'x')], ['x', 'y']],
    ['the same id twice', [entry('a', 'b', 'x'), entry('b', 'c', 'x')], ['x']],
    ['changes from before', [entry('0', 'a', 'w'), entry('a', 'c', 'x')], ['x']],
    ['a link that is not written yet', [entry('b', 'c', 'y')], undefined],
    ['a change of an earlier version at the end', [entry('a', 'b', 'x')], undefined],
    ['a change of an earlier version between', [entry('a', 'b', 'x'), entry('?', 'c', 'y')], undefined],
    ['none at all', [], undefined],
    ['a circle', [entry('a', 'b', 'x'), entry('b', 'a', 'y')], undefined],
    ['fields that are missing', [{ id: '1-0', message: {} }], undefined],
  ])('%s', (_name, entries, ids) => {
    expect(linkChanges(entries, 'a', 'c')).toEqual(ids);
  });

  test('the same mark: nothing', () => {
    expect(linkChanges([], 'a', 'a')).toEqual([]);
  });
});
