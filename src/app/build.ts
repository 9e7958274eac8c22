import { createAuthorizerListener } from './authorizer/authorizer-listener.ts';
import { createAdminListener } from './endpoints/admin-listener.ts';
import { checkOnline } from './inspect/online-check.ts';
import type { OnlineCheck } from './inspect/online-result.ts';
import type { Inspections } from './inspect/inspections.ts';
import { createSnapshot } from './snapshot/configuration-snapshot.ts';
import { openApplicationScope, type ApplicationOptions, type ApplicationScope } from './application-scope.ts';
import { createReadiness } from './readiness.ts';
import { loadServiceProtocols } from './services/service-protocol.ts';
import { createReloads, type LoadNext } from './snapshot/reload.ts';
import { createShutdown, flushTime, STEP_DEADLINES } from './shutdown.ts';
import { certificatesInUse } from './status/certificates.ts';
import { createReplace } from './snapshot/replace.ts';
import { vaultValuesOf } from './snapshot/snapshot-resources.ts';
import { SnapshotManager } from './snapshot/snapshot-manager.ts';
import type { Config } from '../config/index.ts';
import type { CertificateInUse } from '../core/operation/certificates.ts';
import type { IssuerStatus } from '../core/operation/issuer-status.ts';
import type { Log } from '../core/ports.ts';
import { formatListenAddress, type ListenAddress, type SocketPath } from '../util/http/listen-address.ts';
import { createListener } from '../http/index.ts';
import type { Reauthorize } from '../gateway/index.ts';

export { loadEveryProtocol } from '../protocols/index.ts';

export interface Gateway extends Inspections {
  /** Opens the listeners. Rejects with `startup_failed` if one cannot be opened. */
  start(): Promise<{
    readonly server: ListenAddress;
    readonly admin: ListenAddress;
    /** Undefined without `server.authorizer`. */
    readonly authorizer: ListenAddress | SocketPath | undefined;
  }>;
  /** Replaces the configuration atomically; resolves with false if the previous one stays active. Never rejects. */
  reload(load: LoadNext): Promise<boolean>;
  /** Reports "not ready", and continues to serve for server.limits.drainDelay or until `cut` settles. */
  drain(cut: Promise<unknown>): Promise<void>;
  /**
   * Finishes requests in flight, or aborts them when `cut` settles; then accounts for every request and releases all
   * resources, the audit log last. Ends at most two seconds after `server.limits.drain`, whatever hangs.
   */
  stop(cut?: Promise<unknown>): Promise<void>;
  /** Fetches the keys of every issuer, sends a request to every upstream, obtains its credentials and checks the store. */
  check(): Promise<readonly OnlineCheck[]>;
  /** Reopens the audit file if it was rotated. */
  reopenLogs(): void;
  readonly log: Log;
}

/**
 * The composition root. It connects the objects of the process (application-scope.ts, the listeners) to the
 * active configuration snapshot (configuration-snapshot.ts). Nothing runs before `start`. Rejects if a module cannot be
 * loaded.
 */
