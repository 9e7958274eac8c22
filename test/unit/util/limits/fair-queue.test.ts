import { describe, expect, test } from 'vitest';
import { FairQueue } from '../../../../src/util/limits/fair-queue.ts';

/** A queue for `slots` slots; `log` records the order in which calls are served. */
function queueFor(slots: number) {
  const queue = new FairQueue<string>();
  const log: string[] = [];
  let free = slots;
  return {
    queue,
    log,
    release(count = 1): void {
      free += count;
      queue.serve();
    },
    run(key: string, name = key, limits = { places: 100, wait: 60_000 }): string | Promise<string> {
      const attempt = (): string | undefined => {
        if (free === 0) return undefined;
        free -= 1;
        log.push(name);
        return name;
      };
      return queue.run(key, attempt, limits);
    },
  };
}

const all = (calls: readonly (string | Promise<string>)[]): Promise<string[]> =>
  Promise.all(calls.map((call) => Promise.resolve(call)));

describe('a fair queue', () => {
  test('returns at once what is available', () => {
    const it = queueFor(1);
    expect(it.run('a')).toBe('a');
    expect(it.run('a')).toBeInstanceOf(Promise);
  });

  test('serves keys in turn, and each key in order', async () => {
    const it = queueFor(0);
    const calls = ['a1', 'a2', 'a3', 'b1', 'c1', 'b2'].map((name) => it.run(name.charAt(0), name));
    for (let n = 0; n < 6; n++) it.release();
    expect(it.log).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3']);
    expect(await all(calls)).toEqual(['a1', 'a2', 'a3', 'b1', 'c1', 'b2']);
    expect(it.queue.size).toBe(0);
  });

  test('a call does not overtake earlier calls of its key', async () => {
    const it = queueFor(0);
    let open = false;
    const blocked = it.queue.run('a', () => (open ? 'first' : undefined), { places: 9, wait: 60_000 });
    const second = it.queue.run('a', () => 'second', { places: 9, wait: 60_000 });
    expect(second).toBeInstanceOf(Promise);
    open = true;
    it.queue.serve();
    expect([await blocked, await second]).toEqual(['first', 'second']);
  });

  test('one key can use all places, until others need them', async () => {
    const it = queueFor(0);
    const limits = { places: 6, wait: 60_000 };
    const calls = ['a1', 'a2', 'a3', 'a4', 'a5', 'a6'].map((name) => it.run('a', name, limits));
    expect(it.run('a', 'a7', limits)).toBe('full');
    const others = ['b1', 'b2', 'c1'].map((name) => it.run(name.charAt(0), name, limits));
    expect(await all(calls.slice(3))).toEqual(['full', 'full', 'full']);
    // Each further place would make b or c longer than a.
    expect(it.run('a', 'a8', limits)).toBe('full');
    expect(it.run('b', 'b3', limits)).toBe('full');
    expect(it.queue.size).toBe(6);
    it.release(6);
    expect(it.log).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3']);
    expect(await all(others)).toEqual(['b1', 'b2', 'c1']);
  });

  test('without places, a call that cannot be served at once is refused', () => {
    const it = queueFor(1);
    const limits = { places: 0, wait: 60_000 };
    expect([it.run('a', 'a', limits), it.run('a', 'a', limits)]).toEqual(['a', 'full']);
  });

  test('a call that waits too long leaves the queue', async () => {
    const it = queueFor(0);
    expect(await it.run('a', 'a', { places: 1, wait: 1 })).toBe('expired');
    it.release();
    expect(it.log).toEqual([]);
    expect(it.run('b')).toBe('b');
  });
});
