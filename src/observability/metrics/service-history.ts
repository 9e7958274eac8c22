import { BUCKET_BOUNDS } from './histogram-grid.ts';
import type { ServiceHistory, ServiceSample } from '../../core/operation/service-history.ts';

/** Ten minutes. */
const INTERVAL_MS = 10_000;
const INTERVALS = 60;

/** Counters of one service since the start. */
export interface ServiceTotals {
  readonly requests: number;
  readonly errors: number;
  readonly denials: number;
  /** Cumulative counts up to each of `BUCKET_BOUNDS`. */
  readonly durations: readonly number[];
}

export interface ServiceHistories {
  /** By the name of the service, in the order of the configuration. */
  read(): readonly ServiceHistory[];
  readonly intervalMs: number;
  start(): void;
  stop(): void;
}

/** Reads the counters at an interval, so that a request only counts. */
export function createServiceHistories(totals: () => ReadonlyMap<string, ServiceTotals>): ServiceHistories {
  const histories = new Map<string, ServiceSample[]>();
  let last: ReadonlyMap<string, ServiceTotals> = new Map();
  let timer: NodeJS.Timeout | undefined;

  function sample(): void {
    const current = totals();
    for (const [service, now] of current) {
      const samples = histories.get(service) ?? [];
      samples.push(difference(now, last.get(service)));
      histories.set(service, samples.slice(-INTERVALS));
    }
    last = current;
  }

  return {
    read: () => [...histories].map(([service, samples]) => ({ service, samples })),
    intervalMs: INTERVAL_MS,
    start() {
      last = totals();
      timer = setInterval(sample, INTERVAL_MS).unref();
    },
    stop: () => clearInterval(timer),
  };
}

function difference(now: ServiceTotals, before: ServiceTotals | undefined): ServiceSample {
  const counts = now.durations.map((count, i) => count - (before?.durations[i] ?? 0));
  const ended = counts.at(-1) ?? 0;
  const place = counts.findIndex((count) => count >= ended * 0.95);
  return {
    requests: now.requests - (before?.requests ?? 0),
    errors: now.errors - (before?.errors ?? 0),
    denials: now.denials - (before?.denials ?? 0),
    p95: ended === 0 ? undefined : BUCKET_BOUNDS[place],
  };
}
