import { describe, expect, test } from 'vitest';
import { linkChanges, type StreamEntry } from '../../../../src/state/redis/changes.ts';

const entry = (previous: string, mark: string, id: string, at = '1-0'): StreamEntry => ({
  id: at,
  message: { previous, mark, id },
});

const linked = (entries: readonly StreamEntry[], from = 'a', to = 'c') =>
  linkChanges(entries, { mark: from, position: '0-0' }, to);

describe('from one mark to another', () => {
  test.each<readonly [string, readonly StreamEntry[], readonly string[] | undefined]>([
    ['in order', [entry('a', 'b', 'x'), entry('b', 'c', 'y')], ['x', 'y']],
    ['out of order', [entry('b', 'c', 'y'), entry('a', 'b', 'x')], ['x', 'y']],
    ['the same id twice', [entry('a', 'b', 'x'), entry('b', 'c', 'x')], ['x']],
    ['changes from before', [entry('0', 'a', 'w'), entry('a', 'c', 'x')], ['x']],
    ['a link that is not written yet', [entry('b', 'c', 'y')], undefined],
    ['none at all', [], undefined],
    ['a circle', [entry('a', 'b', 'x'), entry('b', 'a', 'y')], undefined],
    ['fields that are missing', [{ id: '1-0', message: {} }], undefined],
  ])('%s', (_name, entries, ids) => {
    expect(linked(entries)?.ids).toEqual(ids);
    if (ids !== undefined) expect(linked(entries)).toMatchObject({ mark: 'c', position: '1-0' });
  });

  test('the same mark: nothing', () => {
    expect(linked([], 'a', 'a')).toEqual({ ids: [], mark: 'a', position: '0-0' });
  });
});

describe('up to the first missing link', () => {
  test.each<readonly [string, readonly StreamEntry[], string]>([
    ['a change of an earlier version at the end', [entry('a', 'b', 'x', '1-0')], '1-0'],
    [
      'a change of an earlier version between',
      [entry('a', 'b', 'x', '1-0'), entry('?', 'c', 'y', '2-0')],
      '1-0',
    ],
    ['a later change is written first', [entry('b2', 'c', 'z', '1-0'), entry('a', 'b', 'x', '2-0')], '0-0'],
  ])('%s', (_name, entries, position) => {
    expect(linked(entries)).toEqual({ ids: ['x'], mark: 'b', position });
  });
});
