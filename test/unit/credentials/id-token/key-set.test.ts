import { describe, expect, test } from 'vitest';
import { A, B, DOWN, rig } from './key-set-rig.ts';
import type { Rig } from './key-set-rig.ts';

describe('first use', () => {
  test('fetches once for concurrent requests', async () => {
    const { ask, source } = rig();
    expect(await Promise.all([ask('a'), ask('a'), ask('a')])).toEqual(['1 key', '1 key', '1 key']);
    expect(source.reads).toBe(1);
  });

  test('waits for the prefetch', async () => {
    const { set, ask, source } = rig();
    const { promise, resolve } = Promise.withResolvers<unknown>();
    source.answer = promise;
    set.start();
    const pending = ask('a');
    resolve({ keys: [A] });
    expect(await pending).toBe('1 key');
    expect(source.reads).toBe(1);
    set.stop();
  });

  test('without keys: 503 with the time of the next attempt', async () => {
    const { set, source } = rig();
    source.answer = DOWN;
    expect(await set.keysFor('a')).toMatchObject({
      kind: 'unable',
      reason: 'issuer_unavailable',
      detail: 'the keys of issuer gitlab are unavailable: ECONNREFUSED',
      retryAfter: 1,
    });
  });
});

describe('unknown kid', () => {
  test('causes a bounded number of fetches for any number of key ids', async () => {
    const { ask, source, clock } = rig();
    await ask('a');
    const reads: number[] = [];
    let kids = 0;
    for (let second = 0; second <= 120; second++) {
      for (let at = 0; at < 10; at++) await ask(`x${(kids += 1)}`);
      if (second % 30 === 0) reads.push(source.reads);
      clock.advance(1_000);
    }
    // Two at once, then per 30 s: one for a new key id, and three retries after it.
    expect(reads).toEqual([3, 7, 11, 15, 19]);
  });

  test('after a fetch: 401; while the next fetch is withheld: 503 with its time', async () => {
    const { set, ask, source, clock } = rig();
    await ask('a');
    expect(await set.keysFor('b')).toMatchObject({ reason: 'signature_invalid', keyId: 'b' });
    expect(await set.keysFor('b')).toMatchObject({
      kind: 'unable',
      reason: 'signing_key_pending',
      detail: 'issuer gitlab did not publish kid "b" when its keys were last fetched',
      retryAfter: 2,
      keyId: 'b',
    });
    expect(source.reads).toBe(2);
    clock.advance(2_000);
    source.answer = { keys: [A, B] };
    expect(await ask('b')).toBe('1 key');
  });

  test('retries 2, 4, 8 and 16 s after a fetch, then once per cooldown', async () => {
    const { ask, source, clock } = rig();
    await ask('a');
    await ask('b');
    const fetched: number[] = [];
    for (let second = 1; second <= 120; second++) {
      clock.advance(1_000);
      const { reads } = source;
      await ask('b');
      if (source.reads > reads) fetched.push(second);
    }
    expect(fetched).toEqual([2, 6, 14, 30, 60, 90, 120]);
  });

  test('an invented key id does not delay a rotation', async () => {
    const { ask, source, clock } = rig();
    await ask('a');
    for (let second = 0; second < 300; second++) {
      await ask('x');
      clock.advance(1_000);
    }
    source.answer = { keys: [B] };
    expect(await ask('b')).toBe('1 key');
  });

  test('that the issuer has withdrawn is invalid, not pending', async () => {
    const { ask, source } = rig();
    await ask('a');
    source.answer = { keys: [B] };
    expect(await ask('b')).toBe('1 key');
    for (let at = 0; at < 10; at++) expect(await ask('a')).toBe('signature_invalid');
  });

  test('finds a new key at once', async () => {
    const { ask, source } = rig();
    await ask('a');
    source.answer = { keys: [A, B] };
    expect(await Promise.all([ask('b'), ask('b')])).toEqual(['1 key', '1 key']);
    expect(source.reads).toBe(2);
  });

  test('waits for a fetch in flight', async () => {
    const { ask, source } = rig();
    await ask('a');
    const { promise, resolve } = Promise.withResolvers<unknown>();
    source.answer = promise;
    const burnt = ask('x');
    const rotated = ask('b');
    resolve({ keys: [B] });
    expect(await burnt).toBe('signature_invalid');
    expect(await rotated).toBe('1 key');
    expect(source.reads).toBe(2);
  });

  test('while the issuer is unreachable: 503', async () => {
    const { ask, source } = rig();
    await ask('a');
    source.answer = DOWN;
    expect(await ask('x')).toBe('issuer_unavailable');
    expect(await ask('a')).toBe('1 key');
  });

  test('a clock that is set back does not prevent fetches', async () => {
    const { ask, source, clock } = rig();
    await ask('x');
    const { reads } = source;
    clock.advance(-3_600_000);
    await ask('x');
    // One because the age of the keys is unknown, one for the key id.
    expect(source.reads).toBe(reads + 2);
  });

  test('a file is read again after a second', async () => {
    const { ask, source, clock } = rig({}, 1_000);
    await ask('a');
    await ask('x');
    source.answer = { keys: [B] };
    clock.advance(1_000);
    expect(await ask('b')).toBe('1 key');
  });

  test('returns all keys with the same kid', async () => {
    const { ask, source } = rig();
    source.answer = { keys: [A, { ...B, kid: 'a' }, A] };
    expect(await ask('a')).toBe('2 key');
  });
});

