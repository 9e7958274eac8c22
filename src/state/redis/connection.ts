import { GatehouseError } from '../../core/errors.ts';
import type { Log } from '../../core/ports.ts';
import { readAddress, type RedisAddress, type RedisSettings } from './address.ts';
import { WatchedFailure } from '../watched-failure.ts';

const CONNECT_TIMEOUT = 2_000;
/** A new connection has so long to work before it is given up; a slow handshake takes less. */
const PATIENCE = 3_000;

async function createClient(address: RedisAddress, prefix: string) {
  // Only here: loading the package takes 100 ms, which those who need no Redis should not wait for.
  const redis = await import('redis');
  const { host, port, username, password, database, tls } = address;
  return redis.createClient({
    database,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    keyPrefix: prefix,
    // Commands of a time without connection must not take effect later.
    disableOfflineQueue: true,
    commandsQueueMaxLength: 1_000,
    // By default a server may send the client elsewhere and have it wait for 10 s.
    maintNotifications: 'disabled',
    socket: {
      host,
      port,
      connectTimeout: CONNECT_TIMEOUT,
      reconnectStrategy: (attempts) => Math.min(100 * 2 ** attempts, 2_000),
      ...(tls === undefined ? {} : { tls: true as const, rejectUnauthorized: true, ...tls }),
    },
  });
}

export type RedisClient = Awaited<ReturnType<typeof createClient>>;

/**
 * The client reconnects by itself when a socket closes, and waits for ever for one that neither answers nor closes: a
 * machine that is gone, a balancer without a backend. Then it is thrown away for a new one.
 */
export class RedisConnection {
  readonly #settings: RedisSettings;
  readonly #trouble: WatchedFailure;
  #client: RedisClient | undefined;
  #since = 0;
  #closed = false;

  /** Throws `startup_failed` where the address cannot be read. */
  constructor(settings: RedisSettings, log: Log) {
    this.#settings = settings;
    this.#trouble = new WatchedFailure('the store', log);
    this.#open(readAddress(settings));
  }

  get isReady(): boolean {
    return this.#client?.isReady === true;
  }

  get client(): RedisClient {
    if (this.#client !== undefined) return this.#client;
    throw new GatehouseError('store_unavailable', 'Redis: not connected yet');
  }

  /** To be told while nothing works. The address is read again: its password may have been changed. */
  renewIfStuck(): void {
    if (this.#closed || performance.now() - this.#since < PATIENCE) return;
    this.#client?.destroy();
    this.#client = undefined;
    try {
      this.#open(readAddress(this.#settings));
    } catch (error) {
      this.#since = performance.now();
      this.#trouble.failed(codeOf(error));
    }
  }

  close(): void {
    this.#closed = true;
    this.#client?.destroy();
  }

  #open(address: RedisAddress): void {
    const opened = performance.now();
    this.#since = opened;
    const failed = (error: unknown): void => this.#trouble.failed(codeOf(error));
    createClient(address, this.#settings.prefix).then((client) => {
      if (this.#closed || this.#since !== opened) return;
      this.#client = client;
      // Without a listener the first lost connection would end the process.
      client.on('error', failed);
      client.on('ready', () => this.#trouble.recovered());
      client.connect().catch(failed);
    }, failed);
  }
}

/**
 * A code, never a message: messages hold addresses, and answers of servers may quote what they were sent, passwords
 * included. The first word of an answer is its code (WRONGPASS, NOAUTH, READONLY, …).
 */
export function codeOf(error: unknown): string {
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  if (!(error instanceof Error)) return 'unknown';
  if ('code' in error && typeof error.code === 'string') return error.code;
  return /^[A-Z]{2,20}(?= )/.exec(error.message)?.[0] ?? error.constructor.name;
}
