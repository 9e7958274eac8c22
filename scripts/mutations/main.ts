/**
 * Plants one mutation after the other in src/ and runs the tests that must fail; the tree is restored each time.
 * `node scripts/mutations/main.ts ROOT RESULT.json [FROM-TO]`, or with `check` instead of RESULT.json to verify
 * that each text occurs exactly once and each test file exists.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { MUTATIONS, type Mutation } from './mutations.ts';

const [root = '.', result = 'check', range = `0-${MUTATIONS.length}`] = process.argv.slice(2);
const [first = 0, last = MUTATIONS.length] = range.split('-').map(Number);

function sourceOf(file: string): string {
  return join(resolve(root), 'src', file);
}

function problemOf([file, from, , ...tests]: Mutation): string | undefined {
  if (!existsSync(sourceOf(file))) return `no file ${file}`;
  const count = readFileSync(sourceOf(file), 'utf8').split(from).length - 1;
  if (count !== 1) return `${file}: ${count} × ${from}`;
  const missing = tests.filter((test) => !existsSync(join(root, 'test', test)));
  return missing.length === 0 ? undefined : `no test ${missing.join(' ')}`;
}

interface Verdict {
  readonly index: number;
  readonly file: string;
  readonly from: string;
  readonly to: string;
  readonly caughtBy: string | undefined;
}

/** The first test file that fails with the mutation, one file at a time. */
function plant([file, from, to, ...tests]: Mutation, index: number): Verdict {
  const path = sourceOf(file);
  const original = readFileSync(path, 'utf8');
  writeFileSync(
    path,
    original.replace(from, () => to),
  );
  try {
    const caughtBy = tests.find((test) => {
      const run = spawnSync('npx', ['vitest', 'run', join('test', test), '--bail', '1'], {
        cwd: root,
        timeout: 240_000,
        encoding: 'utf8',
      });
      if (/No test files found/.test(run.stdout + run.stderr)) throw new Error(`not run: ${test}`);
      return run.status !== 0;
    });
    return { index, file, from, to, caughtBy };
  } finally {
    writeFileSync(path, original);
  }
}

const problems = MUTATIONS.flatMap((mutation, index) => {
  const problem = problemOf(mutation);
  return problem === undefined ? [] : [`${index} ${problem}`];
});
if (problems.length > 0) {
  console.error(problems.join('\n'));
  process.exitCode = 1;
} else if (result === 'check') {
  console.log(`${MUTATIONS.length} mutations`);
} else {
  const verdicts: Verdict[] = existsSync(result) ? JSON.parse(readFileSync(result, 'utf8')) : [];
  for (const [index, mutation] of MUTATIONS.entries()) {
    if (index < first || index >= last || verdicts.some((verdict) => verdict.index === index)) continue;
    verdicts.push(plant(mutation, index));
    writeFileSync(result, JSON.stringify(verdicts, undefined, 1));
    console.log(index, verdicts.at(-1)?.caughtBy ?? 'SURVIVED', mutation[0]);
  }
  console.log(`${verdicts.filter(({ caughtBy }) => caughtBy).length} of ${verdicts.length} caught`);
}
