import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { A, B, DOWN, rig } from './key-set-rig.ts';

describe('in the background', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
  afterEach(() => void vi.useRealTimers());

  test('refreshes at its interval, ± 10 %', async () => {
    const { set, source } = rig();
    set.start();
    await vi.advanceTimersByTimeAsync(539_000);
    expect(source.reads).toBe(1);
    await vi.advanceTimersByTimeAsync(122_000);
    expect(source.reads).toBe(2);
    set.stop();
    await vi.advanceTimersByTimeAsync(10_000_000);
    expect(source.reads).toBe(2);
  });

  test('refreshes as a SPIFFE bundle proposes', async () => {
    const { set, source } = rig({}, undefined, 'spiffe_bundle');
    source.answer = { keys: [{ ...A, use: 'jwt-svid' }], spiffe_refresh_hint: 120 };
    set.start();
    await vi.advanceTimersByTimeAsync(107_000);
    expect(source.reads).toBe(1);
    await vi.advanceTimersByTimeAsync(26_000);
    expect(source.reads).toBe(2);
    set.stop();
  });

  test('retries with a backoff of 1 s to 60 s, then returns to its interval', async () => {
    const { set, source } = rig();
    source.answer = DOWN;
    set.start();
    await vi.advanceTimersByTimeAsync(63_000);
    // 1 + 2 + 4 + 8 + 16 + 32 s
    expect(source.reads).toBeGreaterThanOrEqual(7);
    expect(source.reads).toBeLessThanOrEqual(8);
    const { reads } = source;
    await vi.advanceTimersByTimeAsync(600_000);
    expect(source.reads - reads).toBeGreaterThanOrEqual(10);
    expect(source.reads - reads).toBeLessThanOrEqual(13);
    source.answer = { keys: [A] };
    await vi.advanceTimersByTimeAsync(60_000);
    const recovered = source.reads;
    await vi.advanceTimersByTimeAsync(400_000);
    expect(source.reads).toBe(recovered);
    set.stop();
  });

  test.each([
    ['nothing', 0, 900],
    ['forever', Number.MAX_SAFE_INTEGER, 2 ** 31 - 2],
  ])('an interval of %s does not spin', async (_name, refresh, quiet) => {
    const { set, source } = rig({ refresh });
    set.start();
    await vi.advanceTimersByTimeAsync(Math.min(quiet, 790));
    expect(source.reads).toBe(1);
    if (quiet > 1_000) await vi.advanceTimersByTimeAsync(quiet - 790);
    expect(source.reads).toBe(1);
    set.stop();
  });

  test('a fetch that ends after stop schedules nothing', async () => {
    const { set, source } = rig();
    set.start();
    set.stop();
    await vi.advanceTimersByTimeAsync(10_000_000);
    expect(source.reads).toBe(1);
  });

  test('does not keep the process alive', () => {
    vi.useRealTimers();
    const unref = vi.spyOn(globalThis, 'setTimeout');
    const { set } = rig();
    set.start();
    return set.refresh().then(() => {
      const timer = unref.mock.results[0]?.value as NodeJS.Timeout;
      expect(timer.hasRef()).toBe(false);
      set.stop();
      unref.mockRestore();
    });
  });
});

describe('status and log', () => {
  test('log lines for loaded, failing (once) and recovered', async () => {
    const { set, source, log, meter } = rig();
    await set.refresh();
    await set.refresh();
    source.answer = DOWN;
    for (let at = 0; at < 50; at++) await set.refresh();
    source.answer = { keys: [] };
    await set.refresh();
    source.answer = { keys: [A, B] };
    await set.refresh();
    source.answer = { keys: [B] };
    await set.refresh();
    expect(log.lines).toEqual([
      { level: 'info', message: 'key set loaded', fields: { issuer: 'gitlab', keys: 1 } },
      {
        level: 'warn',
        message: 'key set not fetched',
        fields: { issuer: 'gitlab', code: 'outbound_failed', reason: 'ECONNREFUSED' },
      },
      {
        level: 'warn',
        message: 'key set not fetched',
        fields: {
          issuer: 'gitlab',
          code: 'key_set_invalid',
          reason: 'the key set has no usable signing key',
        },
      },
      { level: 'info', message: 'key set recovered', fields: { issuer: 'gitlab', keys: 2, failures: 51 } },
      { level: 'info', message: 'key set loaded', fields: { issuer: 'gitlab', keys: 1 } },
    ]);
    expect(meter.count('fetched gitlab success')).toBe(4);
    expect(meter.count('fetched gitlab failure')).toBe(51);
  });

  test('an unexpected error is not disclosed', async () => {
    const { set, source } = rig();
    source.answer = new TypeError('secret');
    await set.refresh();
    expect(set.status()).toMatchObject({ ready: false, keys: 0, lastError: 'unexpected error' });
  });

  test('status', async () => {
    const { set, source, clock } = rig();
    await set.refresh();
    const fetchedAt = clock.now();
    clock.advance(5);
    source.answer = DOWN;
    await set.refresh();
    expect(set.status()).toEqual({ ready: true, keys: 1, fetchedAt, lastError: 'ECONNREFUSED' });
    source.answer = { keys: [A] };
    await set.refresh();
    expect(set.status()).toEqual({ ready: true, keys: 1, fetchedAt: fetchedAt + 5, lastError: undefined });
  });
});
