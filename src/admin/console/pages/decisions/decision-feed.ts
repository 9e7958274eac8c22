import type { ServerResponse } from 'node:http';
import {
  selects,
  type DecisionFilter,
  type DecisionLog,
  type DecisionRecord,
} from '../../../../core/records/decision-record.ts';
import type { Log } from '../../../../core/ports.ts';

const MAX_FEED_CLIENTS = 20;

/** Milliseconds between two events. */
const FLUSH_INTERVAL = 500;

/** Newest records of one event; a person cannot read more. */
const MAX_ROWS = 20;

/** Bytes that wait for a client. A client that reads more slowly is disconnected. */
const MAX_UNREAD = 128 * 1024;

/** Intervals without an event, after which a comment keeps the connection open. */
const SILENT_INTERVALS = 30;

interface FeedClient {
  readonly res: ServerResponse;
  readonly filter: DecisionFilter;
  /** Whether the session still exists. */
  readonly accepted: () => boolean;
  waiting: DecisionRecord[];
  /** Older records that the next event leaves out. */
  leftOut: number;
  silent: number;
}

/** Sends new records to the open Decisions pages, as server-sent events. */
export class DecisionFeed {
  readonly #clients = new Set<FeedClient>();
  readonly #decisions: () => DecisionLog | undefined;
  readonly #render: (records: readonly DecisionRecord[]) => Promise<string>;
  readonly #log: Pick<Log, 'error'>;
  #source: DecisionLog | undefined;
  #unsubscribe: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    decisions: () => DecisionLog | undefined,
    /** The rows of the table. */
    render: (records: readonly DecisionRecord[]) => Promise<string>,
    log: Pick<Log, 'error'>,
  ) {
    this.#decisions = decisions;
    this.#render = render;
    this.#log = log;
  }

  get full(): boolean {
    return this.#clients.size >= MAX_FEED_CLIENTS;
  }

  /** Writes events to the response until it closes. The response head is sent already. */
  add(res: ServerResponse, filter: DecisionFilter, accepted: () => boolean): void {
    const client = { res, filter, accepted, waiting: [], leftOut: 0, silent: 0 };
    this.#clients.add(client);
    res.on('close', () => this.#remove(client));
    res.on('error', ignoreWriteError);
    this.#source ??= this.#decisions();
    this.#unsubscribe ??= this.#source?.subscribe((record) => this.#offer(record));
    this.#timer ??= setInterval(
      () => void this.#flush().catch((error: unknown) => this.#fail(error)),
      FLUSH_INTERVAL,
    ).unref();
  }

  #offer(record: DecisionRecord): void {
    for (const client of this.#clients) {
      const { filter, waiting } = client;
      if (!selects(filter, record)) continue;
      if (waiting.length === MAX_ROWS) {
        waiting.shift();
        client.leftOut += 1;
      }
      waiting.push(record);
    }
  }

  async #flush(): Promise<void> {
    const isOn = this.#decisions() !== undefined;
    for (const client of this.#clients) {
      const { res, accepted } = client;
      // A client that does not read the end of the response is disconnected as well.
      if (res.writableEnded || res.writableLength > MAX_UNREAD) res.destroy();
      else if (isOn && accepted()) await this.#send(client);
      else res.end();
    }
  }

  #fail(error: unknown): void {
    this.#log.error('live updates of the console failed', {
      error: error instanceof Error ? error.name : typeof error,
    });
    for (const { res } of this.#clients) res.destroy();
  }

  async #send(client: FeedClient): Promise<void> {
    const { leftOut } = client;
    const records = client.waiting.toReversed();
    client.waiting.length = 0;
    client.leftOut = 0;
    if (records.length === 0) {
      client.silent = (client.silent + 1) % SILENT_INTERVALS;
      if (client.silent === 0) client.res.write(':\n\n');
      return;
    }
    client.silent = 0;
    const rows = await this.#render(records);
    if (client.res.destroyed || client.res.writableEnded) return;
    // JSON has no line ends, which would end the field (HTML §9.2.6).
    client.res.write(`event: records\ndata: ${JSON.stringify({ rows, leftOut })}\n\n`);
  }

  #remove(client: FeedClient): void {
    this.#clients.delete(client);
    if (this.#clients.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    this.#source = undefined;
  }
}

/** A write to a connection that the client has closed; `close` follows. */
function ignoreWriteError(): void {}
