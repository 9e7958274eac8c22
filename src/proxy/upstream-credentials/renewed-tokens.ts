import type { Clock } from '../../core/ports.ts';
import { SingleFlight } from '../../util/async/single-flight.ts';
import type { AttachedCredential, Rejection } from './request-credential.ts';

export interface GrantedToken {
  readonly token: string;
  /** As its giver says. */
  readonly seconds: number;
}

/** Bearer tokens that end, by what they are for. */
export interface RenewedTokens {
  attach(key: string): AttachedCredential | Promise<AttachedCredential>;
  /** The upstream did not take this one. */
  rejected(key: string, presented: AttachedCredential | undefined): Rejection;
}

interface Cached {
  readonly presented: AttachedCredential;
  /** Milliseconds since the epoch. */
  expiresAt: number;
  renewAt: number;
  /** When the upstream last refused it, or the one before it. */
  refusedAt: number | undefined;
}

/** What services that do not say so mean (distribution, docs/spec/auth/token.md); RFC 6749 §5.1 leaves it open. */
export const DEFAULT_SECONDS = 60;
const MARGIN = 5_000;
const MOST_TOKENS = 1_000;
/** Seconds; one that says more is asked for anew after a day all the same. */
const LONGEST_LIFE = 86_400;
/** Milliseconds between two attempts to renew one that is still good. */
const PAUSE = 1_000;
/** Milliseconds. An upstream that refuses two in less does not refuse them for their age: a third would fare no better. */
const REST = 5_000;

/** Each token is had once, whoever waits for it, used until shortly before its end, and renewed while it is good. */
export function createRenewedTokens(
  fetch: (key: string) => Promise<GrantedToken>,
  clock: Clock,
): RenewedTokens {
  const cache = new Map<string, Cached>();
  const flights = new SingleFlight<AttachedCredential>(MOST_TOKENS);

  async function renew(key: string): Promise<AttachedCredential> {
    const { token, seconds } = await fetch(key);
    const presented: AttachedCredential = {
      credentialSource: 'header',
      name: 'Authorization',
      value: `Bearer ${token}`,
    };
    const life = Math.min(Math.max(seconds, 0), LONGEST_LIFE) * 1000;
    const now = clock.now();
    const oldest = cache.keys().next().value;
    if (cache.size >= MOST_TOKENS && oldest !== undefined && !cache.has(key)) cache.delete(oldest);
    const refusedAt = cache.get(key)?.refusedAt;
    cache.set(key, { presented, renewAt: now + life * 0.8, expiresAt: now + life - MARGIN, refusedAt });
    return presented;
  }

  function renewOnce(key: string): Promise<AttachedCredential> {
    return flights.run(key, () => renew(key));
  }

  return {
    attach(key) {
      const known = cache.get(key);
      const now = clock.now();
      if (known === undefined || now >= known.expiresAt) return renewOnce(key);
      if (now >= known.renewAt) {
        known.renewAt = now + PAUSE;
        // Nobody waits for this one; a failure is told by whoever needs it when this one has ended.
        renewOnce(key).catch(() => undefined);
      }
      return known.presented;
    },
    rejected(key, presented) {
      const known = cache.get(key);
      if (known === undefined || known.presented !== presented) return 'another';
      const now = clock.now();
      if (known.refusedAt !== undefined && Math.abs(now - known.refusedAt) < REST)
        return 'upstream_unauthorized';
      known.refusedAt = now;
      known.expiresAt = 0;
      return 'another';
    },
  };
}
