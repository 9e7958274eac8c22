import type { Clock, Log } from '../../core/ports.ts';
import type { Store } from '../../core/store.ts';
import { CLOCK_MARGIN, endOf } from '../revocations/index-by-target.ts';
import { timeOf } from './clock.ts';
import { LIST, type RedisCommand } from './data-set.ts';

/** Deletes expired entries. The mark does not change, because each replica removes expired entries itself. */
export function createForget(
  command: RedisCommand,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): Store['forgetRevocations'] {
  let warned = false;

  function reportSkew(now: number): void {
    if (warned) return;
    warned = true;
    const seconds = Math.round((clock.now() - now) / 1_000);
    log.warn('the clock of this replica is ahead of Redis: revocations end too early on it', { seconds });
  }

  return (expired) =>
    command(async (client) => {
      const now = await timeOf(client);
      const ids = expired.filter((entry) => endOf(entry) + CLOCK_MARGIN <= now).map(({ id }) => id);
      if (ids.length < expired.length) reportSkew(now);
      if (ids.length > 0) await client.hDel(LIST, ids);
      return ids;
    });
}
