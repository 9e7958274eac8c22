/** The time without data of one response body. */
export class IdleTimer {
  #timer: NodeJS.Timeout | undefined;

  /**
   * Starts the timer; `idle` in milliseconds. It does not expire while `paused`: the client reads slowly, and the stall
   * watch ends its response.
   */
  start(idle: number, paused: () => boolean, expired: () => void): void {
    this.#timer = setTimeout(() => {
      if (paused()) this.#timer?.refresh();
      else expired();
    }, idle);
  }

  refresh(): void {
    this.#timer?.refresh();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
