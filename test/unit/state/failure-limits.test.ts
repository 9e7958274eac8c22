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

let guesses = 0;

/** Another wrong credential each time. */
function wrong(): PresentedCredential {
  return { ...JOB, token: `glcbt-${(guesses += 1)}` };
}

function deploy(username: string | undefined, token = `guess-${(guesses += 1)}`): PresentedCredential {
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
    expect(fail(6, () => failed('192.0.2.1', wrong()))).toEqual([...Array<undefined>(5), 'rate_limited']);
    expect(failed('192.0.2.1', wrong())?.retryAfter).toBe(60);
    expect(failed('192.0.2.2', JOB)).toBeUndefined();
  });

  test('of one address at other replicas count, too', async () => {
    const clock = new FrozenClock();
    const store = openStore({ sqlite: { file: ':memory:' } }, { clock, log: recordingLog() });
    const [one, two] = [limits(clock, store), limits(clock, store)];
    fail(4, () => one.failed('192.0.2.1', wrong()));
    expect(two.failed('192.0.2.1', wrong())).toBeUndefined();
    // The second replica has seen one failure; the limit of five is reached with the four of the first.
    await store.count('another key', 1);
    expect(two.failed('192.0.2.1', wrong())?.reason).toBe('rate_limited');
  });

  test('start over after the window', () => {
    const clock = new FrozenClock();
    const { failed } = limits(clock);
    fail(6, () => failed('192.0.2.1', wrong()));
    clock.advance(59_999);
    expect(failed('192.0.2.1', wrong())?.retryAfter).toBe(1);
    clock.advance(1);
    expect(failed('192.0.2.1', wrong())).toBeUndefined();
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
    expect(fail(6, (n) => failed(`2001:db8:1:2::${n.toString(16)}`, wrong())).at(-1)).toBe('rate_limited');
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

  test('count once per window if they repeat, for the address and for the name', () => {
    const { failed } = limits();
    expect(fail(100, () => failed('192.0.2.1', JOB))).toEqual(Array(100).fill(undefined));
    expect(fail(5, () => failed('192.0.2.1', wrong()))).toEqual([...Array<undefined>(4), 'rate_limited']);
    expect(failed('192.0.2.1', JOB)?.reason).toBe('rate_limited');
    expect(fail(100, (n) => failed(`192.0.3.${n}`, deploy('edge', 'same')))).toEqual(
      Array(100).fill(undefined),
    );
    expect(fail(3, (n) => failed(`192.0.3.${n}`, deploy('edge'))).at(-1)).toBe('rate_limited');
  });

  test('with another class or user name are others', () => {
    const { failed } = limits();
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    expect(fail(6, (n) => failed('192.0.2.1', deploy(names[n], 'same'))).at(-1)).toBe('rate_limited');
  });

  test('repeated ones beyond the remembered number count each time', () => {
    const store = openStore(
      { sqlite: { file: ':memory:' } },
      { clock: new FrozenClock(), log: recordingLog() },
    );
    const { failed } = createFailureLimits({ ...SETTINGS, perAddress: 60 }, store, new FrozenClock());
    const credentials = Array.from({ length: 55 }, wrong);
    expect(credentials.map((each) => failed('192.0.2.1', each)).filter(Boolean)).toEqual([]);
    expect(fail(6, () => failed('192.0.2.1', credentials[54])).at(-1)).toBe('rate_limited');
  });

  test('of one unknown key id count once', () => {
    const { failed } = limits();
    expect(fail(100, () => failed('192.0.2.1', wrong(), 'new-key'))).toEqual(Array(100).fill(undefined));
  });

  test('that wait for a key have a limit of their own, by key id', () => {
    const { failed, pending } = limits();
    expect(fail(100, () => pending('192.0.2.1', 'new-key'))).toEqual(Array(100).fill(undefined));
    expect(fail(5, (n) => pending('192.0.2.1', `invented-${n}`))).toEqual([
      ...Array<undefined>(4),
      'rate_limited',
    ]);
    expect(failed('192.0.2.1', wrong())).toBeUndefined();
    expect(pending('192.0.2.2', 'new-key')).toBeUndefined();
  });

  test('are counted together with other replicas', async () => {
    const clock = new FrozenClock();
    const store = openStore({ sqlite: { file: ':memory:' } }, { clock, log: recordingLog() });
    const [one, two] = [limits(clock, store), limits(clock, store)];
    fail(5, () => one.failed('192.0.2.1', wrong()));
    expect(two.failed('192.0.2.1', wrong())).toBeUndefined();
    await eventually('the shared count is known', () => two.failed('192.0.2.1', wrong()));
  });

  test('without the store, limits hold here', () => {
    const store: Store = {
      ...openStore({ sqlite: { file: ':memory:' } }, { clock: { now: Date.now }, log: recordingLog() }),
      count: () => Promise.reject(new Error('away')),
    };
    const { failed } = limits(new FrozenClock(), store);
    expect(fail(6, () => failed('192.0.2.1', wrong())).at(-1)).toBe('rate_limited');
  });
});
