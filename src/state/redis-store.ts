import { readFileSync } from 'node:fs';
import { createClient } from 'redis';
import { GatehouseError } from '../contract/errors.ts';
import type { Clock, Log } from '../contract/ports.ts';
import type { Revocation } from '../contract/revocation.ts';
import type { Store } from '../contract/store.ts';
import { CircuitBreaker } from '../lib/circuit-breaker.ts';
import { WatchedFailure } from './watched-failure.ts';

export interface RedisSettings {
  readonly url?: string | undefined;
  readonly urlFile?: string | undefined;
  readonly caFile?: string | undefined;
  /** Milliseconds, for each command. */
  readonly timeout: number;
  /** Of all keys. */
  readonly prefix: string;
}

/** One lost connection fails many commands at once: what matters is how long nothing works. */
const FAILURES = 3;
const PAUSE = 1_000;

/** The store that replicas share. Nothing on a request's way waits for it. */
export function openRedisStore(settings: RedisSettings, ports: { clock: Clock; log: Log }): Store {
  const { timeout, prefix } = settings;
  const client = createClient({
    url: settings.url ?? read('urlFile', settings.urlFile ?? '').trim(),
    keyPrefix: prefix,
    // Commands of a time without connection must not take effect later.
    disableOfflineQueue: true,
    commandsQueueMaxLength: 1_000,
    socket: {
      connectTimeout: 2_000,
      reconnectStrategy: (attempts) => Math.min(100 * 2 ** attempts, 2_000),
      ...(settings.caFile === undefined ? {} : { tls: true as const, ca: read('caFile', settings.caFile) }),
    },
  });
  const trouble = new WatchedFailure('the store', ports.log);
  // Without a listener the first lost connection would end the process. The message may hold an address, so only its code.
  client.on('error', (error: unknown) => trouble.failed(codeOf(error)));
  client.on('ready', () => trouble.recovered());
  client.connect().catch((error: unknown) => trouble.failed(codeOf(error)));

  const breaker = new CircuitBreaker(() => ports.clock.now(), FAILURES, PAUSE);
  let errors = 0;

  async function command<T>(call: () => Promise<T>): Promise<T> {
    const away = (why: string, cause?: unknown): GatehouseError =>
      new GatehouseError('store_unavailable', `Redis: ${why}`, { cause });
    try {
      return await breaker.run(
        () => within(timeout, call()),
        () => away('not asked, after failing repeatedly'),
      );
    } catch (cause) {
      errors += 1;
      throw cause instanceof GatehouseError ? cause : away(codeOf(cause), cause);
    }
  }

  return {
    putRevocation: (revocation) =>
      command(async () => {
        await client.multi().hSet(LIST, revocation.id, JSON.stringify(revocation)).incr(MARK).exec();
      }),
    deleteRevocation: (id) =>
      command(async () => {
        const [removed] = await client.multi().hDel(LIST, id).incr(MARK).execTyped();
        return Number(removed) > 0;
      }),
    async revocations(since) {
      const mark = (await command(() => client.get(MARK))) ?? '0';
      if (mark === since) return undefined;
      const [current, entries] = await command(() => client.multi().get(MARK).hVals(LIST).execTyped());
      return {
        mark: current ?? '0',
        revocations: entries.map((body) => JSON.parse(body) as Revocation),
      };
    },
    count: (key, window) =>
      command(async () => {
        const name = `failures:${key}`;
        const [count, , left] = await client
          .multi()
          .incr(name)
          .pExpire(name, window, 'NX')
          .pTTL(name)
          .execTyped();
        return { count: Number(count), resetsIn: Math.max(Number(left), 0) };
      }),
    health: () => ({ errors, degraded: breaker.isFailing || !client.isReady }),
    async close() {
      client.destroy();
    },
  };
}

const LIST = 'revocations';
const MARK = 'revocations:mark';

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

function codeOf(error: unknown): string {
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  if (!(error instanceof Error)) return 'unknown';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}

function read(key: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown';
    throw new GatehouseError('startup_failed', `state.redis.${key}: ${file} cannot be read (${code})`, {
      cause,
    });
  }
}
