import type { CertificateInUse } from '../../core/operation/certificates.ts';
import type { StoreHealth } from '../../core/store.ts';
import { Registry } from 'prom-client';
import type {
  CandidateMeter,
  ConnectionMeter,
  LimitMeter,
  PolicyMeter,
  QueueMeter,
  RequestMeter,
  VerificationMeter,
} from '../../core/operation/meter.ts';
import { createDeployTokenUse, type LastDeployTokenUse } from '../usage/deploy-token-use.ts';
import { createCandidateMeter } from './candidate-meter.ts';
import { createConnectionMeter } from './connection-meter.ts';
import { createLimitMeter, exposeLimitExchange, type LimitExchangeState } from './limit-meter.ts';
import { Names } from './names.ts';
import { exposeConfiguration, exposeKeySetAges, exposeProcess, type KeySetAge } from './process-metrics.ts';
import { createPolicyMeter } from './policy-meter.ts';
import { createQueueMeter } from './queue-meter.ts';
import { createRequestMeter } from './request-meter.ts';
import { createServiceHistories, type ServiceHistories } from './service-history.ts';
import {
  exposeAudit,
  exposeCertificates,
  exposeCredentialState,
  exposeStore,
  type AuditState,
  type CredentialState,
} from './state-metrics.ts';
import { createVerificationMeter } from './verification-meter.ts';

/** Names of the configuration: the only values of the labels `service`, `type` and `issuer`. */
export interface ConfiguredNames {
  readonly services: readonly { readonly name: string; readonly type: string }[];
  readonly issuers: readonly string[];
}

export interface TelemetrySettings extends ConfiguredNames {
  readonly version: string;
  readonly configHash: string;
}

export interface Telemetry {
  readonly requests: RequestMeter;
  readonly services: ServiceHistories;
  readonly deployTokens: Pick<LastDeployTokenUse, 'lastUse'>;
  readonly verification: VerificationMeter;
  readonly connections: ConnectionMeter;
  readonly queues: QueueMeter;
  readonly limits: LimitMeter;
  readonly policy: PolicyMeter;
  readonly candidate: CandidateMeter;
  /** `names`: the names of the new configuration; other names are counted as `other`. */
  configReloaded(ok: boolean, hash: string, atMs: number, names?: ConfiguredNames): void;
  delegatedFiles(files: readonly { readonly state: string }[]): void;
  /** Call each at most once. */
  setKeySetAges(ages: () => readonly KeySetAge[]): void;
  setAudit(state: AuditState): void;
  setCertificates(certificates: () => readonly CertificateInUse[]): void;
  setCredentialState(state: CredentialState): void;
  setStoreHealth(health: () => StoreHealth): void;
  setLimitExchange(state: () => LimitExchangeState): void;
  metrics(): Promise<string>;
  readonly contentType: string;
}

/** A separate registry, so that several gateways in one process (tests) do not share counters. */
export function createTelemetry(settings: TelemetrySettings): Telemetry {
  const registry = new Registry();
  const services = new Names('service', []);
  const issuers = new Names('issuer', []);
  const types = new Map<string, string>();

  const learn = (names: ConfiguredNames): void => {
    services.add(names.services.map(({ name }) => name));
    issuers.add(names.issuers);
    for (const { name, type } of names.services) types.set(name, type);
  };
  learn(settings);

  const deployTokens = createDeployTokenUse();
  const requests = createRequestMeter(registry, services, (service) => types.get(service) ?? service);
  const verification = createVerificationMeter(registry, issuers);
  const configuration = exposeConfiguration(registry, settings.configHash);
  exposeProcess(registry, settings.version);

  return {
    requests: {
      requestStarted: (service) => requests.requestStarted(service),
      requestRepeated: () => requests.requestRepeated(),
      requestEnded(event) {
        requests.requestEnded(event);
        deployTokens.observe(event);
      },
    },
    services: createServiceHistories(requests.totals),
    deployTokens,
    verification,
    connections: createConnectionMeter(registry),
    queues: createQueueMeter(registry, services),
    limits: createLimitMeter(registry, services),
    policy: createPolicyMeter(registry),
    candidate: createCandidateMeter(registry, services),
    configReloaded(ok, hash, atMs, names) {
      configuration.reloaded(ok, hash, atMs);
      if (ok && names !== undefined) learn(names);
    },
    delegatedFiles: (files) => configuration.delegatedFiles(files),
    setKeySetAges: (ages) => exposeKeySetAges(registry, issuers, ages),
    setAudit: (state) => exposeAudit(registry, state),
    setCertificates: (certificates) => exposeCertificates(registry, certificates),
    setCredentialState: (state) => exposeCredentialState(registry, state),
    setStoreHealth: (health) => exposeStore(registry, health),
    setLimitExchange: (state) => exposeLimitExchange(registry, state),
    metrics: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
