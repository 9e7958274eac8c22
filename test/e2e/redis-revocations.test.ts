/** Revocations of several replicas in one Redis: incremental reads, mixed with replicas of an earlier version. */
import { expect, onTestFinished, test } from 'vitest';
import type { NewRevocation, RevocationHolder } from '../../src/core/credentials/revocation.ts';
import { createRevocations, openStore, type SyncedRevocations } from '../../src/state/index.ts';
import { recordingLog, sampleCredential, type RecordedLog } from '../support/audit-events.ts';
import { eventually } from '../support/eventually.ts';
import { needs } from '../support/needs.ts';
import { startRedis, tellRedis } from '../support/redis.ts';
import { revocation } from '../support/store-contract.ts';
import { useStarted } from '../support/use-started.ts';

const job = sampleCredential({ expiresAt: Infinity, claims: {} });

const ofIdentity = (value: string): NewRevocation => ({
  target: 'identity',
  value,
  issuer: undefined,
  reason: 'leaked',
  expires: undefined,
});

interface Replica {
  readonly revocations: SyncedRevocations;
  readonly log: RecordedLog;
}

needs('redis-server').describe('replicas', () => {
  const redis = useStarted(() => startRedis());

  async function replica(prefix: string, url = redis.url, ahead = 0): Promise<Replica> {
    const log = recordingLog();
    const clock = { now: () => Date.now() + ahead };
    const store = openStore({ redis: { url, timeout: 1_000, prefix } }, { clock, log });
    onTestFinished(() => store.close());
    const revocations = createRevocations(store, { clock, log }, { poll: 20, maxAge: 60_000 });
    onTestFinished(() => revocations.stop());
    await revocations.start();
    await eventually('the list is read', () => revocations.snapshot().usable);
    return { revocations, log };
  }

  const isRevoked = ({ revocations }: Replica, identity: string): boolean =>
    revocations.check(job, identity).kind === 'revoked';

  /** Reads the store once. */
  async function readOnce({ revocations }: Replica): Promise<void> {
    await revocations.start();
    revocations.stop();
  }

  const idsOf = ({ revocations }: Replica): readonly string[] =>
    revocations
      .list()
      .map(({ id }) => id)
      .toSorted();

  test('a clock that is ahead deletes no revocation that is in force', async () => {
    const HOUR = 3_600_000;
    const one = await replica('ahead:');
    const at = (offset: number): string => new Date(Date.now() + offset).toISOString();
    await one.revocations.add({ ...ofIdentity('payments'), expires: at(HOUR / 2) });
    await one.revocations.add({ ...ofIdentity('billing'), expires: at(-HOUR / 2) });
    const ahead = await replica('ahead:', redis.url, HOUR);
    const count = async () =>
      Number(/:(\d+)/.exec(await tellRedis(redis.port, 'HLEN ahead:revocations'))?.[1]);
    await eventually('the ended one is deleted', async () => (await count()) === 1);
    await eventually('the skew is reported', () =>
      ahead.log.lines.some(({ message }) => message.includes('clock of this replica is ahead of Redis')),
    );
    expect(isRevoked(await replica('ahead:'), 'payments')).toBe(true);
    expect(await count()).toBe(1);
  });

  test('read changes instead of the whole list', async () => {
    const [one, two] = [await replica('changed:'), await replica('changed:')];
    for (const { revocations } of [one, two]) revocations.stop();
    const first = await one.revocations.add(ofIdentity('first'));
    // A read between a change and its stream entry reads the whole list.
    const written = (count: number): Promise<unknown> =>
      eventually('the stream is complete', async () => {
        const length = await tellRedis(redis.port, 'XLEN changed:revocations:changes');
        return length.startsWith(`:${count}\r\n`);
      });
    await written(1);
    await Promise.all([one, two].map(readOnce));
    expect(isRevoked(two, 'first')).toBe(true);
    await tellRedis(redis.port, 'CONFIG RESETSTAT');
    for (let round = 1; round <= 5; round++) {
      for (let n = 0; n < 10; n++) {
        await one.revocations.add(ofIdentity(`one-${round}-${n}`));
        await two.revocations.add(ofIdentity(`two-${round}-${n}`));
      }
      await written(1 + 20 * round);
      await Promise.all([one, two].map(readOnce));
      expect(isRevoked(two, `one-${round}-9`) && isRevoked(one, `two-${round}-9`)).toBe(true);
    }
    await two.revocations.remove(first.id);
    await written(102);
    await Promise.all([one, two].map(readOnce));
    expect(isRevoked(one, 'first')).toBe(false);
    const stats = await tellRedis(redis.port, 'INFO commandstats');
    const calls = (name: string): number =>
      Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
    expect([calls('hset'), calls('hdel'), calls('xrange'), calls('hkeys')]).toEqual([100, 1, 12, 0]);
    expect(idsOf(one)).toEqual(idsOf(two));
    expect(idsOf(one)).toHaveLength(100);
  });

  test('agree after changes that are made during reads', async () => {
    const [one, two] = [await replica('meanwhile:'), await replica('meanwhile:')];
    const first = await one.revocations.add(ofIdentity('first'));
    await eventually('in sync', () => isRevoked(two, 'first'));
    for (let n = 0; n < 50; n++) {
      await one.revocations.add(ofIdentity(`one-${n}`));
      await two.revocations.add(ofIdentity(`two-${n}`));
    }
    await two.revocations.remove(first.id);
    await eventually('in sync', () => isRevoked(two, 'one-49') && isRevoked(one, 'two-49'));
    await eventually('removed', () => !isRevoked(one, 'first'));
    expect(idsOf(one)).toEqual(idsOf(two));
    expect(idsOf(one)).toHaveLength(100);
  });

  test('read changes while another replica adds without a pause', async () => {
    const [one, two] = [await replica('busy:'), await replica('busy:')];
    await one.revocations.add(ofIdentity('first'));
    await eventually('in sync', () => isRevoked(two, 'first'));
    await tellRedis(redis.port, 'CONFIG RESETSTAT');
    for (let n = 0; n < 1_500; n++) await one.revocations.add(ofIdentity(`one-${n}`));
    await eventually('in sync', () => isRevoked(two, 'one-1499'));
    const stats = await tellRedis(redis.port, 'INFO commandstats');
    expect(stats).toContain('cmdstat_xrange');
    // About 150 reads; one of them reads the whole list if the loaded machine delays a stream entry by 200 ms.
    expect(Number(/cmdstat_hkeys:calls=(\d+)/.exec(stats)?.[1] ?? 0)).toBeLessThan(5);
    expect(two.revocations.list()).toHaveLength(1_501);
    for (const { log } of [one, two])
      expect(log.lines.filter(({ message }) => message.includes('lost'))).toEqual([]);
  });

  test('see changes of a replica of an earlier version, which writes no stream', async () => {
    const [one, two] = [await replica('mixed:'), await replica('mixed:')];
    const kept = await one.revocations.add(ofIdentity('kept'));
    const old = { ...revocation({ value: 'old' }), reason: 'r' };
    const mark = (n: number): string => `SET mixed:revocations:mark earlier-${n}`;
    const body = JSON.stringify(old).replaceAll('"', '\\"');
    await tellRedis(redis.port, 'MULTI', `HSET mixed:revocations ${old.id} "${body}"`, mark(1), 'EXEC');
    await one.revocations.add(ofIdentity('new'));
    for (const each of [one, two]) {
      await eventually('all are seen', () => ['kept', 'old', 'new'].every((name) => isRevoked(each, name)));
    }
    await two.revocations.add(ofIdentity('newer'));
    await tellRedis(redis.port, 'MULTI', `HDEL mixed:revocations ${kept.id}`, mark(2), 'EXEC');
    for (const each of [one, two]) {
      await eventually('it is removed', () => !isRevoked(each, 'kept'));
      expect(['old', 'new', 'newer'].every((name) => isRevoked(each, name))).toBe(true);
    }
  });

  test('a new replica reads a long list in parts', async () => {
    const one = await replica('long:');
    for (let n = 0; n < 2_500; n += 100) {
      await Promise.all(
        Array.from({ length: 100 }, (_, i) => one.revocations.add(ofIdentity(`name-${n + i}`))),
      );
    }
    const two = await replica('long:');
    expect(two.revocations.list()).toHaveLength(2_500);
    await one.revocations.add(ofIdentity('last'));
    await eventually('later changes arrive', () => isRevoked(two, 'last'));
  });

  test('without write permission for the stream every change is still visible, and the log reports it once', async () => {
    const rules = 'ACL SETUSER limited on >secret ~* &* +@all -xadd';
    expect(await tellRedis(redis.port, rules)).toContain('+OK');
    const url = redis.url.replace('//', '//limited:secret@');
    const [one, two] = [await replica('limited:', url), await replica('limited:', url)];
    const added = await one.revocations.add(ofIdentity('a'));
    await one.revocations.add(ofIdentity('b'));
    await eventually('both are seen', () => isRevoked(two, 'a') && isRevoked(two, 'b'));
    await one.revocations.remove(added.id);
    await eventually('the removal is visible', () => !isRevoked(two, 'a'));
    const warnings = one.log.lines.filter(({ message }) => message.includes('stream'));
    expect(warnings.map(({ fields }) => fields)).toEqual([{ code: 'NOPERM' }]);
  });

  test('share the quotas of holders', async () => {
    const [one, two] = [await replica('quota:'), await replica('quota:')];
    const holder: RevocationHolder = { subject: 'gitlab project_id=20', identity: 'ci' };
    const revoke = async ({ revocations }: Replica, n: number): Promise<string> => {
      const wanted = { ...ofIdentity('x'), target: 'jti', value: `jti-${n}`, issuer: 'gitlab' } as const;
      return (await revocations.addByHolder(wanted, holder)).kind;
    };
    for (let n = 0; n < 60; n++) expect(await revoke(one, n)).toBe('added');
    await eventually('visible there', () => two.revocations.list().length === 60);
    expect(await revoke(two, 60)).toBe('quota_exceeded');
    // A new replica has it, too.
    expect(await revoke(await replica('quota:'), 61)).toBe('quota_exceeded');
  });
});
