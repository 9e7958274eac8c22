import { deny, unable } from '../../core/decision.ts';
import type { Refusal } from '../../core/decision.ts';
import type { VerificationMeter } from '../../core/operation/meter.ts';
import type { Clock, Log } from '../../core/ports.ts';
import { backoff, jittered, MAX_BACKOFF } from '../../util/async/backoff.ts';
import { quoted } from '../../util/text/quoted.ts';
import { AlternatingKeys } from './alternating-keys.ts';
import { BoundedSet } from '../../util/limits/bounded-set.ts';
import { IgnoredKeys } from './ignored-keys.ts';
import { invalidKeySet, type KeySetFailure } from './key-set-failure.ts';
import type { KeySource } from './key-source.ts';
import type { KeyHandle, PublishedKeys } from './read-key-set.ts';
import type { KeyTiming } from '../settings.ts';
import { refreshDelay } from './refresh-delay.ts';
import { UnknownKids } from './unknown-kids.ts';

export interface KeySetPorts {
  readonly clock: Clock;
  readonly log: Log;
  readonly meter: VerificationMeter;
}

/** State of a key set. */
export interface KeySetStatus {
  /** Whether the keys are usable. */
  readonly ready: boolean;
  readonly keys: number;
  /** Time of the last successful fetch; milliseconds since the epoch. */
  readonly fetchedAt: number | undefined;
  readonly lastError: string | undefined;
}

const MAX_WITHDRAWN = 100;

/**
 * The signing keys of one issuer, refreshed in the background. After a failed fetch the previous keys remain
 * usable up to the stale limit. After a successful fetch, keys that the issuer no longer publishes are
 * invalid at once, except those that alternate.
 */
