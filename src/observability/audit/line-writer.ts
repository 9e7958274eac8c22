import { write } from 'node:fs';
import type { Log } from '../../core/ports.ts';

/** The signature of node:fs `write`: one attempt, possibly partial. */
export type WriteAttempt = (
  fd: number,
  buffer: Buffer,
  offset: number,
  length: number,
  position: null,
  done: (error: NodeJS.ErrnoException | null, written: number) => void,
) => void;

export interface Output {
  /** Undefined: the output is not available, and lines wait. */
  readonly fd: number | undefined;
  /** Names the output in the application log. */
  readonly name: string;
  /** Switches to another descriptor, if there is one. Called between two lines, and never during a write. */
  advance?(): boolean;
  close?(): Promise<void>;
}

/** Bytes of both buffers together. */
export const CAPACITY = 4 * 1024 * 1024;
const START = 64 * 1024;
/** A buffer that has grown beyond this size is released after the burst. */
const KEEP = 256 * 1024;
/** Milliseconds for which lines are batched, because a write costs as much for one line as for a hundred. */
const GATHER_MS = 25;
const GATHER_BYTES = 64 * 1024;

/**
 * Retry delays in milliseconds: short for a full pipe, which drains soon, long for other errors such as a
 * full disk.
 */
const PAUSES = { busy: { first: 5, most: 100 }, broken: { first: 100, most: 5_000 } } as const;

/**
 * Writes lines to one descriptor in order and without blocking. One buffer is filled while the other is written,
 * with one write in flight. A failed write is retried until `close`.
 */
export class LineWriter {
  readonly #output: Output;
  readonly #log: Log;
  readonly #write: WriteAttempt;

  #filling = Buffer.allocUnsafeSlow(START);
  #filled = 0;
  #leaving = Buffer.allocUnsafeSlow(START);
  #from = 0;
  #to = 0;
  #inFlight = false;

  #appended = 0;
  #written = 0;
  #waiting: { until: number; resolve: () => void }[] = [];

  #gather: NodeJS.Timeout | undefined;
  #retry: NodeJS.Timeout | undefined;
  #pause = 0;
  #broken = false;
  #full = false;
  /** No line is accepted any more. */
  #closed = false;
  /** Nothing is written any more. */
  #ended = false;

  constructor(output: Output, ports: { readonly log: Log; readonly write?: WriteAttempt | undefined }) {
    this.#output = output;
    this.#log = ports.log;
    this.#write = ports.write ?? write;
  }

