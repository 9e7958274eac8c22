import { createCandidateHolder, type CandidateHolder } from './candidate/candidate-holder.ts';
import type { CandidatePorts } from './candidate/candidate-ports.ts';
import type { Config } from '../config/index.ts';
import type { AuditSink } from '../core/records/audit-event.ts';
import type { DecisionLog } from '../core/records/decision-record.ts';
import type { IssuerType } from '../core/issuers/issuer-presets.ts';
import type { Clock, Log, EgressBodyClient } from '../core/ports.ts';
import type { Store } from '../core/store.ts';
import type { OpenVault } from '../core/vault.ts';
import { createEgressClient, StallWatch } from '../proxy/index.ts';
import {
  createIdentityLimits,
  createRevocations,
  openStore,
  type IdentityLimits,
  type SyncedRevocations,
} from '../state/index.ts';
import { createVault } from '../vault/index.ts';
import {
  createAccessLog,
  createAuditSink,
  createDecisionRecorder,
  createLog,
  createTelemetry,
  openStdoutWriter,
  type DecisionRecorder,
  type Telemetry,
} from '../observability/index.ts';

export interface ApplicationOptions {
  readonly version: string;
  readonly clock?: Clock;
  /** For `check` and `explain`: nothing is logged or written. */
  readonly inspect?: boolean;
  /** Values of `${NAME}` in the candidate's configuration. */
  readonly env?: CandidatePorts['env'];
}

/** Components that live as long as the process, across reloads: state, files and counters. */
export interface ApplicationScope {
  readonly clock: Clock;
  readonly log: Log;
  /** As in `ApplicationOptions`. */
  readonly inspect: boolean;
  readonly telemetry: Telemetry;
  readonly egress: EgressBodyClient;
  readonly openVault: OpenVault;
  readonly store: Store;
  readonly revocations: SyncedRevocations;
  readonly identityLimits: IdentityLimits;
  readonly stalls: StallWatch;
  readonly audit: AuditSink;
  readonly access: Pick<AuditSink, 'write'> | undefined;
  /** The recorded decisions, for the console; undefined without one. */
  readonly decisions: () => DecisionLog | undefined;
  readonly candidate: CandidateHolder;
  /** Applies the settings of a newly activated configuration. */
  applyConfig(config: Config): void;
  /** Sets the claims that audit events contain: those that the active policy evaluates. */
  auditClaims(names: ReadonlySet<string>): void;
  /** Reopens the audit file if it was rotated. */
  reopenLogs(): void;
  /** Releases everything except the logs. Components that close before it may still write audit events. */
  release(): Promise<void>;
  /** Writes the audit and access logs, and closes them; lines unwritten when `expired` settles are lost and counted. */
  closeLogs(expired: Promise<void>): Promise<void>;
}

export function openApplicationScope(config: Config, options: ApplicationOptions): ApplicationScope {
  const clock = options.clock ?? { now: Date.now };
  const inspect = options.inspect === true;
  const log = createLog({ level: inspect ? 'off' : config.logs.level, clock });
  const telemetry = createTelemetry({
    ...labelNamesOf(config),
    version: options.version,
    configHash: config.hash,
  });
  const egress = createEgressClient();
  const store = openStore(inspect ? IN_MEMORY : config.state, { clock, log });
  const revocations = createRevocations(store, { clock, log });
  const identityLimits = createIdentityLimits(store, clock, (service, limit) =>
    telemetry.limits.refused(service, limit),
  );
  const stalls = new StallWatch(config.server.limits.bodyIdle);
  const stdout = openStdoutWriter({ log });
  const issuerTypes = new Map<string, IssuerType>();
  const auditedClaims: { names: ReadonlySet<string> } = { names: new Set() };
  const auditLog = createAuditSink(
    {
      ...config.audit,
      enabled: config.audit.enabled && !inspect,
      issuerTypes,
      auditedClaims: config.audit.claims === 'used' ? auditedClaims : undefined,
    },
    { log, stdout },
  );
  const access = config.logs.access ? createAccessLog({ enabled: true }, { stdout }) : undefined;
  const candidate = createCandidateHolder({
    log,
    meter: telemetry.candidate,
    clock,
    env: options.env ?? {},
  });
  let active = config;
  const recorder = createDecisionRecorder({
    now: () => clock.now(),
    config: () => active.hash,
    candidate: () => candidate.status()?.config ?? undefined,
  });
  const decisions = (): DecisionRecorder | undefined =>
    hasConsole(active) && !inspect ? recorder : undefined;
  const audit = withDecisions(auditLog, decisions);
  telemetry.setAudit(auditLog);
  telemetry.setStoreHealth(() => store.health());
  telemetry.setLimitExchange(() => identityLimits.status());
  if (!inspect) telemetry.services.start();

  function applyConfig(next: Config): void {
    active = next;
    if (!hasConsole(next)) recorder.clear();
    const { issuers, server } = next;
    issuerTypes.clear();
    for (const { name, type } of issuers) issuerTypes.set(name, type);
    stalls.setIdle(server.limits.bodyIdle);
    identityLimits.activate(next);
  }
  applyConfig(config);

  return {
    clock,
    log,
    inspect,
    telemetry,
    egress,
    openVault: (settings, user) => createVault(settings, user, { egress, clock, log }),
    store,
    revocations,
    identityLimits,
    stalls,
    audit,
    access,
    decisions,
    candidate,
    applyConfig,
    auditClaims: (names) => void (auditedClaims.names = names),
    reopenLogs: () => void auditLog.reopen(),
    async release() {
      telemetry.services.stop();
      candidate.close();
      identityLimits.stop();
      revocations.stop();
      stalls.close();
      await Promise.all([egress.close(), store.close()]);
    },
    async closeLogs(expired) {
      await Promise.all([auditLog.close(expired), stdout.close(expired)]);
      const events = auditLog.lost();
      if (events > 0) log.error('audit events were lost', { events });
    },
  };
}

/** Every event of the audit log is recorded, whichever component writes it. */
function withDecisions(auditLog: AuditSink, decisions: () => DecisionRecorder | undefined): AuditSink {
  return {
    available: () => auditLog.available(),
    flush: () => auditLog.flush(),
    write(event) {
      auditLog.write(event);
      decisions()?.write(event);
    },
  };
}

function hasConsole({ server }: Config): boolean {
  return server.admin.console !== false;
}

/** Configured names that are metric label values. */
export function labelNamesOf({ services, issuers }: Config): {
  readonly services: Config['services'];
  readonly issuers: readonly string[];
} {
  return { services, issuers: issuers.map(({ name }) => name) };
}

/** `check` and `explain` do not open the configured store. */
const IN_MEMORY = { sqlite: { file: ':memory:' } };
