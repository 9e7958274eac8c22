/**
 * The oracle of a refactoring (issue 13): a black-box recorder of (configuration, request) → (status, reason, upstream
 * bytes). It runs the gateway as a process and imports nothing of src/, so that it survives moves and renames.
 */
import { readFileSync } from 'node:fs';
import { compare, type Difference } from './compare.ts';
import { readCorpus, writeCorpus, type Entry } from './corpus.ts';
import { readOptions, USAGE, type Options } from './options.ts';
import { record } from './record.ts';
import { SCENARIOS } from './scenarios/index.ts';

const SHOWN = 40;

const options = readOptions(process.argv.slice(2));
if (options === undefined) {
  console.error(USAGE);
  process.exitCode = 2;
} else if (options.command === 'record') {
  const entries = await recordAll(options);
  writeCorpus(options.file, entries);
  console.log(`${entries.length} cases in ${options.file}`);
} else {
  process.exitCode = await compareAll(options);
}

function recordAll({ vocabulary, only }: Options): Promise<readonly Entry[]> {
  const chosen = SCENARIOS.filter(({ name }) => name.includes(only));
  return record(chosen, vocabulary, (line) => console.error(line));
}

async function compareAll(chosen: Options): Promise<number> {
  const before = readCorpus(chosen.file).filter(({ id }) => id.split(': ')[0]?.includes(chosen.only));
  const after = chosen.other === undefined ? await recordAll(chosen) : readCorpus(chosen.other);
  const accepted = acceptedPatterns(chosen.accept);
  const differences = compare(before, after);
  const unexpected = differences.filter(({ id }) => !accepted.some((pattern) => pattern.test(id)));
  for (const difference of chosen.all ? unexpected : unexpected.slice(0, SHOWN)) print(difference);
  if (!chosen.all && unexpected.length > SHOWN)
    console.log(`… and ${unexpected.length - SHOWN} more (--all)`);
  const intended = differences.length - unexpected.length;
  console.log(`${before.length} cases, ${unexpected.length} differences, ${intended} accepted`);
  return unexpected.length === 0 ? 0 : 1;
}

function acceptedPatterns(file: string | undefined): readonly RegExp[] {
  if (file === undefined) return [];
  const reasons = JSON.parse(readFileSync(file, 'utf8')) as Readonly<Record<string, string>>;
  return Object.keys(reasons).map((pattern) => new RegExp(pattern));
}

function print({ id, kind, details }: Difference): void {
  console.log(`${kind}: ${id}`);
  for (const detail of details) console.log(`  ${detail}`);
}
