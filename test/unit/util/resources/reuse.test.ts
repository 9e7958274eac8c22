import { expect, test } from 'vitest';
import { reuse, missingFrom } from '../../../../src/util/resources/reuse.ts';

interface Thing {
  readonly of: object;
}

const make = (of: object): Thing => ({ of });
const wanted = (...entries: [string, object][]): [string, object][] => entries;

test('the same settings: the same thing, whatever object says them', () => {
  const first = reuse<object, Thing>(undefined, wanted(['a', { n: [1] }], ['b', { n: 2 }]), make);
  const next = reuse(first, wanted(['b', { n: 3 }], ['a', { n: [1] }], ['c', {}]), make);
  expect(next.get('a')?.made).toBe(first.get('a')?.made);
  expect(next.get('b')?.made).toEqual({ of: { n: 3 } });
  expect([...next.keys()]).toEqual(['b', 'a', 'c']);
  expect(missingFrom(first, next)).toEqual([{ of: { n: 2 } }]);
  expect(missingFrom(next, first).map(({ of }) => of)).toEqual([{ n: 3 }, {}]);
  expect(missingFrom(next, undefined)).toHaveLength(3);
});

test('a key that is there without a value is not one that is missing', () => {
  const first = reuse<object, Thing>(undefined, wanted(['a', { n: 1 }]), make);
  const next = reuse<object, Thing>(first, wanted(['a', { n: 1, m: undefined }]), make);
  expect(next.get('a')?.made).not.toBe(first.get('a')?.made);
});

test('a failed creation: new resources are released, reused ones are kept', () => {
  const first = reuse<object, Thing>(undefined, wanted(['a', { n: 1 }]), make);
  const gone: Thing[] = [];
  const attempt = () =>
    reuse(
      first,
      wanted(['a', { n: 1 }], ['b', { n: 2 }], ['c', { n: 3 }], ['d', { n: 4 }]),
      (of) => {
        if ('n' in of && of.n === 3) throw new Error('no');
        return make(of);
      },
      (thing) => gone.push(thing),
    );
  expect(attempt).toThrow('no');
  expect(gone).toEqual([{ of: { n: 2 } }]);
});
