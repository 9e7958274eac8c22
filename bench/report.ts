import type { Sample, Samples } from './measure.ts';
import type { ContestantName } from './options.ts';

export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

export interface Row {
  readonly name: ContestantName;
  /** Microseconds. */
  readonly cpuPerRequest: Spread;
  readonly requestsPerSecond: Spread;
  /** Milliseconds at full load: the queue of a saturated server, not the latency of a single client. */
  readonly p99: Spread;
  readonly requests: number;
  /** Ratio of CPU per request; undefined if the other contestant did not run. */
  readonly timesNginx: number | undefined;
  readonly timesHaproxy: number | undefined;
}

export function summarise(names: readonly ContestantName[], samples: Samples): readonly Row[] {
  return names.map((name) => ({
    name,
    cpuPerRequest: spread(samples[name].map((sample) => sample.cpuPerRequest)),
    requestsPerSecond: spread(samples[name].map((sample) => sample.requestsPerSecond)),
    p99: spread(samples[name].map((sample) => sample.p99)),
    requests: samples[name].reduce((sum, { requests }) => sum + requests, 0),
    timesNginx: ratio(samples[name], samples.nginx),
    timesHaproxy: ratio(samples[name], samples.haproxy),
  }));
}

/** The median of the ratios per round, because both samples of a round are measured close in time. */
function ratio(own: readonly Sample[], other: readonly Sample[]): number | undefined {
  if (other.length === 0) return undefined;
  return spread(
    own.flatMap((sample, round) => {
      const base = other[round];
      return base === undefined ? [] : [sample.cpuPerRequest / base.cpuPerRequest];
    }),
  ).median;
}

export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  const lower = sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
  return { median: (lower + upper) / 2, least: sorted[0] ?? Number.NaN, most: sorted.at(-1) ?? Number.NaN };
}

export function formatTable(rows: readonly Row[], labels: Readonly<Record<ContestantName, string>>): string {
  const cells = rows.map((row) => [
    labels[row.name],
    row.cpuPerRequest.median.toFixed(1),
    `${row.cpuPerRequest.least.toFixed(1)}–${row.cpuPerRequest.most.toFixed(1)}`,
    times(row.timesNginx),
    times(row.timesHaproxy),
    row.requestsPerSecond.median.toFixed(0),
    row.p99.median.toFixed(2),
  ]);
  const table = [['', 'CPU µs/request', 'range', '× nginx', '× HAProxy', 'requests/s', 'p99 ms'], ...cells];
  const widths = (table[0] ?? []).map((_, column) =>
    Math.max(...table.map((line) => line[column]?.length ?? 0)),
  );
  const pad = (text: string, column: number): string =>
    column === 0 ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0);
  return table.map((line) => line.map(pad).join('   ').trimEnd()).join('\n');
}

function times(value: number | undefined): string {
  return value === undefined ? '–' : value.toFixed(2);
}
