import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { missingTools } from '../test/support/tools.ts';
import { USAGE, parseOptions } from './options.ts';
import type { Options } from './options.ts';
import { compareRatios, readBaseline } from './report/check.ts';
import { evaluateAims } from './report/ratios.ts';
import { formatComparisons, formatFigures, formatOutcomes } from './report/table.ts';
import { runScenarios } from './run.ts';
import { SCENARIOS } from './scenarios/index.ts';

async function bench(options: Options, folder: string): Promise<number> {
  const baseline = options.check === undefined ? undefined : readBaseline(options.check);
  const progress = (text: string): void => console.error(text);
  const run = await runScenarios(options, folder, {
    progress,
    finished(name, figures) {
      const table = `${formatFigures(`${name}: ${SCENARIOS[name].title}`, figures)}\n`;
      if (options.json) progress(table);
      else console.log(table);
    },
  });
  const outcomes = evaluateAims(run.figures);
  const comparisons = baseline === undefined ? [] : compareRatios(outcomes, baseline);
  if (options.json) {
    console.log(
      JSON.stringify({ machine: cpus()[0]?.model, ...run, options, outcomes, comparisons }, null, 2),
    );
  } else {
    const tables = [formatOutcomes(outcomes)];
    if (baseline !== undefined) tables.push(formatComparisons(comparisons));
    for (const [name, reason] of Object.entries(run.skipped))
      tables.push(`not measured: ${name} (${reason})`);
    console.log(tables.join('\n\n'));
  }
  return comparisons.some(({ worse }) => worse) ? 1 : 0;
}

async function main(): Promise<number> {
  const parsed = parseOptions(process.argv.slice(2));
  switch (parsed.kind) {
    case 'help':
      console.log(USAGE);
      return 0;
    case 'error':
      console.error(`${parsed.message}\n\n${USAGE}`);
      return 2;
    case 'options': {
      const missing = missingTools(['nginx', 'wrk', 'taskset']);
      if (missing !== undefined) {
        console.error(`bench: ${missing}`);
        return 2;
      }
      const folder = await mkdtemp(join(tmpdir(), 'gatehouse-bench-'));
      try {
        return await bench(parsed.options, folder);
      } catch (error) {
        console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
        return 1;
      } finally {
        await rm(folder, { recursive: true });
      }
    }
    default:
      return parsed satisfies never;
  }
}

process.exitCode = await main();
