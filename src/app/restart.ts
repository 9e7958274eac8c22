import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../config/index.ts';

/** What is opened once, at start, and stays as it was then; docs/operations/runtime.md says so too. */
const KEYS: Readonly<Record<string, (config: Config) => unknown>> = {
  'server.listen': ({ server }) => server.listen,
  'server.tls': ({ server }) => server.tls !== undefined,
  'server.admin.listen': ({ server }) => server.admin.listen,
  'server.limits.headerBytes': ({ server }) => server.limits.headerBytes,
  state: ({ state }) => state,
  logs: ({ logs }) => logs,
  audit: ({ audit }) => audit,
};

export const RESTART_KEYS: readonly string[] = Object.keys(KEYS);

/** Keys that are not what the process was started with, and count from its next start on. */
export function keysForRestart(started: Config, now: Config): readonly string[] {
  return Object.entries(KEYS).flatMap(([key, valueOf]) =>
    isDeepStrictEqual(valueOf(started), valueOf(now)) ? [] : [key],
  );
}