describe('handles', () => {
  async function handleOf({ set }: Rig, kid: string): Promise<{ alive: boolean } | undefined> {
    const keys = await set.keysFor(kid);
    return 'kind' in keys ? undefined : keys[0];
  }

  test('an unchanged key keeps its handle; a removed key is invalidated', async () => {
    const it = rig();
    it.source.answer = { keys: [A, B] };
    const [a, b] = [await handleOf(it, 'a'), await handleOf(it, 'b')];
    it.source.answer = { keys: [B] };
    await it.set.refresh();
    expect([a?.alive, b?.alive]).toEqual([false, true]);
    expect(await handleOf(it, 'b')).toBe(b);
    expect(await it.ask('a')).toBe('signature_invalid');
  });

  test('another key with the same kid replaces it', async () => {
    const it = rig();
    const old = await handleOf(it, 'a');
    it.source.answer = { keys: [{ ...B, kid: 'a' }] };
    await it.set.refresh();
    expect(old?.alive).toBe(false);
    expect((await handleOf(it, 'a'))?.alive).toBe(true);
  });

  test.each([
    ['a failure', DOWN],
    ['an empty set', { keys: [] }],
    ['nonsense', 'keys'],
  ])('%s keeps the previous keys', async (_name, answer) => {
    const it = rig();
    const handle = await handleOf(it, 'a');
    it.source.answer = answer;
    await it.set.refresh();
    expect(handle?.alive).toBe(true);
    expect(await it.ask('a')).toBe('1 key');
  });
});

describe('stale limit', () => {
  test('starts at the last successful fetch', async () => {
    const { set, ask, source, clock } = rig({ staleLimit: 1_000_000 });
    await ask('a');
    source.answer = DOWN;
    clock.advance(1_000_000);
    expect(set.usable()).toBe(true);
    expect(await ask('a')).toBe('1 key');
    clock.advance(1);
    expect(set.usable()).toBe(false);
    expect(await ask('a')).toBe('issuer_unavailable');
    clock.advance(60_000);
    source.answer = { keys: [A] };
    expect(await ask('a')).toBe('1 key');
    expect(set.usable()).toBe(true);
  });
});

describe('a clock that is set back', () => {
  const HOUR = 3_600_000;

  test('the keys are fetched again: their age is unknown', async () => {
    const { ask, source, clock, set } = rig();
    await ask('a');
    clock.advance(-HOUR);
    expect(set.usable()).toBe(false);
    expect(await ask('a')).toBe('1 key');
    expect([source.reads, set.usable()]).toEqual([2, true]);
  });

  test('while the issuer is unreachable: 503, with a short Retry-After', async () => {
    const { ask, set, source, clock } = rig();
    await ask('a');
    source.answer = DOWN;
    await set.refresh();
    clock.advance(-HOUR);
    const refusal = await set.keysFor('a');
    expect(refusal).toMatchObject({ reason: 'issuer_unavailable' });
    expect('kind' in refusal && refusal.kind === 'unable' && refusal.retryAfter).toBeLessThanOrEqual(60);
    expect(source.reads).toBe(3);
  });
});

describe('backoff', () => {
  test('requests cause no additional fetches while the issuer is unreachable', async () => {
    const { ask, source, clock } = rig();
    source.answer = DOWN;
    for (let at = 0; at < 100; at++) await ask('a');
    expect(source.reads).toBe(1);
    clock.advance(1_000);
    for (let at = 0; at < 100; at++) await ask('a');
    expect(source.reads).toBe(2);
  });

  test('unknown kids cause none either', async () => {
    const { ask, source } = rig({ cooldown: 0 });
    await ask('a');
    source.answer = DOWN;
    for (let at = 0; at < 100; at++) await ask('x');
    expect(source.reads).toBe(2);
  });
});