export class KeySet {
  readonly #issuer: string;
  readonly #source: KeySource;
  readonly #timing: KeyTiming;
  readonly #ports: KeySetPorts;
  #keys: ReadonlyMap<string, readonly KeyHandle[]> = new Map();
  #count = 0;
  readonly #ignored: IgnoredKeys;
  readonly #alternating: AlternatingKeys;
  #fetchedAt: number | undefined;
  #failures = 0;
  #lastError: string | undefined;
  #retryAt = Number.NEGATIVE_INFINITY;
  /** Milliseconds to the next fetch, as the last document proposed. */
  #hint: number | undefined;
  readonly #unknownKids: UnknownKids;
  /** Key ids that the issuer published and withdrew. */
  readonly #withdrawn = new BoundedSet(MAX_WITHDRAWN);
  #fetching: Promise<void> | undefined;
  #running = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(issuer: string, source: KeySource, timing: KeyTiming, ports: KeySetPorts) {
    this.#issuer = issuer;
    this.#source = source;
    this.#timing = timing;
    this.#ports = ports;
    this.#ignored = new IgnoredKeys(issuer, ports.log);
    this.#alternating = new AlternatingKeys(timing);
    this.#unknownKids = new UnknownKids(Math.min(timing.cooldown, source.cooldownLimit));
  }

  /**
   * Starts the background refresh. Has no effect on a running key set, for example one that a reload reuses.
   */
  start(): void {
    if (this.#running) return;
    this.#running = true;
    void this.refresh();
  }

  stop(): void {
    this.#running = false;
    clearTimeout(this.#timer);
  }

  /** Whether keys were fetched within the stale limit. A fetch in the future (the clock was set back) has no known age. */
  usable(): boolean {
    if (this.#fetchedAt === undefined) return false;
    const age = this.#ports.clock.now() - this.#fetchedAt;
    return age >= 0 && age <= this.#timing.staleLimit;
  }

  status(): KeySetStatus {
    return {
      ready: this.usable(),
      keys: this.#count,
      fetchedAt: this.#fetchedAt,
      lastError: this.#lastError,
    };
  }

  /** Returns the keys with this id, or without one all keys (at least one), if no fetch is necessary. */
  presentFor(kid: string | undefined): readonly KeyHandle[] | undefined {
    if (!this.usable()) return undefined;
    return kid === undefined ? [...this.#keys.values()].flat() : this.#keys.get(kid);
  }

  /** Returns the keys with this id, or without one all keys (at least one), after a fetch if necessary. */
  async keysFor(kid: string | undefined): Promise<readonly KeyHandle[] | Refusal> {
    if (!this.usable()) await this.#fetchUnlessBackingOff();
    if (!this.usable()) return this.#unavailable();
    const keys = this.presentFor(kid);
    if (keys !== undefined || kid === undefined) return keys ?? [];
    const wait = await this.#fetchForUnknownKid(kid);
    const fetched = this.#keys.get(kid);
    if (fetched !== undefined) return fetched;
    if (this.#alternating.includes(kid, this.#ports.clock.now())) return this.#elsewhere(kid);
    if (this.#lastError !== undefined) return this.#unavailable();
    // The issuer has withdrawn the key, so its absence is not a delay of a rotation.
    if (wait === undefined || this.#withdrawn.has(kid)) {
      const detail = `issuer ${this.#issuer} has no key with kid ${quoted(kid)}`;
      return { ...deny('signature_invalid', detail), keyId: kid };
    }
    const detail = `issuer ${this.#issuer} did not publish kid ${quoted(kid)} when its keys were last fetched`;
    return { ...unable('signing_key_pending', detail, Math.ceil(wait / 1000)), keyId: kid };
  }

  /** Returns the milliseconds to the next fetch if a fetch is withheld now. */
  async #fetchForUnknownKid(kid: string): Promise<number | undefined> {
    if (this.#fetching !== undefined) return this.#fetching.then(() => undefined);
    const wait = this.#unknownKids.wait(kid, this.#ports.clock.now());
    if (wait > 0) return wait;
    await this.#fetchUnlessBackingOff();
    return undefined;
  }

  async #fetchUnlessBackingOff(): Promise<void> {
    if (this.#fetching === undefined && this.#backoffLeft() > 0) return;
    return this.refresh();
  }

  /** Milliseconds. A longer time than the longest backoff means that the clock was set back. */
  #backoffLeft(): number {
    const left = this.#retryAt - this.#ports.clock.now();
    return left > MAX_BACKOFF ? 0 : left;
  }

  /** Fetches the keys now. Never rejects: `status` contains the error. Concurrent calls share one fetch. */
  refresh(): Promise<void> {
    this.#fetching ??= this.#fetch().finally(() => {
      this.#fetching = undefined;
      this.#schedule();
    });
    return this.#fetching;
  }

  async #fetch(): Promise<void> {
    const result = await this.#read().catch(() => invalidKeySet('unexpected error'));
    switch (result.kind) {
      case 'keys':
        this.#hint = result.refresh;
        return this.#adopt(result.keys);
      case 'outbound_failed':
      case 'key_set_invalid':
        return this.#noteFailure(result);
      default:
        return result satisfies never;
    }
  }

  async #read(): Promise<PublishedKeys | KeySetFailure> {
    const document = await this.#source.read();
    return document.kind === 'document' ? this.#ignored.read(document.value, this.#source.form) : document;
  }

  #adopt(published: readonly KeyHandle[]): void {
    const fetched = this.#mergeAlternating(published);
    const old = new Map([...this.#keys.values()].flat().map((key) => [key.fingerprint, key]));
    const current = new Map(fetched.map((key) => [key.fingerprint, old.get(key.fingerprint) ?? key]));
    for (const [fingerprint, key] of old) {
      if (current.has(fingerprint)) continue;
      key.alive = false;
      this.#withdrawn.add(key.kid);
    }
    for (const { kid } of fetched) this.#withdrawn.delete(kid);
    const changed = current.size !== old.size || [...current.keys()].some((print) => !old.has(print));

    this.#keys = Map.groupBy(current.values(), (key) => key.kid);
    this.#count = current.size;
    this.#fetchedAt = this.#ports.clock.now();
    this.#ports.meter.keySetFetched(this.#issuer, 'success');
    const fields = { issuer: this.#issuer, keys: this.#count };
    if (this.#failures > 0)
      this.#ports.log.info('key set recovered', { ...fields, failures: this.#failures });
    else if (changed) this.#ports.log.info('key set loaded', fields);
    this.#failures = 0;
    this.#lastError = undefined;
    this.#retryAt = Number.NEGATIVE_INFINITY;
  }

  #mergeAlternating(published: readonly KeyHandle[]): readonly KeyHandle[] {
    const now = this.#ports.clock.now();
    const known = this.#alternating.active(now);
    const merged = this.#alternating.merge(published, now);
    if (!known && this.#alternating.active(now)) {
      this.#ports.log.warn('the nodes of the issuer publish different key sets', { issuer: this.#issuer });
    }
    return merged;
  }

  #noteFailure({ kind: code, detail: reason }: KeySetFailure): void {
    this.#failures += 1;
    this.#retryAt = this.#ports.clock.now() + backoff(this.#failures);
    this.#ports.meter.keySetFetched(this.#issuer, 'failure');
    // Log once per outage, not once per retry.
    if (reason !== this.#lastError) {
      this.#ports.log.warn('key set not fetched', { issuer: this.#issuer, code, reason });
    }
    this.#lastError = reason;
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    if (!this.#running) return;
    const { cooldown, staleLimit } = this.#timing;
    const refresh = this.#hint === undefined ? this.#timing.refresh : Math.min(this.#hint, staleLimit);
    const alternates = this.#alternating.active(this.#ports.clock.now());
    const interval = alternates ? Math.min(refresh, cooldown) : refresh;
    const wait = this.#failures > 0 ? backoff(this.#failures) : jittered(interval);
    this.#timer = setTimeout(() => void this.refresh(), refreshDelay(wait)).unref();
  }

  /** Another node of the issuer may publish the key, so that its absence decides nothing. */
  #elsewhere(kid: string): Refusal {
    const detail = `the nodes of issuer ${this.#issuer} publish different key sets, and the last one is without kid ${quoted(kid)}`;
    return unable('issuer_unavailable', detail, Math.max(1, Math.ceil(this.#timing.cooldown / 1000)));
  }

  #unavailable(): Refusal {
    const wait = Math.ceil(this.#backoffLeft() / 1000);
    return unable(
      'issuer_unavailable',
      `the keys of issuer ${this.#issuer} are unavailable: ${this.#lastError ?? 'not fetched yet'}`,
      Math.max(1, wait),
    );
  }
}
