import { createAdmin, type Admin, type RevocableNames, type StatusReport } from '../../admin/index.ts';
import type { CertificateInUse } from '../../core/operation/certificates.ts';
import type { IssuerStatus } from '../../core/operation/issuer-status.ts';
import type { Config } from '../../config/index.ts';
import type { ApplicationScope } from '../application-scope.ts';
import type { ReadinessWatch } from '../readiness.ts';
import type { Reloads } from '../snapshot/reload.ts';
import { certificateStatus, storeStatus } from '../status/status.ts';
import type { SnapshotManager } from '../snapshot/snapshot-manager.ts';
import { consolePorts, consoleSettings } from './console-ports.ts';

/** The admin listener lives as long as the process and reads the active configuration snapshot. */
export function createAdminListener(
  listen: string,
  application: ApplicationScope,
  sources: {
    readonly version: string;
    readonly snapshots: Pick<SnapshotManager, 'current'>;
    readonly readiness: Pick<ReadinessWatch, 'ready'>;
    readonly reloads: Pick<Reloads, 'status'>;
    readonly issuers: () => readonly IssuerStatus[];
    readonly certificates: () => readonly CertificateInUse[];
  },
): Admin {
  const { version, snapshots, readiness, reloads, issuers, certificates } = sources;
  const { telemetry, revocations, store, clock, log, candidate } = application;
  const status = (): StatusReport => ({
    version,
    config: snapshots.current.config.hash,
    reload: reloads.status(),
    issuers: issuers(),
    store: storeStatus(store, revocations.snapshot()),
    signingKey: snapshots.current.signingKey(),
    certificates: certificateStatus(certificates(), clock.now()),
    candidate: candidate.status(),
  });
  const names = (): RevocableNames => revocableNames(snapshots.current.config);
  return createAdmin(
    { listen, token: () => snapshots.current.adminToken.current() },
    {
      ready: () => readiness.ready(),
      revocations,
      backUp: store.backUp,
      clock,
      names,
      metrics: async () => ({ body: await telemetry.metrics(), contentType: telemetry.contentType }),
      status,
      console: {
        settings: () => consoleSettings(snapshots.current.config),
        ports: consolePorts(application, { ...sources, status, names }),
      },
      log,
    },
  );
}

function revocableNames({ issuers, identities, deployTokens, workloadIdentities }: Config): RevocableNames {
  const names = (entries: readonly { readonly name: string }[]): readonly string[] =>
    entries.map(({ name }) => name);
  return {
    issuers: names(issuers),
    identities: names(identities),
    deployTokens: names(deployTokens),
    workloads: new Map(workloadIdentities.map(({ name, identity }) => [name, identity])),
  };
}
