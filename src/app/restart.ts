import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../config/index.ts';

/** Settings that are read only at start (docs/operations/runtime.md). */
const KEYS: Readonly<Record<string, (config: Config) => unknown>> = {
  'server.listen': ({ server }) => server.listen,
  'server.reusePort': ({ server }) => server.reusePort,
  'server.tls': ({ server }) => server.tls !== undefined,
  'server.authorizer': ({ server: { authorizer } }) => [authorizer?.listen, authorizer?.tls !== undefined],
  'server.admin.listen': ({ server }) => server.admin.listen,
  'server.limits.headerBytes': ({ server }) => server.limits.headerBytes,
  state: ({ state }) => state,
  logs: ({ logs }) => logs,
  audit: ({ audit }) => audit,
};

export const RESTART_KEYS: readonly string[] = Object.keys(KEYS);

/** Returns the keys that differ between the two configurations and take effect only after a restart. */
export function keysForRestart(started: Config, active: Config): readonly string[] {
  return Object.entries(KEYS).flatMap(([key, valueOf]) =>
    isDeepStrictEqual(valueOf(started), valueOf(active)) ? [] : [key],
  );
}
