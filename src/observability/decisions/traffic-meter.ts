import type { DecisionVerdict, ServiceTraffic, TrafficPoint } from '../../core/decision-record.ts';

/** Five minutes. */
const TRAFFIC_POINTS = 60;
const TRAFFIC_INTERVAL_MS = 5_000;

/** Classes of durations: below 1/8 ms, then of double width up to 65 s, and above. */
const CLASSES = 20;
const LOWEST_MS = 1 / 8;

/** Counts the requests of each service in intervals. */
export class TrafficMeter {
  readonly #services = new Map<string | undefined, Counts>();
  readonly #now: () => number;
  #interval: number;

  constructor(now: () => number) {
    this.#now = now;
    this.#interval = intervalOf(now());
  }

  count(service: string | undefined, verdict: DecisionVerdict, status: number, duration: number): void {
    this.#advance();
    let counts = this.#services.get(service);
    if (counts === undefined) {
      counts = createCounts();
      this.#services.set(service, counts);
    }
    const at = this.#interval % TRAFFIC_POINTS;
    increment(counts.requests, at);
    if (verdict === 'denied') increment(counts.denials, at);
    else if (verdict === 'unable' || verdict === 'failed' || status >= 500) increment(counts.errors, at);
    increment(counts.durations, at * CLASSES + classOf(duration));
  }

  /** Services without requests in the whole time are left out. */
  read(): readonly ServiceTraffic[] {
    this.#advance();
    return [...this.#services].map(([service, counts]) => ({
      service,
      points: Array.from({ length: TRAFFIC_POINTS }, (_, age) =>
        pointAt(counts, (this.#interval + 1 + age) % TRAFFIC_POINTS),
      ),
    }));
  }

  /** Clears the intervals since the last call. After a change of the clock, counting starts again. */
  #advance(): void {
    const interval = intervalOf(this.#now());
    if (interval === this.#interval) return;
    const elapsed = interval - this.#interval;
    const stale = elapsed < 0 || elapsed > TRAFFIC_POINTS ? TRAFFIC_POINTS : elapsed;
    for (const [service, counts] of this.#services) {
      for (let back = 0; back < stale; back++) clear(counts, (interval - back) % TRAFFIC_POINTS);
      if (counts.requests.every((requests) => requests === 0)) this.#services.delete(service);
    }
    this.#interval = interval;
  }
}

interface Counts {
  readonly requests: Uint32Array;
  readonly errors: Uint32Array;
  readonly denials: Uint32Array;
  /** `CLASSES` numbers per interval. */
  readonly durations: Uint32Array;
}

function createCounts(): Counts {
  return {
    requests: new Uint32Array(TRAFFIC_POINTS),
    errors: new Uint32Array(TRAFFIC_POINTS),
    denials: new Uint32Array(TRAFFIC_POINTS),
    durations: new Uint32Array(TRAFFIC_POINTS * CLASSES),
  };
}

function increment(counts: Uint32Array, at: number): void {
  counts[at] = (counts[at] ?? 0) + 1;
}

function clear({ requests, errors, denials, durations }: Counts, at: number): void {
  requests[at] = 0;
  errors[at] = 0;
  denials[at] = 0;
  durations.fill(0, at * CLASSES, (at + 1) * CLASSES);
}

function intervalOf(milliseconds: number): number {
  return Math.floor(milliseconds / TRAFFIC_INTERVAL_MS);
}

/** The position of the highest bit selects the class. */
function classOf(duration: number): number {
  return Math.min(CLASSES - 1, 32 - Math.clz32(duration / LOWEST_MS));
}

function pointAt({ requests, errors, denials, durations }: Counts, at: number): TrafficPoint {
  const classes = durations.subarray(at * CLASSES, (at + 1) * CLASSES);
  return {
    requests: requests[at] ?? 0,
    errors: errors[at] ?? 0,
    denials: denials[at] ?? 0,
    median: quantile(classes, 0.5),
    p95: quantile(classes, 0.95),
  };
}

/** Interpolates within the class of the quantile. */
function quantile(classes: Uint32Array, share: number): number | undefined {
  const total = classes.reduce((sum, count) => sum + count, 0);
  if (total === 0) return undefined;
  let wanted = share * total;
  for (const [index, count] of classes.entries()) {
    if (count < wanted) {
      wanted -= count;
      continue;
    }
    const lower = index === 0 ? 0 : LOWEST_MS * 2 ** (index - 1);
    const upper = LOWEST_MS * 2 ** index;
    return lower + ((upper - lower) * wanted) / count;
  }
  return undefined;
}
