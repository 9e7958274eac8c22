import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Revocation } from '../../src/core/credentials/revocation.ts';
import type { Store } from '../../src/core/store.ts';
import { eventually } from './eventually.ts';

export function revocation(changes: Partial<Revocation> = {}): Revocation {
  return {
    id: randomUUID(),
    target: 'identity',
    value: 'payments',
    issuer: undefined,
    reason: 'leaked',
    created: '2026-11-21T12:00:00.000Z',
    expires: undefined,
    ...changes,
  };
}

/** What every store does. `open` opens the same state again each time. */
export function storeContract(open: () => Promise<Store>): void {
  const ids = (list: { revocations: readonly Revocation[] } | undefined): string[] =>
    (list?.revocations ?? []).map(({ id }) => id);

  test('keeps revocations over a restart', async () => {
    const entry = revocation({
      target: 'jti',
      value: 'a\u2028"',
      issuer: 'gitlab',
      expires: '2027-01-01T00:00:00Z',
    });
    const first = await open();
    await first.putRevocation(entry);
    await first.close();
    const second = await open();
    const list = await second.revocations(undefined);
    expect(list?.revocations.find(({ id }) => id === entry.id)).toEqual(JSON.parse(JSON.stringify(entry)));
    await second.close();
  });

  test('says whether anything has changed since', async () => {
    const store = await open();
    const before = await store.revocations(undefined);
    expect(await store.revocations(before?.mark)).toBeUndefined();
    const entry = revocation();
    await store.putRevocation(entry);
    const after = await store.revocations(before?.mark);
    expect(ids(after)).toContain(entry.id);
    expect(await store.deleteRevocation(entry.id)).toBe(true);
    expect(ids(await store.revocations(after?.mark))).not.toContain(entry.id);
    await store.close();
  });

  test('reads what has changed since a mark, and nothing else', async () => {
    const store = await open();
    const [old, gone] = [revocation(), revocation()];
    await store.putRevocation(old);
    await store.putRevocation(gone);
    const before = await store.revocations(undefined);
    expect(before?.kind).toBe('all');
    const [added, brief] = [revocation(), revocation()];
    await store.putRevocation(added);
    await store.putRevocation(brief);
    await store.deleteRevocation(gone.id);
    await store.deleteRevocation(brief.id);
    const after = await eventually('the changes are read by themselves', async () => {
      const read = await store.revocations(before?.mark);
      return read?.kind === 'changes' && read;
    });
    expect(ids(after)).toEqual([added.id]);
    expect(after.removed.toSorted()).toEqual([gone.id, brief.id].toSorted());
    expect(await store.revocations(after.mark)).toBeUndefined();
    await store.close();
  });

  test('reads everything where a mark is too old', async () => {
    const store = await open();
    await store.putRevocation(revocation());
    const before = await store.revocations(undefined);
    for (let n = 0; n < 2_500; n += 100) {
      await Promise.all(Array.from({ length: 100 }, () => store.putRevocation(revocation())));
    }
    const after = await store.revocations(before?.mark);
    expect(after?.kind).toBe('all');
    expect(after?.revocations.length).toBe((before?.revocations.length ?? 0) + 2_500);
    await store.close();
  });

  test('forgets what has ended, for good, and without a change to be read', async () => {
    const first = await open();
    const entries = Array.from({ length: 30 }, () => revocation({ expires: '2020-01-01T00:00:00Z' }));
    for (const entry of entries) await first.putRevocation(entry);
    const before = await first.revocations(undefined);
    const forgotten = await first.forgetRevocations([...entries.slice(1), revocation({ id: 'no-such-id' })]);
    expect(forgotten).toEqual(expect.arrayContaining(entries.slice(1).map(({ id }) => id)));
    expect(await first.revocations(before?.mark)).toBeUndefined();
    await first.close();
    const second = await open();
    const left = ids(await second.revocations(undefined));
    expect(entries.map(({ id }) => left.includes(id))).toEqual([true, ...Array<boolean>(29).fill(false)]);
    await second.close();
  });

  test('tells deleted revocations from stored ones', async () => {
    const store = await open();
    const [stored, deleted] = [revocation(), revocation()];
    for (const entry of [stored, deleted]) await store.putRevocation(entry);
    await store.deleteRevocation(deleted.id);
    const result = await store.restoreRevocations([stored, deleted], true);
    expect(result).toEqual({ restored: 0, deleted: [deleted.id] });
    expect(ids(await store.revocations(undefined))).toContain(stored.id);
    await store.close();
  });

  test('removes only what is there', async () => {
    const store = await open();
    expect(await store.deleteRevocation('no-such-id')).toBe(false);
    await store.close();
  });

  test('keeps the first value of a name for every caller and after a restart', async () => {
    const name = randomUUID();
    const first = await open();
    const answers = await Promise.all(['a', 'b', 'c'].map((value) => first.keepFirst(name, value)));
    expect(new Set(answers).size).toBe(1);
    await first.close();
    const second = await open();
    expect(await second.keepFirst(name, 'd')).toBe(answers[0]);
    expect(await second.keepFirst(randomUUID(), 'e')).toBe('e');
    await second.close();
  });

  test('lets the first claim a name, of all who ask at once, until it has ended', async () => {
    const store = await open();
    const name = randomUUID();
    const answers = await Promise.all([1, 2, 3, 4].map(() => store.claim(name, 60_000)));
    expect(answers.filter(Boolean)).toHaveLength(1);
    expect(await store.claim(randomUUID(), 60_000)).toBe(true);
    const short = randomUUID();
    expect(await store.claim(short, 50)).toBe(true);
    expect(await store.claim(short, 50)).toBe(false);
    await eventually('it has ended', () => store.claim(short, 60_000));
    await store.close();
  });

  test('keeps claims over a restart', async () => {
    const name = randomUUID();
    const first = await open();
    await first.claim(name, 60_000);
    await first.close();
    const second = await open();
    expect(await second.claim(name, 60_000)).toBe(false);
    await second.close();
  });

  test('binds a name to one value, of all who ask at once, until it has ended', async () => {
    const store = await open();
    const name = randomUUID();
    const answers = await Promise.all(['a', 'b', 'c', 'd'].map((value) => store.bind(name, value, 60_000)));
    expect(new Set(answers).size).toBe(1);
    expect(await store.bind(name, 'e', 60_000)).toBe(answers[0]);
    expect(await store.bind(randomUUID(), 'e', 60_000)).toBe('e');
    const short = randomUUID();
    expect(await store.bind(short, 'a', 50)).toBe('a');
    await eventually('it has ended', async () => (await store.bind(short, 'b', 60_000)) === 'b');
    await store.close();
  });

  test('keeps bound values over a restart', async () => {
    const name = randomUUID();
    const first = await open();
    await first.bind(name, 'a', 60_000);
    await first.close();
    const second = await open();
    expect(await second.bind(name, 'b', 60_000)).toBe('a');
    await second.close();
  });

  test('counts by key, for a while from the first', async () => {
    const store = await open();
    const key = randomUUID();
    expect(await store.count(key, 60_000)).toMatchObject({ count: 1 });
    const second = await store.count(key, 60_000);
    expect(second.count).toBe(2);
    expect(second.resetsIn).toBeGreaterThan(50_000);
    expect(second.resetsIn).toBeLessThanOrEqual(60_000);
    expect(await store.count(randomUUID(), 60_000)).toMatchObject({ count: 1 });
    await store.close();
  });

  test('is well', async () => {
    const store = await open();
    await store.revocations(undefined);
    expect(store.health()).toEqual({
      errors: 0,
      reachable: true,
      degraded: false,
      dataLosses: 0,
      lastSuccess: expect.any(Number),
    });
    await store.close();
  });
}
