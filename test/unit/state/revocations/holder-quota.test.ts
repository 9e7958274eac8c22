import { expect, test } from 'vitest';
import type { Revocation, RevocationHolder } from '../../../../src/core/credentials/revocation.ts';
import { HolderQuota } from '../../../../src/state/revocations/holder-quota.ts';
import { FrozenClock } from '../../../support/authentication.ts';
import { revocation } from '../../../support/store-contract.ts';

function quota() {
  const clock = new FrozenClock();
  const counted = new HolderQuota(clock);
  const entry = (holder: RevocationHolder | undefined): Revocation =>
    revocation({ created: new Date(clock.now()).toISOString(), holder });
  /** As the list does it: a place, the store, the entry. */
  function revoke(holder: RevocationHolder): string {
    const exceeded = counted.begin(holder);
    if (exceeded !== undefined) return `wait ${exceeded.retryAfter}`;
    counted.added(entry(holder));
    counted.end(holder);
    return 'added';
  }
  const times = (count: number, holder: (n: number) => RevocationHolder): Set<string> =>
    new Set(Array.from({ length: count }, (_, n) => revoke(holder(n))));
  return { clock, counted, entry, revoke, times };
}

const subject = (n: number): RevocationHolder => ({ subject: `gitlab project_id=${n}`, identity: 'ci' });

test('60 a minute for one subject, with the time to wait', () => {
  const { clock, revoke, times } = quota();
  expect(times(60, () => subject(1))).toEqual(new Set(['added']));
  expect(revoke(subject(1))).toBe('wait 60');
  clock.advance(45_500);
  expect(revoke(subject(1))).toBe('wait 15');
  expect(revoke(subject(2))).toBe('added');
  clock.advance(14_500);
  expect(revoke(subject(1))).toBe('added');
});

test('600 a minute for one identity, however many subjects it has', () => {
  const { revoke, times } = quota();
  expect(times(600, subject)).toEqual(new Set(['added']));
  expect(revoke(subject(1_000))).toBe('wait 60');
  expect(revoke({ ...subject(1_000), identity: 'other' })).toBe('added');
});

test('1,000 entries at a time for one subject; one that leaves the list makes room', () => {
  const { clock, counted, entry, revoke } = quota();
  const entries = Array.from({ length: 1_000 }, () => entry(subject(1)));
  for (const each of entries) counted.added(each);
  clock.advance(3_600_000);
  expect(revoke(subject(1))).toBe('wait 60');
  const [first] = entries;
  if (first !== undefined) counted.removed(first);
  expect(revoke(subject(1))).toBe('added');
  expect(revoke(subject(1))).toBe('wait 60');
});

test('10,000 entries at a time for one identity', () => {
  const { clock, counted, entry, revoke } = quota();
  for (let n = 0; n < 10_000; n++) counted.added(entry(subject(n)));
  clock.advance(3_600_000);
  expect(revoke(subject(10_001))).toBe('wait 60');
});

test('an addition under way has its place', () => {
  const { counted } = quota();
  for (let n = 0; n < 60; n++) expect(counted.begin(subject(1))).toBeUndefined();
  expect(counted.begin(subject(1))?.kind).toBe('quota_exceeded');
  counted.end(subject(1));
  expect(counted.begin(subject(1))).toBeUndefined();
});

test("operators' entries, and those of earlier versions, count for no one", () => {
  const { counted, entry, revoke } = quota();
  for (let n = 0; n < 2_000; n++) counted.added(entry(undefined));
  expect(revoke(subject(1))).toBe('added');
});

test('an entry from a replica whose clock is ahead counts for a minute', () => {
  const { clock, counted, revoke } = quota();
  const created = new Date(clock.now() + 3_600_000).toISOString();
  for (let n = 0; n < 60; n++) counted.added(revocation({ created, holder: subject(1) }));
  expect(revoke(subject(1))).toBe('wait 60');
  clock.advance(60_000);
  expect(revoke(subject(1))).toBe('added');
});

test('additions of other replicas beyond the rate are not kept: the newest decide', () => {
  const { clock, counted, entry, revoke } = quota();
  for (let n = 0; n < 300; n++) counted.added(entry(subject(n)));
  clock.advance(30_000);
  for (let n = 300; n < 900; n++) counted.added(entry(subject(n)));
  expect(revoke(subject(900))).toBe('wait 60');
});

test('if the clock is set back, the minute starts again', () => {
  const { clock, revoke, times } = quota();
  times(60, () => subject(1));
  clock.advance(-3_600_000);
  expect(revoke(subject(1))).toBe('wait 60');
  clock.advance(60_000);
  expect(revoke(subject(1))).toBe('added');
});
