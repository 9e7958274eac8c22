import { LRUCache } from 'lru-cache';
import type { Clock } from '../../core/ports.ts';
import { networkOf, siteOf } from '../../util/http/client-network.ts';
import { HeldUnits } from '../../util/limits/held-units.ts';

/**
 * Limits of the introspection requests for unknown credentials to one GitLab. A request holds a unit while it
 * is in flight, and for `window` after GitLab refused the credential; a confirmation releases the unit at
 * once (docs/adr/0026-introspection-budgets.md).
 */
export interface BudgetLimits {
  /** Milliseconds. */
  readonly window: number;
  /** Units available to clients without a confirmed credential in the last day. */
  readonly unproven: number;
  /** Units available to clients with a confirmed credential in the last day. */
  readonly proven: number;
  /** Units available to renewals while a refused renewal is in the window. Undefined: unlimited. */
  readonly renewals: number | undefined;
  /** One address can hold at most 1/`perAddress` of the free units. */
  readonly perAddress: number;
  /** One user name or connection can hold at most 1/`withinAddress` of the units available to its address. */
  readonly withinAddress: number;
  /**
   * Whether a request without a response holds its unit for `window`, because GitLab may have counted a
   * failure.
   */
  readonly unansweredCount: boolean;
}

/** The origin of an unknown credential. */
export interface BudgetSource {
  readonly address: string;
  /** Port of the client's connection. Undefined behind a proxy. */
  readonly port: number | undefined;
  readonly username: string | undefined;
}

/** Permission for one introspection request; settled exactly once. */
export interface Permit {
  readonly kind: 'first' | 'renewal';
  readonly network: string;
  /** All keys that hold the unit. */
  readonly keys: readonly string[];
}

/** No unit is available. */
export interface Exhausted {
  readonly kind: 'exhausted';
  /** True if refused credentials of the same address hold units, false if only other addresses hold them. */
  readonly own: boolean;
  /** Seconds. */
  readonly retryAfter: number;
}

/** Outcome of a permitted request. `uncounted`: the response was not about the credential. */
export type Outcome = 'confirmed' | 'refused' | 'unanswered' | 'uncounted';

interface Counted {
  readonly permit: Permit;
  at: number;
}

/** Milliseconds for which a confirmed credential gives its address access to the reserve. */
const PROVEN_FOR = 24 * 3_600_000;
const MAX_PROVEN = 10_000;

/** Counts the units of introspection requests, per client and in total. */
export class IntrospectionBudget {
  readonly #limits: BudgetLimits;
  readonly #clock: Clock;
  readonly #held = new HeldUnits();
  /** Refused and unanswered requests of the window, oldest first; at most as many as there are units. */
  readonly #counted: Counted[] = [];
  /** By address: time of the last confirmed credential. Unknown credentials cannot evict entries. */
  readonly #proven = new LRUCache<string, number>({ max: MAX_PROVEN });
  #total = 0;
  #renewing = 0;
  #refusedRenewals = 0;

  constructor(limits: BudgetLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /** Takes a permit for a credential that was never confirmed. */
  take(source: BudgetSource): Permit | Exhausted {
    const now = this.#expire();
    const { perAddress, withinAddress, proven, unproven } = this.#limits;
    const network = networkOf(source.address);
    const site = siteOf(source.address);
    const parts = partsOf(network, source);
    // Dynamic thresholds: the units that a client can hold depend on the free units, so that some remain for
    // others.
    const free = (this.#isProven(network, now) ? proven : unproven) - this.#total;
    const left = free / perAddress - this.#held.of(network);
    const fits =
      left > 0 &&
      (site === undefined || this.#held.of(site) < free) &&
      parts.every((part) => this.#held.of(part) * withinAddress < left);
    if (!fits) return this.#exhausted(network, now);
    const keys = site === undefined ? [network, ...parts] : [network, site, ...parts];
    for (const key of keys) this.#held.add(key);
    this.#total += 1;
    return { kind: 'first', network, keys };
  }

  /**
   * Takes a permit for a previously confirmed credential; limited only after the refusal of such a
   * credential.
   */
  takeRenewal(address: string): Permit | Exhausted {
    const now = this.#expire();
    const limit = this.#limits.renewals;
    if (limit !== undefined && this.#refusedRenewals > 0 && this.#total + this.#renewing >= limit) {
      return { kind: 'exhausted', own: false, retryAfter: this.#secondsUntilOldest(now) };
    }
    this.#renewing += 1;
    return { kind: 'renewal', network: networkOf(address), keys: [] };
  }

  settle(permit: Permit, outcome: Outcome): void {
    const now = this.#expire();
    if (permit.kind === 'renewal') this.#settleRenewal(permit, outcome, now);
    else this.#settleFirst(permit, outcome, now);
    if (outcome === 'confirmed') this.#proven.set(permit.network, now);
  }

  #settleFirst(permit: Permit, outcome: Outcome, at: number): void {
    switch (outcome) {
      case 'refused':
        this.#counted.push({ permit, at });
        return;
      case 'unanswered':
        this.#release(permit.keys);
        // The client is not at fault for an outage, so the unit no longer counts against the client.
        if (this.#limits.unansweredCount) this.#counted.push({ permit: { ...permit, keys: [] }, at });
        else this.#total -= 1;
        return;
      case 'confirmed':
      case 'uncounted':
        this.#release(permit.keys);
        this.#total -= 1;
        return;
      default:
        outcome satisfies never;
    }
  }

  #settleRenewal(permit: Permit, outcome: Outcome, at: number): void {
    this.#renewing -= 1;
    if (outcome !== 'refused' || this.#limits.renewals === undefined) return;
    this.#refusedRenewals += 1;
    this.#total += 1;
    this.#counted.push({ permit, at });
  }

  #release(keys: readonly string[]): void {
    for (const key of keys) this.#held.remove(key);
  }

  /** Releases the units whose window has ended. Returns the current time. */
  #expire(): number {
    const now = this.#clock.now();
    for (let first = this.#counted[0]; first !== undefined; first = this.#counted[0]) {
      // If the clock was set back, the window restarts; otherwise it could end early or last longer.
      if (first.at > now) for (const counted of this.#counted) counted.at = Math.min(counted.at, now);
      if (now - first.at < this.#limits.window) break;
      this.#counted.shift();
      this.#release(first.permit.keys);
      this.#total -= 1;
      if (first.permit.kind === 'renewal') this.#refusedRenewals -= 1;
    }
    return now;
  }

  #isProven(network: string, now: number): boolean {
    const at = this.#proven.get(network);
    return at !== undefined && now - at < PROVEN_FOR;
  }

  #exhausted(network: string, now: number): Exhausted {
    const own = this.#counted.find(({ permit }) => permit.kind === 'first' && permit.keys[0] === network);
    if (own === undefined) return { kind: 'exhausted', own: false, retryAfter: 1 };
    const seconds = Math.ceil((own.at + this.#limits.window - now) / 1000);
    return { kind: 'exhausted', own: true, retryAfter: Math.max(1, seconds) };
  }

  #secondsUntilOldest(now: number): number {
    const at = this.#counted[0]?.at ?? now;
    return Math.max(1, Math.ceil((at + this.#limits.window - now) / 1000));
  }
}

/** Keys within one address: user names (of deploy tokens) and connections. */
function partsOf(network: string, { username, port }: BudgetSource): readonly string[] {
  return [
    ...(username === undefined ? [] : [`${network} user ${username}`]),
    ...(port === undefined ? [] : [`${network} port ${port}`]),
  ];
}
