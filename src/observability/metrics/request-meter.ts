import { Gauge, type Registry } from 'prom-client';
import type { AuditEvent } from '../../core/records/audit-event.ts';
import type { RequestMeter } from '../../core/operation/meter.ts';
import { CounterGrid, exposeCounters } from './counter-grid.ts';
import { BUCKET_BOUNDS, exposeHistograms, HistogramGrid } from './histogram-grid.ts';
import { Cells, type LabelValues } from './layout.ts';
import {
  CREDENTIAL,
  credentialPlace,
  DECISION,
  decisionPlace,
  METHOD,
  methodPlace,
  type Names,
  REASON,
  reasonPlace,
  STATUS,
  statusPlace,
} from './names.ts';
import type { ServiceTotals } from './service-history.ts';

/** Counts requests; `typeOf` returns the type of a configured service. */
export function createRequestMeter(
  registry: Registry,
  services: Names,
  typeOf: (service: string) => string,
): RequestMeter & { readonly totals: () => ReadonlyMap<string, ServiceTotals> } {
  let inFlight = 0;
  const requests = new CounterGrid(services, METHOD, STATUS);
  const decisions = new CounterGrid(services, DECISION, REASON, CREDENTIAL);
  const durations = new HistogramGrid(services, STATUS);
  const upstreamDurations = new HistogramGrid(services);
  const denials = new Cells();

  const complete = (labels: LabelValues): LabelValues => ({
    ...labels,
    type: typeOf(labels['service'] ?? ''),
  });

  exposeCounters(
    registry,
    {
      name: 'gatehouse_requests_total',
      help: 'Ended requests by status class; "none": the client closed the connection before the response.',
      labelNames: ['service', 'type', 'method', 'status'],
      complete,
    },
    requests,
  );
  exposeCounters(
    registry,
    {
      name: 'gatehouse_decisions_total',
      help: 'Decisions and their reasons. "unable" is neither allowed nor denied.',
      labelNames: ['service', 'type', 'decision', 'reason', 'credential'],
      complete,
    },
    decisions,
  );
  exposeHistograms(
    registry,
    {
      name: 'gatehouse_request_duration_seconds',
      help: 'Time from the complete request head to the end of the response.',
      labelNames: ['service', 'type', 'status'],
      complete,
    },
    durations,
  );
  exposeHistograms(
    registry,
    {
      name: 'gatehouse_upstream_duration_seconds',
      help: 'Time from the dispatch to the end of the upstream response.',
      labelNames: ['service', 'type'],
      complete,
    },
    upstreamDurations,
  );
  // Without labels, because the service of a request is not known when it starts.
  new Gauge({
    name: 'gatehouse_requests_in_flight',
    help: 'Requests in flight.',
    registers: [registry],
    collect() {
      this.set(inFlight);
    },
  });

  return {
    requestStarted(): void {
      inFlight++;
    },
    requestRepeated(): void {
      inFlight--;
    },
    requestEnded(event: AuditEvent): void {
      const service = services.placeOf(event.service);
      const status = statusPlace(event.status);
      const credential = credentialPlace(event.verified?.class ?? event.presented?.class);
      inFlight--;
      if (isDenied(event)) denials.add(service, 1);
      requests.count(service, methodPlace(event.method), status);
      decisions.count(service, decisionPlace(event.decision?.kind), reasonPlace(event.reason), credential);
      durations.observe(event.duration / 1000, service, status);
      if (event.upstreamDuration !== undefined) {
        upstreamDurations.observe(event.upstreamDuration / 1000, service);
      }
    },
    totals: () => totalsOf(services, { requests, denials, durations }),
  };
}

/** Refused by the policy, or before it. */
function isDenied({ decision, reason }: AuditEvent): boolean {
  return decision === undefined ? reason !== 'client_left' : decision.kind === 'deny';
}

/** Sums over all labels except the service. */
function totalsOf(
  { values }: Names,
  counts: {
    readonly requests: CounterGrid;
    /** By the index of the service. */
    readonly denials: Cells;
    readonly durations: HistogramGrid;
  },
): ReadonlyMap<string, ServiceTotals> {
  const totals = new Map(
    values.map((service, place) => [
      service,
      { requests: 0, errors: 0, denials: counts.denials.at(place), durations: BUCKET_BOUNDS.map(() => 0) },
    ]),
  );
  for (const { labels, value } of counts.requests.entries()) {
    const total = totals.get(labels['service'] ?? '');
    if (total === undefined) continue;
    total.requests += value;
    if (labels['status'] === '5xx') total.errors += value;
  }
  for (const { labels, cumulative } of counts.durations.entries()) {
    const durations = totals.get(labels['service'] ?? '')?.durations ?? [];
    for (const [i, count] of cumulative.entries()) durations[i] = (durations[i] ?? 0) + count;
  }
  return totals;
}
