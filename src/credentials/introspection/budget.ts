import { LRUCache } from 'lru-cache';
import type { Clock } from '../../core/ports.ts';
import { networkOf, siteOf } from '../../util/http/client-network.ts';
import { HeldUnits } from '../../util/held-units.ts';

/**
 * Limits of the questions about unknown credentials to one GitLab. A question holds a unit while it is in flight, and for `window`
 * after GitLab refused the credential; a confirmed credential returns its unit at once (docs/adr/0026-introspection-budgets.md).
 */
export interface BudgetLimits {
  /** Milliseconds. */
  readonly window: number;
  /** Units up to which clients are served that had no credential confirmed in the last day. */
  readonly unproven: number;
  /** Units up to which clients are served that had one. */
  readonly proven: number;
  /** Units up to which credentials are asked about again while some of those were refused; undefined: without limit. */
  readonly renewals: number | undefined;
  /** One address holds at most one part in so many of the free units. */
  readonly perAddress: number;
  /** One user name or connection holds at most one part in so many of what is left to its address. */
  readonly withinAddress: number;
  /** Whether a question without an answer counts for `window`: GitLab may have counted a failure. */
  readonly unansweredCount: boolean;
}

/** Where an unknown credential comes from. */
export interface BudgetSource {
  readonly address: string;
  /** Of the client's connection, where no proxy is between; undefined otherwise. */
  readonly port: number | undefined;
  readonly username: string | undefined;
}

/** The right to ask one question; settled exactly once. */
export interface Permit {
  readonly kind: 'first' | 'renewal';
  readonly network: string;
  /** All keys that hold the unit. */
  readonly keys: readonly string[];
}

export interface Exhausted {
  readonly kind: 'exhausted';
  /** Whether refused credentials of the same address hold units, or only those of other addresses. */
  readonly own: boolean;
  /** Seconds. */
  readonly retryAfter: number;
}

export type Outcome = 'confirmed' | 'refused' | 'unanswered' | 'uncounted';

interface Counted {
  readonly permit: Permit;
  at: number;
}

/** Milliseconds for which a confirmed credential gives its address access to the reserve. */
const PROVEN_FOR = 24 * 3_600_000;
const MAX_PROVEN = 10_000;

export class IntrospectionBudget {
  readonly #limits: BudgetLimits;
  readonly #clock: Clock;
  readonly #held = new HeldUnits();
  /** Refused and unanswered questions of the window, oldest first; no more than there are units. */
  readonly #counted: Counted[] = [];
  /** Address → when a credential from there was confirmed last. Unknown credentials cannot push entries out. */
  readonly #proven = new LRUCache<string, number>({ max: MAX_PROVEN });
  #total = 0;
  #renewing = 0;
  #refusedRenewals = 0;

  constructor(limits: BudgetLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /** A permit to ask about a credential that was never confirmed. */
  take(source: BudgetSource): Permit | Exhausted {
    const now = this.#expire();
    const { perAddress, withinAddress, proven, unproven } = this.#limits;
    const network = networkOf(source.address);
    const site = siteOf(source.address);
    const parts = partsOf(network, source);
    // Dynamic thresholds: who holds much may hold more only while much is free, so that something stays free for others.
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

  /** A permit to ask again about a credential that was confirmed before; limited only once such a credential was refused. */
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
        // An outage is not the client's fault: the unit is no longer its own.
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

  /** Returns the units whose window is over. */
  #expire(): number {
    const now = this.#clock.now();
    for (let first = this.#counted[0]; first !== undefined; first = this.#counted[0]) {
      // A clock that was set back starts the window anew: it neither ends nor outlasts one.
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

/** What shares an address: user names (deploy tokens have one), and connections. */
function partsOf(network: string, { username, port }: BudgetSource): readonly string[] {
  return [
    ...(username === undefined ? [] : [`${network} user ${username}`]),
    ...(port === undefined ? [] : [`${network} port ${port}`]),
  ];
}
