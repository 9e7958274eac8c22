import { BoundedMap } from './bounded-map.ts';

/** A failure, and the milliseconds for which it is repeated without a new request. */
export interface PausedFault<Fault> {
  readonly fault: Fault;
  readonly pause: number;
}

/** The failures of logins and token requests, by key. */
export interface FaultPauses<Fault> {
  /** The failure of the key while its pause lasts. A changed secret is another credential, which it does not cover. */
  active(key: string, secret: unknown): Fault | undefined;
  note(key: string, secret: unknown, failed: PausedFault<Fault>): void;
}

/** Milliseconds without a new attempt after a failure; a rejected secret waits longer, to avoid account lockout. */
export const PAUSE_AFTER_FAULT = 1_000;
export const PAUSE_AFTER_REJECTION = 5_000;
/** Of a user name and password: GitLab bans an address after 30 failures in 3 minutes. */
export const PAUSE_AFTER_REJECTED_LOGIN = 30_000;

const MAX_FAULTS = 1_000;

export function createFaultPauses<Fault>(clock: { now(): number }): FaultPauses<Fault> {
  const faults = new BoundedMap<
    string,
    PausedFault<Fault> & { readonly at: number; readonly secret: unknown }
  >(MAX_FAULTS);
  return {
    active(key, secret) {
      const known = faults.get(key);
      if (known === undefined || known.secret !== secret) return undefined;
      // The absolute difference: a clock that was set back does not extend the pause.
      if (Math.abs(clock.now() - known.at) < known.pause) return known.fault;
      faults.delete(key);
      return undefined;
    },
    note(key, secret, failed) {
      faults.delete(key);
      faults.set(key, { ...failed, secret, at: clock.now() });
    },
  };
}
