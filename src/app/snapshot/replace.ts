import type { Config } from '../../config/index.ts';
import { GatehouseError } from '../../core/errors.ts';
import type { Reauthorize } from '../../gateway/index.ts';
import { compileAuthorizer } from '../../policy/index.ts';
import { runInSlices } from '../../util/async/steps.ts';
import type { ApplicationScope } from '../application-scope.ts';
import { loadServiceProtocols } from '../services/service-protocol.ts';
import { createSnapshot, nearestPorts } from './configuration-snapshot.ts';
import type { SnapshotManager } from './snapshot-manager.ts';

/** Returns the function that activates another configuration. All steps that can fail run before the first change. */
export function createReplace(
  application: ApplicationScope,
  snapshots: SnapshotManager,
  listeners: readonly { prepare(server: Config['server']): () => void }[],
  { reauthorize, stopping }: { readonly reauthorize: Reauthorize; readonly stopping: () => boolean },
): (next: Config) => Promise<void> {
  return async function replace(next) {
    const authorizer = await runInSlices(compileAuthorizer(next, nearestPorts(application)));
    const dependencies = { protocols: await loadServiceProtocols(next), reauthorize };
    const applyToListeners = listeners.map((listener) => listener.prepare(next.server));
    const snapshot = createSnapshot(next, application, dependencies, snapshots.current, authorizer);
    try {
      await snapshot.prepare();
      if (stopping()) throw new GatehouseError('startup_failed', 'the process is stopping');
    } catch (cause) {
      await snapshot.retire(snapshots.current, () => Promise.resolve());
      throw cause;
    }
    for (const apply of applyToListeners) apply();
    application.applyConfig(next);
    application.auditClaims(snapshot.claimsUsed);
    snapshots.activate(snapshot);
    snapshot.authenticator.start();
    await application.candidate.follow(next);
  };
}
