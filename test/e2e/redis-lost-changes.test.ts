/** Redis loses acknowledged revocations at the worst moment, or without a visible loss: replicas restore them. */
import { expect, onTestFinished, test } from 'vitest';
import type { Store } from '../../src/core/store.ts';
import { createRevocations, openStore, type SyncedRevocations } from '../../src/state/index.ts';
import { recordingLog, sampleCredential } from '../support/audit-events.ts';
import { eventually } from '../support/eventually.ts';
import { needs } from '../support/needs.ts';
import { startRedis, tellRedis, type TestRedis } from '../support/redis.ts';
import { startTcpRelay } from '../support/tcp-relay.ts';

const clock = { now: Date.now };
const job = sampleCredential({ expiresAt: Infinity, claims: {} });

interface Replica {
  readonly store: Store;
  readonly revocations: SyncedRevocations;
}

/** Reads the store only when a test calls `readOnce`. */
async function replica(port: number): Promise<Replica> {
  const log = recordingLog();
  const settings = { url: `redis://127.0.0.1:${port}`, timeout: 1_000, prefix: 'lost:' };
  const store = openStore({ redis: settings }, { clock, log });
  onTestFinished(() => store.close());
  const revocations = createRevocations(store, { clock, log }, { poll: 600_000, maxAge: 600_000 });
  onTestFinished(() => revocations.stop());
  await eventually('the list is read', () => readOnce({ store, revocations }));
  return { store, revocations };
}

/** True after a successful read. */
async function readOnce({ store, revocations }: Replica): Promise<boolean> {
  const before = store.health().errors;
  await revocations.start();
  revocations.stop();
  return revocations.snapshot().usable && store.health().errors === before;
}

const readAgain = (each: Replica): Promise<boolean> => eventually('a read', () => readOnce(each));

const revoke = ({ revocations }: Replica, value: string) =>
  revocations.add({ target: 'identity', value, issuer: undefined, reason: 'leaked', expires: undefined });

const isRevoked = ({ revocations }: Replica, identity: string): boolean =>
  revocations.check(job, identity).kind === 'revoked';

async function expectKnown(values: readonly string[], replicas: readonly Replica[]): Promise<void> {
  for (const each of replicas) await readAgain(each);
  for (const each of replicas) await readAgain(each);
  for (const each of replicas) expect(values.filter((value) => !isRevoked(each, value))).toEqual([]);
}

needs('redis-server').describe('Redis', () => {
  async function start(): Promise<TestRedis> {
    const redis = await startRedis();
    onTestFinished(() => redis.close());
    return redis;
  }

  /** As a failover to a replica that lacks the last changes, or a restart from an older snapshot. */
  async function rollBack(redis: TestRedis, restore: () => Promise<void>): Promise<void> {
    await redis.kill();
    await restore();
    await redis.restart();
  }

  /** Makes the number of changes as high as before the loss, so that it does not reveal the loss. */
  const hideLoss = (redis: TestRedis): Promise<string> =>
    tellRedis(redis.port, 'INCRBY lost:revocations:serial 1000');

  test.each(['HMGET', 'XRANGE', 'HKEYS'])('is emptied just before a replica sends %s', async (name) => {
    const redis = await start();
    let armed: string | undefined;
    const relay = await startTcpRelay(redis.port, 0, (chunk) => {
      if (armed === undefined || !chunk.includes(armed)) return undefined;
      armed = undefined;
      return tellRedis(redis.port, 'FLUSHALL');
    });
    onTestFinished(() => relay.close());
    const one = await replica(relay.port);
    await revoke(one, 'first');
    await readAgain(one);
    if (name === 'HKEYS') await tellRedis(redis.port, 'FLUSHALL');
    else await revoke(one, 'second');
    armed = name;
    await readOnce(one);
    expect(armed).toBeUndefined();
    const values = name === 'HKEYS' ? ['first'] : ['first', 'second'];
    await expectKnown(values, [one, await replica(redis.port)]);
  });

  test('loses the last changes in a failover, and the number of changes does not show it', async () => {
    const redis = await start();
    const [one, two] = [await replica(redis.port), await replica(redis.port)];
    await revoke(one, 'kept');
    for (const each of [one, two]) await readAgain(each);
    const restore = await redis.snapshot();
    await revoke(one, 'read by both');
    for (const each of [one, two]) await readAgain(each);
    await rollBack(redis, restore);
    await hideLoss(redis);
    await expectKnown(['kept', 'read by both'], [two, one, await replica(redis.port)]);
  });

  test('loses in a failover a change that only its replica knows', async () => {
    const redis = await start();
    const [one, two] = [await replica(redis.port), await replica(redis.port)];
    await revoke(one, 'kept');
    for (const each of [one, two]) await readAgain(each);
    const restore = await redis.snapshot();
    await revoke(one, 'not read yet');
    await rollBack(redis, restore);
    await hideLoss(redis);
    await expectKnown(['kept', 'not read yet'], [one, two, await replica(redis.port)]);
  });

  test('a revocation that another replica deletes while it is written back is deleted', async () => {
    const redis = await start();
    const two = await replica(redis.port);
    let written: string | undefined;
    const relay = await startTcpRelay(redis.port, 0, (chunk) => {
      if (written === undefined || !chunk.includes('HSET')) return undefined;
      const id = written;
      written = undefined;
      return two.store.deleteRevocation(id);
    });
    onTestFinished(() => relay.close());
    const one = await replica(relay.port);
    const { id } = await revoke(one, 'deleted');
    await readAgain(one);
    await tellRedis(redis.port, 'FLUSHALL');
    written = id;
    for (const each of [one, two]) await readAgain(each);
    expect(written).toBeUndefined();
    for (const each of [one, two]) await readAgain(each);
    expect([one, two].map((each) => isRevoked(each, 'deleted'))).toEqual([false, false]);
    expect(await tellRedis(redis.port, 'HLEN lost:revocations')).toMatch(/^:0\r\n/);
  });

  test('a revocation that is deleted stays deleted, also at a replica that reads the whole list', async () => {
    const redis = await start();
    const [one, two] = [await replica(redis.port), await replica(redis.port)];
    const { id } = await revoke(one, 'deleted');
    for (const each of [one, two]) await readAgain(each);
    await one.revocations.remove(id);
    await tellRedis(redis.port, 'DEL lost:revocations:changes');
    await revoke(one, 'other');
    await tellRedis(redis.port, 'DEL lost:revocations:changes');
    await expectKnown(['other'], [two, one, await replica(redis.port)]);
    expect([one, two].map((each) => isRevoked(each, 'deleted'))).toEqual([false, false]);
    expect(await tellRedis(redis.port, 'HLEN lost:revocations')).toMatch(/^:1\r\n/);
  });
});
