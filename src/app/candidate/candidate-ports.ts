import type { CandidateMeter } from '../../core/operation/meter.ts';
import type { Clock, Log } from '../../core/ports.ts';

export interface CandidatePorts {
  readonly log: Log;
  readonly meter: CandidateMeter;
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The result of the last load of the candidate, reported by the admin listener. */
export interface CandidateStatus {
  readonly ok: boolean;
  /** RFC 3339; null before the first load. */
  readonly at: string | null;
  /** Hash of the evaluated candidate; null if none was valid. */
  readonly config: string | null;
  readonly problems: readonly string[];
}
