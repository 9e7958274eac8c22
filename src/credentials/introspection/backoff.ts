import { LRUCache } from 'lru-cache';
import type { Clock } from '../../core/ports.ts';
import type { Permit } from './units.ts';

/** A response that is not about the credential, but may be a reaction to it. */
export interface Block {
  /** Seconds to wait. */
  readonly seconds: number;
  /** The response was a 403 or 429. */
  readonly limited: boolean;
}

/** Which requests wait after responses that are not about a credential, such as a ban (403) or a rate limit (429). */
export interface Backoff {
  /** Seconds for which requests of this origin wait; undefined if they do not wait. */
  waitOf(kind: Permit['kind'], origin: string): number | undefined;
  /** Seconds for which first uses wait, except for one at a time; undefined if they do not wait. */
  readonly pause: number | undefined;
  blocked(kind: Permit['kind'], origin: string, block: Block): void;
  /** GitLab returned a response about a credential. */
  answered(): void;
}

/** Seconds. */
export const MAX_BLOCK = 60;
const MAX_ORIGINS = 10_000;

/**
 * A web application firewall can respond to the content of an unknown token, and GitLab limits invalid tokens and
 * users separately. So a response applies to its origin only: to the client of an unknown credential, or to the
 * known credential. A known credential was accepted before, so a 403 or 429 for it also pauses first uses.
 */
export function createBackoff(clock: Clock): Backoff {
  const until = {
    first: new LRUCache<string, number>({ max: MAX_ORIGINS }),
    renewal: new LRUCache<string, number>({ max: MAX_ORIGINS }),
  };
  let pausedUntil = Number.NEGATIVE_INFINITY;

  function secondsUntil(at: number | undefined): number | undefined {
    const wait = at === undefined ? 0 : Math.ceil((at - clock.now()) / 1000);
    // A longer wait means that the clock was set back.
    return wait > 0 && wait <= MAX_BLOCK ? wait : undefined;
  }

  return {
    waitOf: (kind, origin) => secondsUntil(until[kind].get(origin)),
    get pause() {
      return secondsUntil(pausedUntil);
    },
    blocked(kind, origin, { seconds, limited }) {
      const at = clock.now() + seconds * 1000;
      until[kind].set(origin, at);
      if (kind === 'renewal' && limited) pausedUntil = at;
    },
    answered() {
      pausedUntil = Number.NEGATIVE_INFINITY;
    },
  };
}
