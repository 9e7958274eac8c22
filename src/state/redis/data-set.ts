import { randomUUID } from 'node:crypto';
import type { Clock, Log } from '../../core/ports.ts';
import type { RedisClient } from './connection.ts';
import type { WriteProbe } from './write-probe.ts';

export type RedisCommand = <T>(call: (client: RedisClient) => Promise<T>) => Promise<T>;

/** Hash of all entries by id. */
export const LIST = 'revocations';
/** Sorted set of the ids of deleted entries, by the time of their deletion. */
export const REMOVED = 'revocations:removed';
/** Mark of the last change; every change replaces it. */
export const MARK = 'revocations:mark';
/** Random id of the data set; it is lost with the data, which reveals the loss. */
export const EPOCH = 'revocations:epoch';
/** Number of changes and probes; a lower number than before reveals that Redis was restored from an older snapshot. */
export const SERIAL = 'revocations:serial';

/** Milliseconds for which `/readyz` reports a loss. */
const REPORTED = 60 * 60_000;

interface State {
  readonly epoch: string;
  readonly mark: string;
  readonly serial: number;
}

export interface DataSet {
  /** Reads epoch and mark. Rejects with `store_unavailable`. */
  read(): Promise<State>;
  /** The serial after a change of this replica. */
  wrote(serial: unknown): void;
  losses(): number;
  /** A recent loss, for operators. */
  detail(): string | undefined;
}

/** Notices that Redis has lost its data or contains an older state. Every replica then writes back what it knows. */
export function createDataSet(
  command: RedisCommand,
  probe: WriteProbe,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): DataSet {
  let known: { readonly epoch: string; serial: number } | undefined;
  let losses = 0;
  let lastLoss = -Infinity;

  function observe({ epoch, serial }: State): void {
    if (known === undefined) log.info('the state in Redis is available', { data_set: epoch });
    else if (known.epoch !== epoch) {
      losses += 1;
      lastLoss = clock.now();
      log.error(
        'Redis has lost data: this replica writes back revocations and signing keys; tokens that "replay: once" has accepted before may be accepted once more, and publishing tokens may be bound to another package',
        { data_set: epoch, previous: known.epoch },
      );
    }
    if (known?.epoch === epoch) known.serial = Math.max(known.serial, serial);
    else known = { epoch, serial };
  }

  async function readState(): Promise<State> {
    // Known before the read is sent: replies of later changes may be handled before its reply.
    const before = known && { ...known };
    const state = await command((client) => stateOf(client, log));
    if (state.epoch !== before?.epoch || state.serial >= before.serial) return state;
    // A new epoch makes every replica compare its list with Redis.
    await command((client) => client.set(EPOCH, randomUUID()));
    return command((client) => stateOf(client, log));
  }

  return {
    async read() {
      const state = await readState();
      observe(state);
      probe.run(async () => {
        const serial = await command((client) => client.incr(SERIAL));
        if (known?.epoch === state.epoch) known.serial = Math.max(known.serial, Number(serial));
      });
      return state;
    },
    wrote(serial) {
      if (known !== undefined) known.serial = Math.max(known.serial, Number(serial));
    },
    losses: () => losses,
    detail: () =>
      Math.abs(clock.now() - lastLoss) < REPORTED
        ? `Redis lost data at ${new Date(lastLoss).toISOString()}; known revocations and signing keys were written back`
        : undefined,
  };
}

/**
 * The first reader creates the epoch, which is lost together with the data. Other reads do not write, because a Redis
 * that is full, cannot save or has lost its replicas refuses writes but still serves reads.
 */
async function stateOf(client: RedisClient, log: Log): Promise<State> {
  const [known, since, count] = await client.multi().get(EPOCH).get(MARK).get(SERIAL).execTyped();
  if (known !== null) return { epoch: String(known), mark: String(since), serial: Number(count) };
  const created = randomUUID();
  const [, epoch, mark, serial] = await client
    .multi()
    .set(EPOCH, created, { condition: 'NX' })
    .get(EPOCH)
    .get(MARK)
    .get(SERIAL)
    .execTyped();
  if (epoch === created) {
    log.warn(
      'Redis contained no state of Gatehouse: if other replicas are running, compare the database number and state.redis.prefix',
      { data_set: created },
    );
  }
  return { epoch: String(epoch), mark: String(mark), serial: Number(serial) };
}
