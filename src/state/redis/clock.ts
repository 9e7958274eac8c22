import type { RedisClient } from './connection.ts';

/** The clock of Redis in milliseconds since the epoch. A replica whose clock is ahead must not delete for the others. */
export async function timeOf(client: RedisClient): Promise<number> {
  const [seconds, microseconds] = (await client.time()).map(Number);
  return (seconds ?? Number.NaN) * 1_000 + (microseconds ?? 0) / 1_000;
}
