import type { Comparison } from './check.ts';
import { TOLERANCE } from './check.ts';
import { METRICS, samplesOf, spread } from './figures.ts';
import type { Figure } from './figures.ts';
import type { Outcome } from './ratios.ts';

/** One line per lane; each cell is the median, with the range if there are several rounds. */
export function formatFigures(title: string, figures: readonly Figure[]): string {
  const lanes = [...new Set(figures.map(({ lane }) => lane))];
  const metrics = METRICS.filter((metric) => figures.some((figure) => figure.metric === metric));
  const rows = lanes.map((lane) => [
    lane,
    ...metrics.map((metric) => formatSamples(samplesOf(figures, lane, metric))),
  ]);
  return `${title}\n${align([['', ...metrics], ...rows])}`;
}

export function formatOutcomes(outcomes: readonly Outcome[]): string {
  const rows = outcomes.map(({ name, value, bound, met }) => [
    name,
    value.toFixed(2),
    `${bound.kind === 'most' ? '≤' : '≥'} ${bound.value}`,
    met ? 'met' : 'missed',
  ]);
  return `aims\n${align([['', 'measured', 'aim', ''], ...rows])}`;
}

export function formatComparisons(comparisons: readonly Comparison[]): string {
  const rows = comparisons.map(({ name, committed, measured, worse }) => [
    name,
    committed.toFixed(2),
    measured.toFixed(2),
    worse ? 'WORSE' : 'ok',
  ]);
  const title = `compared with the committed result, tolerance ${TOLERANCE * 100} %`;
  return `${title}\n${align([['', 'committed', 'measured', ''], ...rows])}`;
}

function formatSamples(samples: readonly number[]): string {
  if (samples.length === 0) return '–';
  const { median, least, most } = spread(samples);
  return samples.length === 1 ? digits(median) : `${digits(median)} (${digits(least)}–${digits(most)})`;
}

function digits(value: number): string {
  const size = Math.abs(value);
  return value.toFixed(size >= 1000 ? 0 : size >= 10 ? 1 : 2);
}

function align(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  );
  const pad = (text: string, column: number): string =>
    column === 0 ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0);
  return lines.map((line) => `  ${line.map(pad).join('   ').trimEnd()}`).join('\n');
}
