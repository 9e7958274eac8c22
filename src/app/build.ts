import { createAdmin, type RevocableNames } from '../admin/index.ts';
import { checkOnline, type OnlineCheck } from './online-check.ts';
import type { Explain } from './explain.ts';
import { createSnapshot } from './configuration-snapshot.ts';
import { openApplicationScope, type ApplicationOptions } from './application-scope.ts';
import { createReadiness } from './readiness.ts';
import { createReloads } from './reload.ts';
import { SnapshotManager } from './snapshot-manager.ts';
import type { IssuerStatus } from '../credentials/index.ts';
import type { Config, LoadResult } from '../config/index.ts';
import { GatehouseError } from '../core/errors.ts';
import type { Log } from '../core/ports.ts';
import { formatListenAddress, type ListenAddress } from '../util/http/listen-address.ts';
import { createListener } from '../http/index.ts';
import type { Reauthorize } from '../gateway/index.ts';

export interface Gateway {
  /** Opens both listeners; rejects with `startup_failed` where one cannot be had. */
  start(): Promise<{ readonly server: ListenAddress; readonly admin: ListenAddress }>;
  /** Puts another configuration in force, whole or not at all; false where the one before stays. Never rejects. */
  reload(load: () => LoadResult): Promise<boolean>;
  /** Not ready any more, so that clients go elsewhere, while those who come are still served; `cut` ends the wait. */
  drain(cut: Promise<unknown>): Promise<void>;
  /** Finishes what is in flight, or cuts it at `cut`; then closes everything, the audit trail last. */
  stop(cut?: Promise<unknown>): Promise<void>;
  /** Asks every issuer for its keys and every upstream whether it is there. */
  check(): Promise<readonly OnlineCheck[]>;
  readonly explain: Explain;
  readonly log: Log;
}

/**
 * The composition root: what lives for the process (app/process.ts, the listeners), what lives for one configuration
 * (app/generation.ts), and the one reference through which a request reaches the latter. Nothing runs before `start`.
 */
export function build(config: Config, options: ApplicationOptions): Gateway {
  const { server } = config;
  const application = openApplicationScope(config, options);
  const { log, telemetry, clock, revocations } = application;
  const snapshots = new SnapshotManager(createSnapshot(config, application, reauthorize));
  const issuers = (): readonly IssuerStatus[] => snapshots.current.authenticator.issuers();
  const readiness = createReadiness(issuers, () => revocations.loaded());
  const reloads = createReloads(config, application, replace);
  let stopping = false;

  const listener = createListener(
    server,
    {
      request: (incoming) => snapshots.current.pipeline.request(incoming),
      broken: (request) => snapshots.current.pipeline.broken(request),
    },
    { log, meter: telemetry.connections },
  );
  const admin = createAdmin(
    { listen: server.admin.listen, token: () => snapshots.current.adminToken.current() },
    {
      ready: () => readiness.ready(),
      revocations,
      clock,
      names: () => revocableNames(snapshots.current.config),
      metrics: async () => ({ body: await telemetry.metrics(), contentType: telemetry.contentType }),
      status: () => ({
        version: options.version,
        config: snapshots.current.config.hash,
        reload: reloads.status(),
        issuers: issuers(),
      }),
      log,
    },
  );
  telemetry.setKeySetAges(() =>
    issuers().flatMap(({ name, fetchedAt }) =>
      fetchedAt === undefined ? [] : [{ issuer: name, ageSeconds: (clock.now() - fetchedAt) / 1000 }],
    ),
  );

  function reauthorize(...asked: Parameters<Reauthorize>): ReturnType<Reauthorize> {
    return snapshots.current.pipeline.reauthorize(...asked);
  }

  /** Everything that can fail comes first; then, in one go, what cannot. */
  async function replace(next: Config): Promise<void> {
    const applyToListener = listener.prepare(next.server);
    const snapshot = createSnapshot(next, application, reauthorize, snapshots.current);
    try {
      await snapshot.prepare();
      if (stopping) throw new GatehouseError('startup_failed', 'the process is stopping');
    } catch (cause) {
      await snapshot.retire(snapshots.current, () => Promise.resolve());
      throw cause;
    }
    applyToListener();
    application.adopt(next);
    snapshots.activate(snapshot);
    snapshot.authenticator.start();
  }

  async function release(): Promise<void> {
    await application.release(async () => {
      await snapshots.end();
      await admin.stop();
    });
  }

  return {
    log,
    explain: (question) => snapshots.current.explain(question),
    reload: (load) => reloads.reload(load),
    async start() {
      try {
        const adminAddress = await admin.start();
        snapshots.current.authenticator.start();
        await snapshots.current.prepare();
        await revocations.start();
        const address = await listener.start();
        log.info('listening', { address: formatListenAddress(address), public_url: server.publicUrl });
        return { server: address, admin: { host: adminAddress.address, port: adminAddress.port } };
      } catch (cause) {
        await listener.stop(NEVER);
        await release();
        throw cause;
      }
    },
    async drain(cut) {
      readiness.drain();
      await listener.drain(cut);
    },
    async stop(cut = NEVER) {
      stopping = true;
      readiness.drain();
      await listener.stop(cut);
      await release();
    },
    check: () => checkOnline(config, snapshots.current.authenticator, application.egress),
  };
}

const NEVER = new Promise<never>(() => undefined);

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

export { formatExplanation } from '../policy/index.ts';
export type { OnlineCheck } from './online-check.ts';
export type { ExplainQuestion } from './explain.ts';
export { classOfToken } from '../credentials/index.ts';
