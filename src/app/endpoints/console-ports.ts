import { hostname } from 'node:os';
import type { ConsolePorts, ConsoleSettings, RevocableNames, StatusReport } from '../../admin/index.ts';
import type { Config } from '../../config/index.ts';
import type { ApplicationScope } from '../application-scope.ts';
import type { ReadinessWatch } from '../readiness.ts';
import type { SnapshotManager } from '../snapshot/snapshot-manager.ts';
import { consolePolicy } from './console-policy.ts';

/** The data of the console's pages, from the active configuration snapshot. */
export function consolePorts(
  application: ApplicationScope,
  sources: {
    readonly version: string;
    readonly snapshots: Pick<SnapshotManager, 'current'>;
    readonly readiness: Pick<ReadinessWatch, 'ready'>;
    readonly status: () => StatusReport;
    readonly names: () => RevocableNames;
  },
): ConsolePorts {
  const { clock, log, revocations, store, telemetry } = application;
  const { version, snapshots, readiness, status, names } = sources;
  const config = (): Config => snapshots.current.config;
  return {
    replica: replicaName(config().server),
    version,
    startedAt: clock.now(),
    clock,
    log,
    revocations,
    names,
    status,
    ready: () => readiness.ready(),
    services() {
      const { services: histories } = telemetry;
      const byService = new Map(histories.read().map((history) => [history.service, history]));
      const services = config().services.map(({ name, type }) => ({
        name,
        type,
        history: byService.get(name),
      }));
      return { services, intervalMs: histories.intervalMs };
    },
    store: () => ({ ...store.health(), kind: config().state.redis === undefined ? 'sqlite' : 'redis' }),
    deployTokens: () =>
      config().deployTokens.map(({ name, username, expires, grants }) => ({
        name,
        username,
        expires,
        lastUse: telemetry.deployTokens.lastUse(name),
        grants: grants.map(
          ({ service, scopes, resources }) => `${service}: ${scopes.join(' ')} on ${resources.join(' ')}`,
        ),
      })),
    policy: consolePolicy(application, snapshots),
  };
}

/** Processes that share a port have the same host name, and different admin listeners. */
function replicaName({ reusePort, admin }: Config['server']): string {
  return reusePort ? `${hostname()} (${admin.listen})` : hostname();
}

export function consoleSettings({ server }: Config): ConsoleSettings {
  const { console, hosts } = server.admin;
  return { enabled: console !== false, write: typeof console === 'object' && console.write, hosts };
}
