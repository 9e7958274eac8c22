import { LiveMap } from '../../util/resources/live-map.ts';

/** One direction of one body. */
export interface Transfer {
  /** Multiple of the idle time; 1 by default. */
  readonly patience?: number;
  /** Bytes transferred so far. */
  readonly moved: () => number;
  /** False while the gateway waits for the other side. */
  readonly waiting: () => boolean;
  /** Called once when the client transferred less than `MIN_BYTES` in the whole idle time. */
  readonly stalled: () => void;
}

/** Bytes. A client that sends single bytes to keep an idle timer running transfers less (threats D1). */
const MIN_BYTES = 1024;

interface Watched {
  since: number;
  moved: number;
}

/**
 * Ends body transfers that stall. The total duration is unlimited, because a push may take hours. One timer checks all
 * transfers, so that a chunk has no cost.
 */
export class StallWatch {
  #idle = 0;
  readonly #watched = new LiveMap<Transfer, Watched>();
  #timer: NodeJS.Timeout | undefined;

  /** `idle`: milliseconds. */
  constructor(idle: number) {
    this.setIdle(idle);
  }

  /** Applies to transfers in progress, too. */
  setIdle(idle: number): void {
    if (idle === this.#idle) return;
    this.#idle = idle;
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#check(performance.now()), Math.min(1_000, idle / 4)).unref();
  }

  watch(transfer: Transfer): void {
    this.#watched.set(transfer, { since: performance.now(), moved: transfer.moved() });
  }

  forget(transfer: Transfer): void {
    this.#watched.delete(transfer);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #check(now: number): void {
    for (const [transfer, watched] of this.#watched.entries()) {
      const moved = transfer.moved();
      if (!transfer.waiting() || moved - watched.moved >= MIN_BYTES) {
        watched.since = now;
        watched.moved = moved;
      } else if (now - watched.since >= this.#idle * (transfer.patience ?? 1)) {
        this.#watched.delete(transfer);
        transfer.stalled();
      }
    }
  }
}
