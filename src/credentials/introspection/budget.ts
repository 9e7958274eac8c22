import { networkOf, siteOf } from '../../util/http/client-network.ts';
import type { HeldView, IntrospectionUnits, Permit } from './units.ts';

/**
 * Limits of the introspection requests to one GitLab. A request holds a unit while it is in flight, and for
 * `window` after GitLab refused the credential; a confirmation releases the unit at once
 * (docs/adr/0026-introspection-budgets.md).
 */
export interface BudgetLimits {
  /** Milliseconds. */
  readonly window: number;
  /** Units available to clients without a confirmed credential in the last day. */
  readonly unproven: number;
  /** Units available to clients with a confirmed credential in the last day. */
  readonly proven: number;
  /** All units: those above `proven` are for renewals only. Undefined: renewals hold no units. */
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
  /**
   * Requests in flight: as many first uses, and as many renewals. One address (IPv6: first uses of a /48) can have at
   * most as many as remain free.
   */
  readonly concurrent: number;
}

/** The origin of an unknown credential. */
export interface BudgetSource {
  readonly address: string;
  /** Port of the client's connection. Undefined behind a proxy. */
  readonly port: number | undefined;
  readonly username: string | undefined;
}

/** Units are available once requests in flight are confirmed. */
export interface Busy {
  readonly kind: 'busy';
}

/** No unit is available. */
export interface Exhausted {
  readonly kind: 'exhausted';
  /** True if refused credentials of the same address hold units, false if only other addresses hold them. */
  readonly own: boolean;
  /** Seconds. */
  readonly retryAfter: number;
}

/**
 * Outcome of a permitted request. `blocked`: the response was not about the credential, but may be a reaction to
 * it. `uncounted`: the response was not about the credential, or the request was not sent.
 */
export type Outcome = 'confirmed' | 'refused' | 'blocked' | 'unanswered' | 'uncounted';

const BUSY: Busy = { kind: 'busy' };

/** The limits of one issuer for units that it can share with other issuers. */
export class IntrospectionBudget {
  readonly #limits: BudgetLimits;
  readonly #units: IntrospectionUnits;

  constructor(limits: BudgetLimits, units: IntrospectionUnits) {
    this.#limits = limits;
    this.#units = units;
  }

  /** Takes a permit for a credential that was never confirmed. */
  take(source: BudgetSource): Permit | Busy | Exhausted {
    const units = this.#units;
    const now = units.expire();
    const network = networkOf(source.address);
    const site = siteOf(source.address);
    const parts = partsOf(network, source);
    const available = units.isProven(network, now) ? this.#limits.proven : this.#limits.unproven;
    const fits = (held: HeldView): boolean => this.#fits(held, available, network, site, parts);
    if (!fits(units.lasting)) return this.#exhausted(now, network);
    if (!this.#hasSlot('first', site ?? network) || !fits(units.held)) return BUSY;
    const keys = site === undefined ? [network, ...parts] : [network, site, ...parts];
    return units.begin({ kind: 'first', network, keys });
  }

  /** Takes a permit for a previously confirmed credential. */
  takeRenewal(address: string): Permit | Busy | Exhausted {
    const units = this.#units;
    const now = units.expire();
    const network = networkOf(address);
    const key = `renewals ${network}`;
    if (!this.#fitsRenewal(units.lasting, key)) {
      // The credential is known, so that the attempt is not a guess.
      return { kind: 'exhausted', own: false, retryAfter: seconds(units.nextReturn(now) ?? 0) };
    }
    if (!this.#hasSlot('renewal', key) || !this.#fitsRenewal(units.held, key)) return BUSY;
    return units.begin({ kind: 'renewal', network, keys: [key] });
  }

  settle(permit: Permit, outcome: Outcome): void {
    this.#units.expire();
    this.#units.end(permit, this.#counts(permit, outcome) ? this.#limits.window : undefined);
    if (outcome === 'confirmed') this.#units.prove(permit.network);
  }

  /**
   * Dynamic thresholds: the units that a client can hold depend on the free units, so that some remain for
   * others.
   */
  #fits(
    held: HeldView,
    available: number,
    network: string,
    site: string | undefined,
    parts: readonly string[],
  ): boolean {
    const { perAddress, withinAddress, renewals = Infinity } = this.#limits;
    const free = available - held.total;
    const left = free / perAddress - held.of(network);
    return (
      left > 0 &&
      held.total + held.renewing < renewals &&
      (site === undefined || held.of(site) < free) &&
      parts.every((part) => held.of(part) * withinAddress < left)
    );
  }

  /** GitLab can take seconds to respond to one client's requests; others must not wait for that. */
  #hasSlot(kind: Permit['kind'], key: string): boolean {
    const { held, lasting } = this.#units;
    return held.of(key) - lasting.of(key) < this.#limits.concurrent - this.#units.inFlight(kind);
  }

  /** Any renewal in flight can be refused, for example if tokens expire together. */
  #fitsRenewal(held: HeldView, key: string): boolean {
    const { renewals } = this.#limits;
    return renewals === undefined || held.of(key) < renewals - held.total - held.renewing;
  }

  #counts({ kind }: Permit, outcome: Outcome): boolean {
    if (kind === 'renewal' && this.#limits.renewals === undefined) return false;
    switch (outcome) {
      case 'refused':
        return true;
      case 'blocked':
        // A known credential was accepted before, so that its content is not the cause.
        return kind === 'first';
      case 'unanswered':
        return this.#limits.unansweredCount;
      case 'confirmed':
      case 'uncounted':
        return false;
      default:
        return outcome satisfies never;
    }
  }

  #exhausted(now: number, network: string): Exhausted {
    const wait = this.#units.nextReturn(now, network);
    return { kind: 'exhausted', own: wait !== undefined, retryAfter: seconds(wait ?? 0) };
  }
}

function seconds(milliseconds: number): number {
  return Math.max(1, Math.ceil(milliseconds / 1000));
}

/** Keys within one address: user names (of deploy tokens) and connections. */
function partsOf(network: string, { username, port }: BudgetSource): readonly string[] {
  return [
    ...(username === undefined ? [] : [`${network} user ${username}`]),
    ...(port === undefined ? [] : [`${network} port ${port}`]),
  ];
}

/** The key of one client: its connection or user name, if they are known, within its address. */
export function clientKeyOf(source: BudgetSource): string {
  const network = networkOf(source.address);
  return [network, ...partsOf(network, source)].at(-1) ?? network;
}
