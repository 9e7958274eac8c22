import type { AdmitRequest } from '../../core/identity-limits.ts';
import type { Clock } from '../../core/ports.ts';
import type { Store } from '../../core/store.ts';
import { compileAdmitRequest, type CountRefusal, type IdentityLimitSettings } from './admit.ts';
import { LimitExchange } from './exchange.ts';
import { KeyTable } from './key-table.ts';
import { NO_PEERS } from './limited-key.ts';

/** Milliseconds between two reports of a replica. */
const EXCHANGE_PAUSE = 1_000;
const MAX_IDENTITIES = 100_000;
const MAX_CLIENTS = 10_000;

/** The counts of all limits. They outlive a configuration, so that a reload neither resets nor loses a count. */
export interface IdentityLimits {
  /** Undefined if the configuration has no limits. */
  compile(settings: IdentityLimitSettings): AdmitRequest | undefined;
  /** Exchanges reports with the other replicas from now on, if the active configuration has limits. */
  activate(settings: IdentityLimitSettings): void;
  status(): {
    /** The replicas that share the limits, including this one. */
    readonly replicas: number;
    readonly failedExchanges: number;
  };
  stop(): void;
}

/** A request never waits for the store: the replicas exchange reports in the background. */
export function createIdentityLimits(
  store: Pick<Store, 'shared' | 'exchangeReports'>,
  clock: Clock,
  refused: CountRefusal,
): IdentityLimits {
  const exchange = new LimitExchange(store, () => performance.now());
  const tables = {
    identities: new KeyTable(MAX_IDENTITIES, (name) => exchange.peersOf(name)),
    clients: new KeyTable(MAX_CLIENTS, () => NO_PEERS),
  };
  let timer: NodeJS.Timeout | undefined;
  let running = false;

  function exchangeOnce(): void {
    if (running) return;
    running = true;
    void exchange.run(tables.identities, () => clock.now()).finally(() => (running = false));
  }

  function compile(settings: IdentityLimitSettings): AdmitRequest | undefined {
    return compileAdmitRequest(settings, tables, { now: () => clock.now(), refused });
  }

  function stop(): void {
    clearInterval(timer);
    timer = undefined;
  }

  return {
    compile,
    activate(settings) {
      if (!store.shared || compile(settings) === undefined) return stop();
      timer ??= setInterval(exchangeOnce, EXCHANGE_PAUSE).unref();
    },
    status: () => ({ replicas: exchange.replicas, failedExchanges: exchange.failures }),
    stop,
  };
}
