import { hash } from 'node:crypto';
import { GatehouseError } from '../../core/errors.ts';
import type { Clock, Log } from '../../core/ports.ts';
import type { Store, StoreHealth } from '../../core/store.ts';
import { CircuitBreaker } from '../../util/async/circuit-breaker.ts';
import { CallRecord } from '../call-record.ts';
import type { RedisSettings } from './address.ts';
import { timeOf } from './clock.ts';
import { codeOf, RedisConnection, type RedisClient } from './connection.ts';
import { createDataSet } from './data-set.ts';
import { createRedisRevocations } from './revocations.ts';
import { createWriteProbe } from './write-probe.ts';

/** The breaker counts time, not failures, because one lost connection fails many commands at once. */
const FAILURES = 3;
const PAUSE = 1_000;
/** Milliseconds. */
const REPORTS_LIFETIME = 60_000;

/** The store that replicas share. Authorization does not wait for it. */
export function openRedisStore(
  settings: RedisSettings,
  ports: { readonly clock: Clock; readonly log: Log },
): Store {
  const { timeout } = settings;
  const connection = new RedisConnection(settings, ports.log);
  // A monotonic clock: a wall clock that is set back would keep the breaker open.
  const monotonic = (): number => performance.now();
  // A separate breaker, so that a flood of failed credentials cannot block the reads of revocations.
  const breaker = new CircuitBreaker(monotonic, FAILURES, PAUSE);
  const countBreaker = new CircuitBreaker(monotonic, FAILURES, PAUSE);
  const reportBreaker = new CircuitBreaker(monotonic, FAILURES, PAUSE);
  const probe = createWriteProbe(ports.log, () => connection.renewIfStuck());
  const calls = new CallRecord(ports.clock);

  async function command<T>(call: (client: RedisClient) => Promise<T>, circuit = breaker): Promise<T> {
    const away = (why: string): GatehouseError => new GatehouseError('store_unavailable', `Redis: ${why}`);
    try {
      const result = await circuit.run(
        () => within(timeout, call(connection.client)),
        () => away('not called after repeated failures'),
      );
      calls.succeeded();
      return result;
    } catch (cause) {
      if (!(cause instanceof GatehouseError)) probe.failed(codeOf(cause));
      if (breaker.isOpen) connection.renewIfStuck();
      // Without the cause, because an error reply may quote the command.
      const error = cause instanceof GatehouseError ? cause : away(codeOf(cause));
      calls.failed(error.message);
      throw error;
    }
  }

  const dataSet = createDataSet(command, probe, ports);

  function health(): StoreHealth {
    const reachable = connection.isReady && !breaker.isFailing;
    const refusal = probe.detail();
    return {
      ...calls.status,
      reachable,
      degraded: !reachable || refusal !== undefined,
      detail: refusal ?? (reachable ? dataSet.detail() : 'Redis cannot be reached'),
      dataLosses: dataSet.losses(),
    };
  }

  return {
    kind: 'redis',
    shared: true,
    ...createRedisRevocations(command, dataSet, ports),
    count: (key, window) =>
      command(async (client) => {
        // The client chooses the key and may send a secret as the user name, so the key is hashed to a fixed length.
        const name = `failures:${hash('sha256', key)}`;
        const [count, , left] = await client
          .multi()
          .incr(name)
          .pExpire(name, window, 'NX')
          .pTTL(name)
          .execTyped();
        return { count: Number(count), resetsIn: Math.max(Number(left), 0) };
      }, countBreaker),
    keepFirst: (name, value) =>
      command(async (client) => {
        const key = `kept:${name}`;
        const stored = await client.get(key);
        if (stored !== null) return String(stored);
        const [, kept] = await client.multi().set(key, value, { condition: 'NX' }).get(key).execTyped();
        return String(kept);
      }),
    async keepUntil(list, values) {
      const key = `kept:${list}`;
      const members = [...values].map(([value, score]) => ({ value, score }));
      const all = await command(async (client) => {
        const change = client.multi();
        if (members.length > 0) {
          // Without permission for TIME nothing is removed; the list has one entry per replaced key.
          const now = await timeOf(client).catch(() => -Infinity);
          change.zAdd(key, members, { comparison: 'GT' }).zRemRangeByScore(key, '-inf', now);
        }
        const replies = await change.zRangeWithScores(key, 0, -1).exec();
        return replies.at(-1) as unknown as readonly { readonly value: string; readonly score: number }[];
      });
      return new Map(all.map(({ value, score }) => [value, score]));
    },
    exchangeReports: (list, id, report, gone) =>
      command(async (client) => {
        const key = `reports:${list}`;
        const change = client.multi().hSet(key, id, report).pExpire(key, REPORTS_LIFETIME);
        if (gone.length > 0) change.hDel(key, [...gone]);
        const replies = await change.hGetAll(key).exec();
        return new Map(Object.entries(replies.at(-1) as unknown as Readonly<Record<string, string>>));
      }, reportBreaker),
    claim: (name, lifetime) =>
      command(async (client) => {
        const options = { condition: 'NX', expiration: milliseconds(lifetime) } as const;
        return (await client.set(`claimed:${name}`, '1', options)) !== null;
      }),
    bind: (name, value, lifetime) =>
      command(async (client) => {
        const key = `bound:${name}`;
        const options = { condition: 'NX', expiration: milliseconds(lifetime) } as const;
        const [, bound] = await client.multi().set(key, value, options).get(key).execTyped();
        return String(bound);
      }),
    backUp: undefined,
    health,
    async close() {
      connection.close();
    },
  };
}

function milliseconds(lifetime: number) {
  return { type: 'PX', value: Math.ceil(lifetime) } as const;
}

/** A command that times out may still take effect, so its result is reported as unknown. */
async function within<T>(timeout: number, call: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new GatehouseError('store_unavailable', `Redis: no answer in ${timeout} ms`)),
      timeout,
    );
  });
  try {
    return await Promise.race([call, late]);
  } finally {
    clearTimeout(timer);
  }
}
