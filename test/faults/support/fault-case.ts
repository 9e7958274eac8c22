import { stdout } from 'node:process';
import { test } from 'vitest';

/** `GATEHOUSE_FAULTS=long` runs each case for its long form: half an hour in all, instead of a few minutes. */
const LONG = process.env['GATEHOUSE_FAULTS'] === 'long';

/** The short and the long form of a number: rounds, seconds. */
export function scaled(short: number, long: number): number {
  return LONG ? long : short;
}

/** What a case counts: requests, acknowledged changes, lost ones, resets, the longest stall, memory. */
export type Figures = Readonly<Record<string, number | string>>;

/** One case of the fault suite. Its figures are printed whether it passes or fails. */
export function faultCase(
  name: string,
  seconds: number,
  run: (report: (figures: Figures) => void) => Promise<void>,
): void {
  test(
    name,
    async () => {
      const began = performance.now();
      const collected: Record<string, number | string> = {};
      try {
        await run((figures) => Object.assign(collected, figures));
      } finally {
        const took = Math.round((performance.now() - began) / 1000);
        stdout.write(`${formatFigures(name, { ...collected, seconds: took })}\n`);
      }
    },
    // A loaded machine takes longer; a case that hangs must still end.
    (seconds * 3 + 60) * 1000,
  );
}

function formatFigures(name: string, figures: Figures): string {
  const values = Object.entries(figures).map(([key, value]) => `${key} ${value}`);
  return `faults: ${name}: ${values.join(', ')}`;
}
