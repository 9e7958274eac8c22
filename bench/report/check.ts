import { existsSync, readFileSync } from 'node:fs';
import type { Outcome } from './ratios.ts';

/** How much worse a ratio may be than in the committed result: other machines, and other load on this one. */
export const TOLERANCE = 0.25;

/** Committed ratios by name. */
export type Baseline = Readonly<Record<string, number>>;

export interface Comparison {
  readonly name: string;
  readonly committed: number;
  readonly measured: number;
  readonly worse: boolean;
}

/** Compares ratios only: differences and absolute values depend on the machine. */
export function compareRatios(outcomes: readonly Outcome[], baseline: Baseline): readonly Comparison[] {
  return outcomes.flatMap(({ name, base, bound, value }) => {
    const committed = baseline[name];
    if (base?.operator !== '÷' || committed === undefined) return [];
    const worse =
      bound.kind === 'most' ? value > committed * (1 + TOLERANCE) : value < committed / (1 + TOLERANCE);
    return [{ name, committed, measured: value, worse }];
  });
}

/** Reads the ratios of a result that `--json` printed. */
export function readBaseline(file: string): Baseline {
  if (!existsSync(file)) {
    throw new Error(`${file} does not exist; record it with: npm run bench --silent -- --json > FILE`);
  }
  const { outcomes } = JSON.parse(readFileSync(file, 'utf8')) as { readonly outcomes: readonly Outcome[] };
  return Object.fromEntries(outcomes.map(({ name, value }) => [name, value]));
}
