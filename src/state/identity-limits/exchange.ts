import { randomUUID } from 'node:crypto';
import type { Store } from '../../core/store.ts';
import { isRecord } from '../../util/json/object.ts';
import type { KeyTable } from './key-table.ts';
import { NO_PEERS, type Peers } from './limited-key.ts';

const LIST = 'limits';
/** Milliseconds. A report that has not changed for this time belongs to a replica that has stopped. */
const LIVE = 5_000;
/** Milliseconds until an unchanged report is deleted. */
const GONE = 60_000;
/** Keys per report. The limits of further ones apply per replica. */
const MAX_REPORTED = 10_000;

/** Requests per second that arrive, and requests in flight, by name of a key. */
type Report = ReadonlyMap<string, readonly [demand: number, inFlight: number]>;

interface SeenReport {
  readonly text: string;
  readonly since: number;
  readonly report: Report;
}

/** Reports the use of the keys to the other replicas, and applies their reports. */
export class LimitExchange {
  readonly #id = randomUUID();
  readonly #store: Pick<Store, 'exchangeReports'>;
  readonly #now: () => number;
  #seen = new Map<string, SeenReport>();
  #peers = new Map<string, Peers & { readonly kind: 'reported' }>();
  #sequence = 0;
  #last: number;
  #succeeded: number;
  #replicas = 1;
  #failures = 0;

  /** `now`: milliseconds of a monotonic clock. */
  constructor(store: Pick<Store, 'exchangeReports'>, now: () => number) {
    this.#store = store;
    this.#now = now;
    this.#last = now();
    this.#succeeded = this.#last;
  }

  get failures(): number {
    return this.#failures;
  }

  /** The replicas whose reports count, including this one. */
  get replicas(): number {
    return this.#replicas;
  }

  peersOf(name: string): Peers {
    return this.#isCut
      ? { kind: 'unreported', replicas: this.#replicas }
      : (this.#peers.get(name) ?? NO_PEERS);
  }

  /** Never rejects. `wallClock`: the time of the keys. */
  async run(keys: KeyTable, wallClock: () => number): Promise<void> {
    const now = this.#now();
    const text = this.#write(keys, Math.max(1, now - this.#last));
    this.#last = now;
    try {
      this.#read(await this.#store.exchangeReports(LIST, this.#id, text, this.#gone()));
      this.#succeeded = this.#now();
    } catch {
      // The metrics of the store report its cause.
      this.#failures += 1;
    }
    const at = wallClock();
    keys.removeIdle(at);
    for (const [name, key] of keys.entries()) key.setPeers(this.peersOf(name), at);
  }

  get #isCut(): boolean {
    return this.#now() - this.#succeeded > LIVE;
  }

  #write(keys: KeyTable, elapsed: number): string {
    const entries: [string, readonly [number, number]][] = [];
    for (const [name, key] of keys.entries()) {
      const { demand, inFlight } = key.report(elapsed);
      if ((demand > 0 || inFlight > 0) && entries.length < MAX_REPORTED)
        entries.push([name, [Math.round(demand * 100) / 100, inFlight]]);
    }
    // The sequence distinguishes a running replica with constant use from one that has stopped.
    return JSON.stringify({ sequence: (this.#sequence += 1), keys: Object.fromEntries(entries) });
  }

  #gone(): readonly string[] {
    return [...this.#seen].flatMap(([id, { since }]) => (this.#now() - since > GONE ? [id] : []));
  }

  #read(reports: ReadonlyMap<string, string>): void {
    const now = this.#now();
    const seen = new Map<string, SeenReport>();
    const peers = new Map<string, { kind: 'reported'; demands: number[]; inFlight: number }>();
    this.#replicas = 1;
    for (const [id, text] of reports) {
      if (id === this.#id) continue;
      const known = this.#seen.get(id);
      const current = known?.text === text ? known : { text, since: now, report: readReport(text) };
      seen.set(id, current);
      if (now - current.since > LIVE) continue;
      this.#replicas += 1;
      for (const [name, [demand, inFlight]] of current.report) {
        const sum = peers.get(name) ?? { kind: 'reported', demands: [], inFlight: 0 };
        sum.demands.push(demand);
        sum.inFlight += inFlight;
        peers.set(name, sum);
      }
    }
    this.#seen = seen;
    this.#peers = peers;
  }
}

/** Entries of another form, for example of a later version, are ignored. */
function readReport(text: string): Report {
  const report = new Map<string, readonly [number, number]>();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return report;
  }
  const keys = isRecord(value) ? value['keys'] : undefined;
  for (const [name, entry] of isRecord(keys) ? Object.entries(keys) : []) {
    if (!Array.isArray(entry)) continue;
    const [demand, inFlight] = entry as readonly unknown[];
    if (isCount(demand) && isCount(inFlight)) report.set(name, [demand, inFlight]);
  }
  return report;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value < Infinity;
}
