import { hash } from 'node:crypto';
import { GatehouseError } from '../../core/errors.ts';
import type { Log } from '../../core/ports.ts';
import type { Store } from '../../core/store.ts';
import { CircuitBreaker } from '../../util/async/circuit-breaker.ts';
import type { RedisSettings } from './address.ts';
import { codeOf, RedisConnection, type RedisClient } from './connection.ts';
import { createRedisRevocations } from './revocations.ts';

/** One lost connection fails many commands at once: what matters is how long nothing works. */
const FAILURES = 3;
const PAUSE = 1_000;

/** The store that replicas share. Nothing on a request's way waits for it. */
export function openRedisStore(settings: RedisSettings, ports: { readonly log: Log }): Store {
  const { timeout } = settings;
  const connection = new RedisConnection(settings, ports.log);
  // Not the wall clock: set back, it would keep a breaker open for as long.
  const monotonic = (): number => performance.now();
  // A flood of guesses may overload its own counting, but not keep revocations from being read.
  const breaker = new CircuitBreaker(monotonic, FAILURES, PAUSE);
  const countBreaker = new CircuitBreaker(monotonic, FAILURES, PAUSE);
  let errors = 0;

  async function command<T>(call: (client: RedisClient) => Promise<T>, circuit = breaker): Promise<T> {
    const away = (why: string): GatehouseError => new GatehouseError('store_unavailable', `Redis: ${why}`);
    try {
      return await circuit.run(
        () => within(timeout, call(connection.client)),
        () => away('not asked, after failing repeatedly'),
      );
    } catch (cause) {
      errors += 1;
      if (breaker.isOpen) connection.renewIfStuck();
      // Without the cause: what a server answers may quote what it was sent.
      throw cause instanceof GatehouseError ? cause : away(codeOf(cause));
    }
  }

  return {
    ...createRedisRevocations(command, ports.log),
    count: (key, window) =>
      command(async (client) => {
        // Whoever fails chose the key, and people type secrets as user names: neither its length nor its text is kept.
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
        const had = await client.get(key);
        if (had !== null) return String(had);
        const [, kept] = await client.multi().set(key, value, { condition: 'NX' }).get(key).execTyped();
        return String(kept);
      }),
    claim: (name, lifetime) =>
      command(async (client) => {
        const expiration = { type: 'PX', value: Math.ceil(lifetime) } as const;
        const first = await client.set(`claimed:${name}`, '1', { condition: 'NX', expiration });
        return first !== null;
      }),
    health: () => ({ errors, degraded: breaker.isFailing || !connection.isReady }),
    async close() {
      connection.close();
    },
  };
}

/** A command whose answer is late may still take effect; its caller is told that it is not known. */
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
