import { GatehouseError } from '../../core/errors.ts';
import type { Log } from '../../core/ports.ts';
import { readAddress, type RedisAddress, type RedisSettings } from './address.ts';
import { WatchedFailure } from '../watched-failure.ts';

const CONNECT_TIMEOUT = 2_000;
/** Milliseconds until a new connection that does not work is discarded; a slow handshake takes less. */
const PATIENCE = 3_000;

/** A client whose sockets close when `signal` aborts: `destroy` misses one that is being connected. */
export async function createClient(address: RedisAddress, prefix: string, signal: AbortSignal) {
  // Loaded on demand, because loading the package takes 100 ms and only Redis users need it.
  const redis = await import('redis');
  const { host, port, username, password, database, tls } = address;
  return redis.createClient({
    database,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    keyPrefix: prefix,
    // Commands issued while disconnected must not take effect later.
    disableOfflineQueue: true,
    commandsQueueMaxLength: 1_000,
    // By default a server may redirect the client to another address and make it wait for 10 s.
    maintNotifications: 'disabled',
    socket: {
      host,
      port,
      signal,
      connectTimeout: CONNECT_TIMEOUT,
      reconnectStrategy: (attempts) => Math.min(100 * 2 ** attempts, 2_000),
      ...(tls === undefined ? {} : { tls: true as const, rejectUnauthorized: true, ...tls }),
    },
  });
}

export type RedisClient = Awaited<ReturnType<typeof createClient>>;

/**
 * The client reconnects when a socket closes, but waits forever on a socket that neither responds nor closes (a failed
 * machine, a load balancer without a backend). Such a client is replaced by a new one.
 */
export class RedisConnection {
  readonly #settings: RedisSettings;
  readonly #trouble: WatchedFailure;
  #client: RedisClient | undefined;
  #discard = new AbortController();
  #since = 0;
  #closed = false;

  /** Throws `startup_failed` if the address cannot be read. */
  constructor(settings: RedisSettings, log: Log) {
    this.#settings = settings;
    this.#trouble = new WatchedFailure('the store', log);
    const address = readAddress(settings);
    if (address.kind === 'invalid') throw new GatehouseError('startup_failed', address.detail);
    this.#open(address);
  }

  get isReady(): boolean {
    return this.#client?.isReady === true;
  }

  get client(): RedisClient {
    if (this.#client !== undefined) return this.#client;
    throw new GatehouseError('store_unavailable', 'Redis: not connected yet');
  }

  /** Call this while commands fail. Reads the address again, because the password may have been rotated. */
  renewIfStuck(): void {
    if (this.#closed || performance.now() - this.#since < PATIENCE) return;
    this.#discardClient();
    const address = readAddress(this.#settings);
    if (address.kind === 'address') return this.#open(address);
    this.#since = performance.now();
    this.#trouble.failed(address.detail);
  }

  close(): void {
    this.#closed = true;
    this.#discardClient();
  }

  #discardClient(): void {
    this.#client?.destroy();
    this.#client = undefined;
    this.#discard.abort();
  }

  #open(address: RedisAddress): void {
    this.#since = performance.now();
    this.#discard = new AbortController();
    const { signal } = this.#discard;
    const failed = (error: unknown): void => {
      if (!signal.aborted) this.#trouble.failed(codeOf(error));
    };
    createClient(address, this.#settings.prefix, signal).then((client) => {
      if (signal.aborted) return;
      this.#client = client;
      // Without an error listener the first lost connection would end the process.
      client.on('error', failed);
      client.on('ready', () => this.#trouble.recovered());
      client.connect().catch(failed);
    }, failed);
  }
}

/**
 * The code of an error, never its message: messages contain addresses, and server replies may quote commands with
 * passwords. The first word of an error reply is its code (WRONGPASS, NOAUTH, READONLY, …).
 */
export function codeOf(error: unknown): string {
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  if (!(error instanceof Error)) return 'unknown';
  if ('code' in error && typeof error.code === 'string') return error.code;
  return /^[A-Z]{2,20}(?= )/.exec(error.message)?.[0] ?? error.constructor.name;
}
