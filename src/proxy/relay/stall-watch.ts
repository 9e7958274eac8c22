/** One direction of one body. */
export interface Transfer {
  /** Idle times that it is given; one by default. */
  readonly patience?: number;
  /** Bytes moved so far; only its growth counts. */
  readonly moved: () => number;
  /** False while the other side is what is waited for. */
  readonly waiting: () => boolean;
  /** Called once when the client has moved less than `LEAST` bytes in the whole idle time. */
  readonly stalled: () => void;
}

/** Bytes. A client that drips single bytes to keep an idle timer alive moves less than this (threats D1). */
const LEAST = 1024;

interface Watched {
  readonly transfer: Transfer;
  since: number;
  moved: number;
}

/**
 * Cuts bodies that stand still. There is no limit on the whole of a body, a push may take hours; and one timer
 * looks at all of them, so that a chunk costs nothing.
 */
export class StallWatch {
  #idle = 0;
  readonly #watched = new Map<Transfer, Watched>();
  #timer: NodeJS.Timeout | undefined;

  /** `idle` in milliseconds. */
  constructor(idle: number) {
    this.setIdle(idle);
  }

  /** For bodies that move already, too. */
  setIdle(idle: number): void {
    if (idle === this.#idle) return;
    this.#idle = idle;
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#look(performance.now()), Math.min(1_000, idle / 4)).unref();
  }

  watch(transfer: Transfer): void {
    this.#watched.set(transfer, { transfer, since: performance.now(), moved: transfer.moved() });
  }

  forget(transfer: Transfer): void {
    this.#watched.delete(transfer);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(now: number): void {
    for (const watched of this.#watched.values()) {
      const moved = watched.transfer.moved();
      if (!watched.transfer.waiting() || moved - watched.moved >= LEAST) {
        watched.since = now;
        watched.moved = moved;
      } else if (now - watched.since >= this.#idle * (watched.transfer.patience ?? 1)) {
        this.#watched.delete(watched.transfer);
        watched.transfer.stalled();
      }
    }
  }
}
