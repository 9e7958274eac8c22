import { createAccessLog, createAuditSink, openLineWriter } from '../observability/index.ts';
import type { Config } from '../config/index.ts';
import type { AuditSink } from '../core/audit-event.ts';
import type { IssuerType } from '../core/issuer-presets.ts';
import type { Clock, Log, EgressFormClient } from '../core/ports.ts';
import type { Store } from '../core/store.ts';
import { createEgressClient, StallWatch } from '../proxy/index.ts';
import { createRevocations, openStore, type SyncedRevocations } from '../state/index.ts';
import { createLog, createTelemetry, type Telemetry } from '../observability/index.ts';

export interface ApplicationOptions {
  readonly version: string;
  readonly clock?: Clock;
  /** Only to look at (check, explain): nothing is logged or written. */
  readonly inspect?: boolean;
}

/** What lives as long as the process, whatever is reloaded: what holds state, files, or numbers that only grow. */
export interface ApplicationScope {
  readonly clock: Clock;
  readonly log: Log;
  readonly telemetry: Telemetry;
  readonly egress: EgressFormClient;
  readonly store: Store;
  readonly revocations: SyncedRevocations;
  readonly stalls: StallWatch;
  readonly audit: AuditSink;
  readonly access: Pick<AuditSink, 'write'> | undefined;
  /** Another configuration is in force now: what of it counts here. */
  adopt(config: Config): void;
  /** The audit trail last, whatever goes wrong before; `first` are those who may still write into it. */
  release(first: () => Promise<void>): Promise<void>;
}

export function openApplicationScope(config: Config, options: ApplicationOptions): ApplicationScope {
  const clock = options.clock ?? { now: Date.now };
  const quiet = options.inspect === true;
  const log = createLog({ level: quiet ? 'off' : config.logs.level, clock });
  const telemetry = createTelemetry({
    ...namesOf(config),
    version: options.version,
    configHash: config.hash,
  });
  const egress = createEgressClient();
  const store = openStore(quiet ? IN_MEMORY : config.state, { clock, log });
  const revocations = createRevocations(store, { clock, log });
  const stalls = new StallWatch(config.server.limits.bodyIdle);
  const stdout = openLineWriter({}, { log });
  const issuerTypes = new Map<string, IssuerType>();
  const audit = createAuditSink(
    { ...config.audit, enabled: config.audit.enabled && !quiet, issuerTypes },
    { log, stdout },
  );
  const access = config.logs.access ? createAccessLog({ enabled: true }, { stdout }) : undefined;
  telemetry.setAuditLost(() => audit.lost());
  telemetry.setStoreHealth(() => store.health());

  function adopt({ issuers, server }: Config): void {
    issuerTypes.clear();
    for (const { name, type } of issuers) issuerTypes.set(name, type);
    stalls.setIdle(server.limits.bodyIdle);
  }
  adopt(config);

  return {
    clock,
    log,
    telemetry,
    egress,
    store,
    revocations,
    stalls,
    audit,
    access,
    adopt,
    async release(first) {
      revocations.stop();
      stalls.close();
      try {
        await first();
        await egress.close();
        await store.close();
      } finally {
        await audit.close();
        await stdout.close();
      }
    },
  };
}

/** Names of a configuration that are values of labels. */
export function namesOf({ services, issuers }: Config): {
  readonly services: Config['services'];
  readonly issuers: readonly string[];
} {
  return { services, issuers: issuers.map(({ name }) => name) };
}

/** `check` and `explain` look at nobody's state. */
const IN_MEMORY = { sqlite: { file: ':memory:' } };
