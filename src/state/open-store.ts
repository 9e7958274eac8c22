import type { Clock, Log } from '../core/ports.ts';
import type { Store } from '../core/store.ts';
import type { RedisSettings } from './redis/address.ts';
import { openRedisStore } from './redis/store.ts';
import { openSqliteStore } from './sqlite/store.ts';

/** Exactly one of the two is set. */
export type StateSettings =
  | { readonly sqlite: { readonly file: string }; readonly redis?: undefined }
  | { readonly redis: RedisSettings; readonly sqlite?: undefined };

/** Throws `startup_failed` if the embedded store cannot be opened; an unreachable Redis is retried. */
export function openStore(
  settings: StateSettings,
  ports: { readonly clock: Clock; readonly log: Log },
): Store {
  return settings.redis === undefined
    ? openSqliteStore(settings.sqlite.file, ports)
    : openRedisStore(settings.redis, ports);
}
