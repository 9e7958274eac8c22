import type { Clock } from '../../core/ports.ts';
import type { HolderRevocation, Revocation, RevocationHolder } from '../../core/credentials/revocation.ts';

/** Bounds the number and rate of additions per caller, because every replica keeps all entries in memory. */
interface Limits {
  /** Entries at a time; an entry counts until some minutes after its token expires. */
  readonly held: number;
  readonly perMinute: number;
}

/** Counted per project id: a caller can have many tokens, branches and service accounts, but only one project id. */
const PER_SUBJECT: Limits = { held: 1_000, perMinute: 60 };

/** Counted per identity for callers that can create projects, because identities are part of the configuration. */
const PER_IDENTITY: Limits = { held: 10_000, perMinute: 600 };

const MINUTE = 60_000;

type Exceeded = Extract<HolderRevocation, { readonly kind: 'quota_exceeded' }>;

interface Usage {
  held: number;
  /** Additions that the store has not confirmed yet. */
  pending: number;
  /** Times of the additions in the last minute, in milliseconds since the epoch. */
  recent: number[];
}

/** Derived from the entries of the list, so that a restart or another replica does not reset a quota. */
export class HolderQuota {
  readonly #usage = new Map<string, Usage>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Reserves an addition until `end`, or returns the reason why the quota is exceeded. */
  begin(holder: RevocationHolder): Exceeded | undefined {
    const keys = keysOf(holder);
    for (const [key, limits] of keys) {
      const exceeded = this.#exceeded(key, limits);
      if (exceeded !== undefined) return exceeded;
    }
    for (const [key] of keys) this.#of(key).pending += 1;
    return undefined;
  }

  end(holder: RevocationHolder): void {
    for (const [key] of keysOf(holder)) {
      this.#of(key).pending -= 1;
      this.#dropUnused(key);
    }
  }

  /** Counts an entry of the list, added by this replica or another. */
  added({ holder, created }: Revocation): void {
    if (holder === undefined) return;
    const now = this.#clock.now();
    // The clock of another replica may be ahead.
    const at = Math.min(Date.parse(created) || now, now);
    for (const [key, { perMinute }] of keysOf(holder)) {
      const usage = this.#of(key);
      usage.held += 1;
      if (at <= now - MINUTE) continue;
      usage.recent.push(at);
      // Other replicas can add more; the newest are sufficient to find the limit exceeded.
      if (usage.recent.length > perMinute) usage.recent.shift();
    }
  }

  removed({ holder }: Revocation): void {
    if (holder === undefined) return;
    for (const [key] of keysOf(holder)) {
      this.#of(key).held -= 1;
      this.#dropUnused(key);
    }
  }

  #exceeded(key: string, { held, perMinute }: Limits): Exceeded | undefined {
    const usage = this.#usage.get(key);
    if (usage === undefined) return undefined;
    const now = this.#clock.now();
    // If the clock was set back, the minute starts again.
    usage.recent = usage.recent.filter((at) => at > now - MINUTE).map((at) => Math.min(at, now));
    const [oldest = now] = usage.recent;
    if (usage.recent.length + usage.pending >= perMinute) {
      const retryAfter = Math.max(1, Math.ceil((oldest + MINUTE - now) / 1000));
      return exceeded(`${key} has revoked ${perMinute} tokens in the last minute`, retryAfter);
    }
    if (usage.held + usage.pending < held) return undefined;
    return exceeded(`${key} has ${held} revoked tokens that have not ended`, MINUTE / 1000);
  }

  #of(key: string): Usage {
    const known = this.#usage.get(key);
    if (known !== undefined) return known;
    const added = { held: 0, pending: 0, recent: [] };
    this.#usage.set(key, added);
    return added;
  }

  #dropUnused(key: string): void {
    const { held, pending } = this.#of(key);
    if (held <= 0 && pending <= 0) this.#usage.delete(key);
  }
}

function keysOf({ subject, identity }: RevocationHolder): readonly (readonly [string, Limits])[] {
  const bySubject = [`subject ${subject}`, PER_SUBJECT] as const;
  return identity === undefined ? [bySubject] : [bySubject, [`identity ${identity}`, PER_IDENTITY]];
}

function exceeded(detail: string, retryAfter: number): Exceeded {
  return { kind: 'quota_exceeded', detail, retryAfter };
}
