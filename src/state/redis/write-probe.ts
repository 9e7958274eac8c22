import type { Log } from '../../core/ports.ts';

/** Milliseconds between two probes, and while Redis refuses writes. */
const INTERVAL = 10_000;
const RETRY = 1_000;

/** Error codes of a Redis that serves reads and refuses writes. */
const REFUSALS: ReadonlySet<string> = new Set(['READONLY', 'OOM', 'MISCONF', 'NOREPLICAS']);

export interface WriteProbe {
  /** Runs a write if one is due. */
  run(write: () => Promise<void>): void;
  /** Call this with the code of every failed command. */
  failed(code: string): void;
  detail(): string | undefined;
}

/** Finds out that Redis refuses writes before a revocation has to be added: a full Redis, a demoted primary. */
export function createWriteProbe(log: Log, onReadOnly: () => void): WriteProbe {
  let refusal: string | undefined;
  let next = 0;
  let reconnect = 0;
  let running = false;

  async function probe(write: () => Promise<void>): Promise<void> {
    running = true;
    try {
      await write();
      if (refusal !== undefined) log.info('Redis accepts writes again');
      refusal = undefined;
    } catch {
      // `failed` has the code; an unreachable Redis is reported by the connection.
    } finally {
      running = false;
      next = performance.now() + (refusal === undefined ? INTERVAL : RETRY);
    }
  }

  return {
    run(write) {
      if (!running && performance.now() >= next) void probe(write);
    },
    failed(code) {
      if (!REFUSALS.has(code)) return;
      if (refusal === undefined) log.error('Redis refuses writes; changes are refused with 503', { code });
      if (refusal === undefined) next = performance.now() + RETRY;
      refusal = code;
      if (code !== 'READONLY' || performance.now() < reconnect) return;
      // After a failover the name of the primary may have another address.
      reconnect = performance.now() + INTERVAL;
      onReadOnly();
    },
    detail: () => (refusal === undefined ? undefined : `Redis refuses writes (${refusal})`),
  };
}
