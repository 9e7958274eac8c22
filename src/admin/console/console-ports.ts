import type { Revocations } from '../../core/credentials/revocation.ts';
import type { Clock, Log } from '../../core/ports.ts';
import type { ServiceHistory } from '../../core/operation/service-history.ts';
import type { StoreHealth } from '../../core/store.ts';
import type { Readiness } from '../readiness.ts';
import type { RevocableNames } from '../revocation-body.ts';
import type { StatusReport } from '../status-report.ts';
import type { PolicyPorts } from './policy-ports.ts';

/** The data of the pages, composed in src/app/endpoints/console-ports.ts. */
export interface ConsolePorts {
  /** Shown on every page: most data belongs to one replica, and replicas can share an address. */
  readonly replica: string;
  readonly version: string;
  /** Start of the process in milliseconds since the epoch. */
  readonly startedAt: number;
  readonly clock: Clock;
  readonly log: Log;
  ready(): Readiness;
  status(): StatusReport;
  services(): ServicesReport;
  store(): StoreHealth & { readonly kind: 'sqlite' | 'redis' };
  deployTokens(): readonly DeployTokenReport[];
  readonly revocations: Revocations;
  /** The names that revocations may use under the active configuration. */
  names(): RevocableNames;
  readonly policy: PolicyPorts;
}

export interface ServicesReport {
  /** In the order of the configuration. */
  readonly services: readonly {
    readonly name: string;
    readonly type: string;
    /** Undefined before the first interval. */
    readonly history: ServiceHistory | undefined;
  }[];
  readonly intervalMs: number;
}

export interface DeployTokenReport {
  readonly name: string;
  readonly username: string;
  /** `YYYY-MM-DD`: the token expires at 00:00 UTC of that day. Undefined: never. */
  readonly expires: string | undefined;
  /** The last use on this replica since its start, in milliseconds since the epoch. */
  readonly lastUse: number | undefined;
  /** What the token may access: `registry: read_registry on acme/**`. */
  readonly grants: readonly string[];
}
