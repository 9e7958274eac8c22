import { describe, expect, test } from 'vitest';
import type { PresentedCredential } from '../../../src/core/credentials/credential.ts';
import type { Store } from '../../../src/core/store.ts';
import { createFailureLimits, openStore } from '../../../src/state/index.ts';
import { recordingLog } from '../../support/audit-events.ts';
import { FrozenClock } from '../../support/authentication.ts';
import { eventually } from '../../support/eventually.ts';

const SETTINGS = { perAddress: 5, perName: 3, window: 60_000 };
const JOB: PresentedCredential = {
  class: 'job_token',
  credentialSource: 'basic',
  token: 'glcbt-x',
  username: 'gitlab-ci-token',
};

function deploy(username: string | undefined, token = 'guess'): PresentedCredential {
  return { class: 'deploy_token', credentialSource: 'basic', token, username };
}

function limits(clock = new FrozenClock(), store?: Store) {
  const real = store ?? openStore({ sqlite: { file: ':memory:' } }, { clock, log: recordingLog() });
  return createFailureLimits(SETTINGS, real, clock);
}

function fail(times: number, one: (n: number) => ReturnType<ReturnType<typeof limits>['failed']>) {
  return Array.from({ length: times }, (_, n) => one(n)?.reason);
}

describe('failed credentials', () => {
  test('of one address: 429 beyond the limit, with the time to wait', () => {
    const { failed } = limits();
    expect(fail(6, () => failed('192.0.2.1', JOB))).toEqual([...Array<undefined>(5), 'rate_limited']);
    expect(failed('192.0.2.1', JOB)?.retryAfter).toBe(60);
    expect(failed('192.0.2.2', JOB)).toBeUndefined();
  });

  test('start over after the window', () => {
    const clock = new FrozenClock();
    const { failed } = limits(clock);
    fail(6, () => failed('192.0.2.1', JOB));
    clock.advance(59_999);
    expect(failed('192.0.2.1', JOB)?.retryAfter).toBe(1);
    clock.advance(1);
    expect(failed('192.0.2.1', JOB)).toBeUndefined();
  });

  test('B2 of one name, from many addresses and in any case', () => {
    const { failed } = limits();
    const spellings = ['edge', 'EDGE', 'Edge', 'eDGe'];
    expect(fail(4, (n) => failed(`192.0.2.${n}`, deploy(spellings[n])))).toEqual([
      ...Array<undefined>(3),
      'rate_limited',
    ]);
  });

  test('of one IPv6 network: its addresses are one client', () => {
    const { failed } = limits();
    expect(fail(6, (n) => failed(`2001:db8:1:2::${n.toString(16)}`, JOB)).at(-1)).toBe('rate_limited');
    expect(failed('2001:db8:1:2:ffff:1:2:3', JOB)?.reason).toBe('rate_limited');
    expect(failed('2001:db8:1:3::1', JOB)).toBeUndefined();
    expect(failed('::1', JOB)).toBeUndefined();
  });

  test('that were no credential at all count too', () => {
    const { failed } = limits();
    expect(fail(6, () => failed('192.0.2.1', undefined)).at(-1)).toBe('rate_limited');
  });

  test('a name in the secret counts like a user name', () => {
    const { failed } = limits();
    const secret = (n: number) => `ghdt_edge_${String(n).padStart(64, '0')}`;
    expect(fail(4, (n) => failed(`192.0.2.${n}`, deploy(undefined, secret(n)))).at(-1)).toBe('rate_limited');
  });

  test('names that everybody uses are limited by address only', () => {
    const { failed } = limits();
    expect(fail(20, (n) => failed(`192.0.2.${n}`, JOB))).toEqual(Array(20).fill(undefined));
  });

  test('are counted together with other replicas', async () => {
    const clock = new FrozenClock();
    const store = openStore({ sqlite: { file: ':memory:' } }, { clock, log: recordingLog() });
    const [one, two] = [limits(clock, store), limits(clock, store)];
    fail(5, () => one.failed('192.0.2.1', JOB));
    expect(two.failed('192.0.2.1', JOB)).toBeUndefined();
    await eventually('the shared count is known', () => two.failed('192.0.2.1', JOB));
  });

  test('without the store, limits hold here', () => {
    const store: Store = {
      ...openStore({ sqlite: { file: ':memory:' } }, { clock: { now: Date.now }, log: recordingLog() }),
      count: () => Promise.reject(new Error('away')),
    };
    const { failed } = limits(new FrozenClock(), store);
    expect(fail(6, () => failed('192.0.2.1', JOB)).at(-1)).toBe('rate_limited');
  });
});
