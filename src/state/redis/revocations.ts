import { randomUUID } from 'node:crypto';
import { GatehouseError } from '../../core/errors.ts';
import type { Clock, Log } from '../../core/ports.ts';
import type { Revocation } from '../../core/credentials/revocation.ts';
import type { RevocationsRead, Store } from '../../core/store.ts';
import { linkChanges, MAX_CHANGES } from './changes.ts';
import { codeOf, type RedisClient } from './connection.ts';
import { EPOCH, LIST, MARK, REMOVED, SERIAL, type RedisCommand, type DataSet } from './data-set.ts';
import { createForget } from './forget.ts';
import { createRestore, newMark } from './restore.ts';

/** Stream of the last changes: only ids, linked by the marks before and after each change. */
const CHANGES = 'revocations:changes';

/** Entries per read command, so that each reply arrives within the timeout and requests are served in between. */
const PAGE = 1_000;

/** Milliseconds in which the stream entry of a change is written, unless its replica stalls. */
const LINK_DELAYS = [20, 60, 120];

/**
 * Milliseconds for which a deletion is recorded: a replica that was suspended for longer restores the entry, as do
 * all replicas if the clock of the deleting one is this far ahead. */
const REMOVALS_KEPT = 7 * 24 * 60 * 60_000;

interface Since {
  readonly mark: string;
  readonly position: string;
}

/** Revocations in Redis; a replica reads those that have changed since its last read. */
export function createRedisRevocations(
  command: RedisCommand,
  dataSet: DataSet,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): Pick<
  Store,
  'putRevocation' | 'deleteRevocation' | 'forgetRevocations' | 'restoreRevocations' | 'revocations'
> {
  let warned = false;

  /** Not part of the change, which is complete without it: a reader that finds a missing link reads all entries. */
  async function link(client: RedisClient, previous: string | null, mark: string, id: string): Promise<void> {
    const TRIM = { strategy: 'MAXLEN', strategyModifier: '~', threshold: MAX_CHANGES } as const;
    try {
      await client.xAdd(CHANGES, '*', { previous: String(previous), mark, id }, { TRIM });
    } catch (error) {
      if (warned || !client.isReady) return;
      warned = true;
      log.warn(
        'cannot write the stream of revocation changes; replicas read all revocations after each change',
        {
          code: codeOf(error),
        },
      );
    }
  }

  async function readChanges(epoch: string, since: Since): Promise<RevocationsRead | undefined> {
    const [current, to, entries] = await command((client) =>
      client
        .multi()
        .get(EPOCH)
        .get(MARK)
        .xRange(CHANGES, `(${since.position}`, '+', { COUNT: 2 * MAX_CHANGES })
        .execTyped(),
    );
    const changes = current === epoch ? linkChanges(entries ?? [], since, String(to)) : undefined;
    if (changes === undefined) return undefined;
    const { ids, mark, position } = changes;
    const [bodies, removals] = ids.length === 0 ? [[], []] : await readEntries(ids);
    return {
      kind: 'changes',
      epoch,
      mark: markOf(epoch, mark, position),
      revocations: parseAll(bodies),
      // An absent entry without a record was lost: Redis may have been emptied since the command before.
      removed: ids.filter((_id, index) => bodies[index] === null && removals[index] !== null),
    };
  }

  function readEntries(ids: readonly string[]) {
    return command((client) =>
      client
        .multi()
        .hmGet(LIST, [...ids])
        .zmScore(REMOVED, [...ids])
        .execTyped(),
    );
  }

  /** The entry of a change is written just after it, so a missing one is read again before the whole list is. */
  async function readChangesPatiently(epoch: string, since: Since): Promise<RevocationsRead | undefined> {
    for (const delay of LINK_DELAYS) {
      const changes = await readChanges(epoch, since);
      if (changes !== undefined) return changes;
      await new Promise((resolve) => setTimeout(resolve, delay).unref());
    }
    return readChanges(epoch, since);
  }

  async function readAll(epoch: string): Promise<RevocationsRead> {
    const [before, mark, newest, ids] = await command((client) =>
      client.multi().get(EPOCH).get(MARK).xRevRange(CHANGES, '+', '-', { COUNT: 1 }).hKeys(LIST).execTyped(),
    );
    const revocations: Revocation[] = [];
    for (let start = 0; start < ids.length; start += PAGE) {
      const page = ids.slice(start, start + PAGE);
      revocations.push(...parseAll(await command((client) => client.hmGet(LIST, page))));
    }
    const after = await command((client) => client.get(EPOCH));
    if (before !== epoch || after !== epoch) {
      throw new GatehouseError('store_unavailable', 'Redis lost its data during the read');
    }
    return {
      kind: 'all',
      epoch,
      mark: markOf(epoch, String(mark), newest?.[0]?.id ?? '0-0'),
      revocations,
    };
  }

  const writes: Pick<Store, 'putRevocation' | 'deleteRevocation'> = {
    putRevocation: (revocation) =>
      command(async (client) => {
        const [body, mark] = [JSON.stringify(revocation), newMark(randomUUID())];
        const change = client
          .multi()
          .hSet(LIST, revocation.id, body)
          .set(MARK, mark, { GET: true })
          .incr(SERIAL);
        const [, previous, serial] = await change.execTyped();
        dataSet.wrote(serial);
        void link(client, previous, mark, revocation.id);
      }),
    deleteRevocation: (id) =>
      command(async (client) => {
        const [now, mark] = [clock.now(), newMark(randomUUID())];
        const change = client
          .multi()
          .hDel(LIST, id)
          .set(MARK, mark, { GET: true })
          .incr(SERIAL)
          .zAdd(REMOVED, { score: now, value: id })
          .zRemRangeByScore(REMOVED, '-inf', now - REMOVALS_KEPT);
        const [removed, previous, serial] = await change.execTyped();
        dataSet.wrote(serial);
        void link(client, previous, mark, id);
        return Number(removed) > 0;
      }),
  };

  return {
    ...writes,
    restoreRevocations: createRestore(command, writes),
    forgetRevocations: createForget(command, { clock, log }),
    async revocations(since) {
      const { epoch, mark } = await dataSet.read();
      const [lastEpoch, lastMark, position] = since?.split(' ') ?? [];
      if (epoch !== lastEpoch || lastMark === undefined || position === undefined) return readAll(epoch);
      if (mark === lastMark) return undefined;
      return (await readChangesPatiently(epoch, { mark: lastMark, position })) ?? readAll(epoch);
    },
  };
}

function markOf(epoch: string, mark: string, position: string): string {
  return `${epoch} ${mark} ${position}`;
}

function parseAll(bodies: readonly (string | null)[]): Revocation[] {
  return bodies.flatMap((body) => (body === null ? [] : [JSON.parse(body) as Revocation]));
}