export async function build(config: Config, options: ApplicationOptions): Promise<Gateway> {
  const protocols = await loadServiceProtocols(config);
  const { server } = config;
  const application = openApplicationScope(config, options);
  const { log, telemetry, revocations, store } = application;
  const reauthorize: Reauthorize = (...parameters) => snapshots.current.pipeline.reauthorize(...parameters);
  const snapshots = new SnapshotManager(createSnapshot(config, application, { protocols, reauthorize }));
  application.auditClaims(snapshots.current.claimsUsed);
  const issuers = (): readonly IssuerStatus[] => snapshots.current.authenticator.issuers();
  let listening = false;
  const readiness = createReadiness({
    issuers,
    revocations: () => revocations.snapshot(),
    store: () => store.health(),
    signingKey: () => snapshots.current.signingKey(),
    auditAvailable: () => application.audit.available(),
    listening: () => listening,
  });
  let stopping = false;

  const listener = createListener(
    server,
    {
      request: (incoming) => snapshots.current.pipeline.request(incoming),
      broken: (request) => snapshots.current.pipeline.broken(request),
    },
    { log, meter: telemetry.connections },
  );
  const authorizerListener = createAuthorizerListener(
    server,
    {
      request(incoming) {
        const { subrequests } = snapshots.current;
        // A reload has removed `server.authorizer`; the listener closes at the next start.
        if (subrequests === undefined) incoming.res.destroy();
        else subrequests.request(incoming);
      },
      broken: (request) => snapshots.current.pipeline.broken(request),
    },
    application,
  );
  const replace = createReplace(application, snapshots, [listener, authorizerListener], {
    reauthorize,
    stopping: () => stopping,
  });
  const certificates = (): readonly CertificateInUse[] =>
    certificatesInUse({
      config: snapshots.current.config,
      listeners: { server: listener.certificate(), authorizer: authorizerListener.certificate() },
      forwarders: snapshots.current.resources.forwarders,
    });
  telemetry.delegatedFiles(config.delegated.files);
  const reloads = createReloads(config, application, replace);
  const admin = createAdminListener(server.admin.listen, application, {
    version: options.version,
    snapshots,
    readiness,
    reloads,
    issuers,
    certificates,
  });
  reportKeySetAges(application, issuers);
  telemetry.setCertificates(certificates);
  telemetry.setCredentialState({
    revocationsAge: () => revocations.snapshot().age,
    signingKeyReady: () => snapshots.current.signingKey().ready,
  });

  /** Node closes a server before the responses of its connections emit `close`, which accounts for their requests. */
  async function release(cut: Promise<unknown>, flush: () => number): Promise<void> {
    const shutdown = createShutdown(log, cut);
    await shutdown.step('account for requests', STEP_DEADLINES.account, () => snapshots.idle());
    await shutdown.step('close upstreams and the admin listener', STEP_DEADLINES.release, () =>
      Promise.all([snapshots.end(), admin.stop()]),
    );
    await shutdown.step('close the state', STEP_DEADLINES.release, () => application.release());
    await shutdown.step('flush the logs', flush(), (expired) => application.closeLogs(expired));
  }

  return {
    log,
    async explain(input) {
      // A gateway that only inspects has not started, so its key files are not read yet.
      if (application.inspect && input.credential.kind === 'token') await snapshots.current.prepare();
      return snapshots.current.explain(input);
    },
    explainOperations: (input) => snapshots.current.explainOperations(input),
    explainRecorded: (request) => snapshots.current.explainRecorded(request),
    replay: (recordedWith) => snapshots.current.replay(recordedWith),
    suggest: (recordedWith) => snapshots.current.suggest(recordedWith),
    reload: (load) => reloads.reload(load),
    async start() {
      try {
        const adminAddress = await admin.start();
        snapshots.current.authenticator.start();
        await snapshots.current.prepare();
        await revocations.start();
        const authorizer = await authorizerListener.start();
        const address = await listener.start();
        listening = true;
        await application.candidate.follow(config);
        log.info('listening', { address: formatListenAddress(address), public_url: server.publicUrl });
        return {
          server: address,
          admin: { host: adminAddress.address, port: adminAddress.port },
          authorizer,
        };
      } catch (cause) {
        readiness.drain();
        await Promise.all([listener.stop(NEVER), authorizerListener.stop(NEVER)]);
        await release(NEVER, () => STEP_DEADLINES.flushAtLeast);
        throw cause;
      }
    },
    async drain(cut) {
      readiness.drain();
      await Promise.all([listener.drain(cut), authorizerListener.drain(cut)]);
    },
    async stop(cut = NEVER) {
      stopping = true;
      readiness.drain();
      const began = performance.now();
      await Promise.all([listener.stop(cut), authorizerListener.stop(cut)]);
      const { drain } = snapshots.current.config.server.limits;
      await release(cut, () => flushTime(drain, performance.now() - began));
    },
    reopenLogs: () => application.reopenLogs(),
    check() {
      const { authenticator, resources } = snapshots.current;
      return checkOnline(config, {
        ...application,
        authenticator,
        credentialOf: (service) => resources.forwarders.get(service)?.made.credential,
        loadVaultValues: async () => vaultValuesOf(resources.vaults)?.load(),
      });
    },
  };
}

const NEVER = new Promise<never>(() => undefined);

function reportKeySetAges(
  { telemetry, clock }: ApplicationScope,
  issuers: () => readonly IssuerStatus[],
): void {
  telemetry.setKeySetAges(() =>
    issuers().flatMap(({ name, fetchedAt }) =>
      fetchedAt === undefined
        ? []
        : [{ issuer: name, ageSeconds: Math.max(0, clock.now() - fetchedAt) / 1000 }],
    ),
  );
}