  /** Appends a whole line with its line end; false if the buffer is full. */
  append(line: string): boolean {
    if (this.#closed) return false;
    if (!this.#makeRoom(line)) {
      if (!this.#full) this.#log.error('log lines are being lost', { output: this.#output.name });
      this.#full = true;
      return false;
    }
    const bytes = this.#filling.write(line, this.#filled);
    this.#filled += bytes;
    this.#appended += bytes;
    if (!this.#inFlight) this.#startSoon();
    return true;
  }

  /** Free bytes. */
  room(): number {
    return CAPACITY - this.#leaving.length - this.#filled;
  }

  /** Bytes that are not written yet. */
  buffered(): number {
    return this.#appended - this.#written;
  }

  /** Resolves when every line appended before the call has been written. */
  flush(): Promise<void> {
    if (this.#written === this.#appended) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.push({ until: this.#appended, resolve });
      if (!this.#inFlight) this.#start();
    });
  }

  /** Flushes until `expired` settles, then stops writing. */
  async close(expired: Promise<void> = NEVER): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await Promise.race([this.flush(), expired]);
    this.#ended = true;
    clearTimeout(this.#gather);
    clearTimeout(this.#retry);
    const bytes = this.buffered();
    if (bytes > 0) {
      const lines = this.#unwrittenLines();
      this.#log.error('log lines were not written', { output: this.#output.name, lines, bytes });
    }
    // A write in flight still uses the descriptor.
    if (bytes === 0) await this.#output.close?.();
  }

  #unwrittenLines(): number {
    const leaving = this.#inFlight ? this.#leaving.subarray(this.#from, this.#to) : NOTHING;
    return lineEnds(leaving) + lineEnds(this.#filling.subarray(0, this.#filled));
  }

  #makeRoom(line: string): boolean {
    // One UTF-16 unit is at most three bytes; counting them is needed only near the end.
    if (this.#filled + line.length * 3 <= this.#filling.length) return true;
    const needed = this.#filled + Buffer.byteLength(line);
    if (needed <= this.#filling.length) return true;
    const limit = CAPACITY - this.#leaving.length;
    if (needed > limit) return false;
    const larger = Buffer.allocUnsafeSlow(Math.min(limit, Math.max(needed, this.#filling.length * 2)));
    this.#filling.copy(larger, 0, 0, this.#filled);
    this.#filling = larger;
    return true;
  }

  #startSoon(): void {
    if (this.#filled >= GATHER_BYTES || this.#waiting.length > 0) this.#start();
    else this.#gather ??= setTimeout(() => this.#start(), GATHER_MS);
  }

  #start(): void {
    clearTimeout(this.#gather);
    this.#gather = undefined;
    if (this.#inFlight || this.#filled === 0) return;
    [this.#filling, this.#leaving] = [this.#leaving, this.#filling];
    this.#from = 0;
    this.#to = this.#filled;
    this.#filled = 0;
    this.#inFlight = true;
    this.#output.advance?.();
    this.#attempt();
  }

  #attempt(): void {
    if (this.#ended) return;
    const { fd } = this.#output;
    if (fd === undefined) return this.#tryAgain('ENOENT');
    this.#write(fd, this.#leaving, this.#from, this.#to - this.#from, null, (error, written) => {
      if (error === null && written > 0) this.#progressed(written);
      else this.#tryAgain(error?.code ?? 'EAGAIN');
    });
  }

  #progressed(written: number): void {
    if (this.#broken) this.#log.info('the log output is written again', { output: this.#output.name });
    this.#broken = false;
    this.#pause = 0;
    this.#from += written;
    this.#written += written;
    if (this.#from < this.#to) return this.#attempt();

    this.#inFlight = false;
    if (this.#leaving.length > KEEP) this.#leaving = Buffer.allocUnsafeSlow(START);
    if (this.#written === this.#appended) this.#full = false;
    while (this.#waiting[0] !== undefined && this.#waiting[0].until <= this.#written) {
      this.#waiting.shift()?.resolve();
    }
    if (this.#filled > 0) this.#startSoon();
  }

  /** Keeps the unwritten rest, so that a partly written line is completed and not repeated. */
  #tryAgain(code: string): void {
    const pauses = code === 'EAGAIN' ? PAUSES.busy : PAUSES.broken;
    if (pauses === PAUSES.broken && !this.#broken) {
      this.#broken = true;
      this.#log.error('the log output cannot be written, trying again', { output: this.#output.name, code });
    }
    if (this.#ended) return;
    this.#pause = Math.min(pauses.most, Math.max(pauses.first, this.#pause * 2));
    this.#retry = setTimeout(() => {
      if (this.#output.advance?.() === true) this.#restartLine();
      this.#attempt();
    }, this.#pause);
  }

  /** A line of which the previous output has only a part is written whole to the next one. */
  #restartLine(): void {
    const start = this.#from === 0 ? 0 : this.#leaving.lastIndexOf(LINE_END, this.#from - 1) + 1;
    this.#written -= this.#from - start;
    this.#from = start;
  }
}

const NEVER = new Promise<never>(() => undefined);
const NOTHING = Buffer.alloc(0);

function lineEnds(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(LINE_END); at !== -1; at = bytes.indexOf(LINE_END, at + 1)) count += 1;
  return count;
}

const LINE_END = 0x0a;
