import { deny, unable } from '../../core/decision.ts';
import type { Refusal } from '../../core/decision.ts';
import { GatehouseError } from '../../core/errors.ts';
import type { VerificationMeter } from '../../core/meter.ts';
import type { Clock, Log } from '../../core/ports.ts';
import { backoff, jittered } from '../../util/backoff.ts';
import { quoted } from '../../util/quoted.ts';
import type { KeySource } from './key-source.ts';
import { parseKeySet } from './parse-key-set.ts';
import type { KeyHandle } from './parse-key-set.ts';
import type { KeyTiming } from '../settings.ts';

export interface KeySetPorts {
  readonly clock: Clock;
  readonly log: Log;
  readonly meter: VerificationMeter;
}

export interface KeySetStatus {
  readonly ready: boolean;
  readonly keys: number;
  readonly fetchedAt: number | undefined;
  readonly lastError: string | undefined;
}

/** setTimeout fires at once for more than this. */
const MAX_TIMER_DELAY = 2 ** 31 - 1;
const SHORTEST_TIMER = 1_000;

/**
 * The signing keys of one issuer, kept fresh in the background. The last good ones outlive a failing
 * issuer up to the stale limit; a key that a good answer no longer lists dies at once.
 */
export class KeySet {
  readonly #issuer: string;
  readonly #source: KeySource;
  readonly #timing: KeyTiming;
  readonly #ports: KeySetPorts;
  #keys: ReadonlyMap<string, readonly KeyHandle[]> = new Map();
  #count = 0;
  /** Key id and reason. */
  #ignored: ReadonlySet<string> = new Set();
  #fetchedAt: number | undefined;
  #failures = 0;
  #lastError: string | undefined;
  #retryAt = Number.NEGATIVE_INFINITY;
  #unknownKidAt: number | undefined;
  #fetching: Promise<void> | undefined;
  #running = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(issuer: string, source: KeySource, timing: KeyTiming, ports: KeySetPorts) {
    this.#issuer = issuer;
    this.#source = source;
    this.#timing = timing;
    this.#ports = ports;
  }

  /** Once is enough: a set that a reload takes over goes on as it was. */
  start(): void {
    if (this.#running) return;
    this.#running = true;
    void this.refresh();
  }

  stop(): void {
    this.#running = false;
    clearTimeout(this.#timer);
  }

  /** There are keys, and they are not past the stale limit. */
  usable(): boolean {
    return (
      this.#fetchedAt !== undefined && this.#ports.clock.now() - this.#fetchedAt <= this.#timing.staleLimit
    );
  }

  status(): KeySetStatus {
    return {
      ready: this.usable(),
      keys: this.#count,
      fetchedAt: this.#fetchedAt,
      lastError: this.#lastError,
    };
  }

  /** The keys under this id (never none), after a fetch where that may help. */
  async keysFor(kid: string): Promise<readonly KeyHandle[] | Refusal> {
    if (!this.usable()) await this.#fetchUnlessBackingOff();
    if (!this.usable()) return this.#unavailable();
    const known = this.#keys.get(kid);
    if (known !== undefined) return known;
    await this.#fetchForUnknownKid();
    const found = this.#keys.get(kid);
    if (found !== undefined) return found;
    return this.#lastError === undefined
      ? deny('signature_invalid', `issuer ${this.#issuer} has no key with kid ${quoted(kid)}`)
      : this.#unavailable();
  }

  /**
   * Anybody can make up key ids, so they buy one fetch per cooldown. A key that the issuer added meanwhile
   * is found at the end of the cooldown at the latest.
   */
  async #fetchForUnknownKid(): Promise<void> {
    const now = this.#ports.clock.now();
    const cooldown = Math.min(this.#timing.cooldown, this.#source.cooldownLimit);
    const since = this.#unknownKidAt === undefined ? undefined : now - this.#unknownKidAt;
    // Negative: the clock was set back, which must not stop fetches for as long.
    if (since !== undefined && since >= 0 && since < cooldown) return this.#fetching;
    this.#unknownKidAt = now;
    return this.#fetchUnlessBackingOff();
  }

  async #fetchUnlessBackingOff(): Promise<void> {
    if (this.#fetching === undefined && this.#ports.clock.now() < this.#retryAt) return;
    return this.refresh();
  }

  /** Fetches now. Never rejects (see `status`); concurrent callers share one fetch. */
  refresh(): Promise<void> {
    this.#fetching ??= this.#source
      .read()
      .then((document) => this.#adopt(this.#parse(document)))
      .catch((error: unknown) => this.#noteFailure(error))
      .finally(() => {
        this.#fetching = undefined;
        this.#schedule();
      });
    return this.#fetching;
  }

  /** Each ignored key is named once, and again after the issuer has stopped publishing it. */
  #parse(document: unknown): readonly KeyHandle[] {
    const ignored = new Set<string>();
    try {
      return parseKeySet(document, (kid, reason) => {
        const key = `${kid}\n${reason}`;
        if (!ignored.has(key) && !this.#ignored.has(key)) {
          this.#ports.log.warn('signing key ignored', { issuer: this.#issuer, kid, reason });
        }
        ignored.add(key);
      });
    } finally {
      this.#ignored = ignored;
    }
  }

  #adopt(fetched: readonly KeyHandle[]): void {
    const old = new Map([...this.#keys.values()].flat().map((key) => [key.fingerprint, key]));
    const current = new Map(fetched.map((key) => [key.fingerprint, old.get(key.fingerprint) ?? key]));
    for (const [fingerprint, key] of old) if (!current.has(fingerprint)) key.alive = false;
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

  #noteFailure(error: unknown): void {
    const { code, message } =
      error instanceof GatehouseError ? error : { code: 'key_set_invalid', message: 'unexpected error' };
    this.#failures += 1;
    this.#retryAt = this.#ports.clock.now() + backoff(this.#failures);
    this.#ports.meter.keySetFetched(this.#issuer, 'failure');
    // An outage of hours is one line, not one per retry.
    if (message !== this.#lastError) {
      this.#ports.log.warn('key set not fetched', { issuer: this.#issuer, code, reason: message });
    }
    this.#lastError = message;
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    if (!this.#running) return;
    const wait = this.#failures > 0 ? backoff(this.#failures) : jittered(this.#timing.refresh);
    const bounded = Math.min(MAX_TIMER_DELAY, Math.max(SHORTEST_TIMER, wait));
    this.#timer = setTimeout(() => void this.refresh(), bounded).unref();
  }

  #unavailable(): Refusal {
    const wait = Math.ceil((this.#retryAt - this.#ports.clock.now()) / 1000);
    return unable(
      'issuer_unavailable',
      `the keys of issuer ${this.#issuer} cannot be had: ${this.#lastError ?? 'not fetched yet'}`,
      Math.max(1, wait),
    );
  }
}
