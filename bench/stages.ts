import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { createStageBed } from './stages/bed.ts';
import { measureStages, type StageResult } from './stages/measure.ts';
import { createStages } from './stages/stages.ts';

const USAGE = `npm run bench:stages -- [options]
  --batches 200   batches per stage
  --size 500      calls per batch
  --only TEXT     stages whose name contains the text
  --json          print the result as JSON`;

const { values } = parseArgs({
  options: {
    batches: { type: 'string', default: '200' },
    size: { type: 'string', default: '500' },
    only: { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

function table(results: readonly StageResult[]): string {
  const width = Math.max(...results.map(({ name }) => name.length));
  const rows = results.map(({ name, median, lowest }) =>
    [name.padEnd(width), format(median), format(lowest)].join('  '),
  );
  return [`${'ns per call'.padEnd(width)}    median    lowest`, ...rows].join('\n');
}

function format(nanoseconds: number): string {
  return nanoseconds.toFixed(0).padStart(8);
}

if (values.help) {
  console.log(USAGE);
} else {
  const stages = (await createStages(await createStageBed())).filter(({ name }) =>
    name.includes(values.only),
  );
  const effort = { batches: Number(values.batches), size: Number(values.size) };
  const results = await measureStages(stages, effort);
  const machine = cpus()[0]?.model;
  console.log(
    values.json
      ? JSON.stringify({ machine, node: process.version, effort, results }, null, 2)
      : table(results),
  );
}
