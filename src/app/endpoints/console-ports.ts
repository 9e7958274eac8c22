import { hostname } from 'node:os';
import type { ConsolePorts, ConsoleSettings } from '../../admin/index.ts';
import type { Config } from '../../config/index.ts';
import type { ReadinessWatch } from '../readiness.ts';
import type { Reloads } from '../snapshot/reload.ts';
import type { SnapshotManager } from '../snapshot/snapshot-manager.ts';

/** The data of the console's pages, from the active configuration snapshot. */
export function consolePorts(sources: {
  readonly version: string;
  readonly snapshots: Pick<SnapshotManager, 'current'>;
  readonly readiness: Pick<ReadinessWatch, 'ready'>;
  readonly reloads: Pick<Reloads, 'status'>;
}): ConsolePorts {
  const { version, snapshots, readiness, reloads } = sources;
  return {
    replica: hostname(),
    version,
    ready: () => readiness.ready(),
    configuration: () => ({ hash: snapshots.current.config.hash, reload: reloads.status() }),
  };
}

export function consoleSettings({ server }: Config): ConsoleSettings {
  const { console, hosts } = server.admin;
  return { enabled: console !== false, write: typeof console === 'object' && console.write, hosts };
}
