import { writeFileSync } from 'node:fs';
import { decisionOf, formatFailedCase, formatJunit } from '../../app/tools.ts';
import { formatPath } from '../../config/index.ts';
import { GatehouseError } from '../../core/errors.ts';
import { required, text, type Values } from '../command.ts';
import { runTests, type PolicyTestRun, type PolicyTestSelection } from './policy-test-run.ts';
import { EXIT, type ExitCode, type Terminal } from '../terminal.ts';
import { watchFiles } from './watch-files.ts';
import { counted } from '../../util/text/counted.ts';

/** Runs `gatehouse test`. */
export async function runTestCommand(
  values: Values,
  terminal: Terminal,
  files: readonly string[],
): Promise<ExitCode> {
  const selection = { config: required(values, 'config'), files, filter: text(values, 'filter') };
  const minimum = minimumOf(values);
  if (values['watch'] === true) return watch(selection, values, minimum, terminal);
  return report(await runTests(selection, terminal), values, minimum, terminal);
}

function minimumOf(values: Values): number {
  const given = text(values, 'min-coverage');
  if (given === undefined) return 0;
  const minimum = Number(given);
  if (/^\d{1,3}$/.test(given) && minimum <= 100) return minimum;
  throw new GatehouseError('usage', `--min-coverage ${given} must be a whole number from 0 to 100`);
}

function report(run: PolicyTestRun, values: Values, minimum: number, terminal: Terminal): ExitCode {
  const failed = run.cases.filter(({ failures }) => failures.length > 0);
  const covered = run.coverage.percent >= minimum;
  const ok = failed.length === 0 && covered;
  const junit = text(values, 'junit');
  if (junit !== undefined) writeReport(junit, formatJunit(run.cases, run.locate));
  if (values['json'] === true) {
    terminal.out(`${JSON.stringify(toJson(run, ok), null, 2)}\n`);
    return ok ? EXIT.done : EXIT.failed;
  }
  for (const each of failed) terminal.out(`${formatFailedCase(each, run.locate)}\n\n`);
  const { rules, exercised, percent, unexercised } = run.coverage;
  if (values['coverage'] === true) {
    for (const rule of unexercised) terminal.out(`not exercised: ${run.locate(rule)}\n`);
  }
  if (values['coverage'] === true || !covered) {
    const least = covered ? '' : `; --min-coverage requires ${minimum} %`;
    terminal.out(`coverage: ${percent} % (${exercised} of ${rules} rules)${least}\n`);
  }
  const tests = new Set(run.cases.map(({ test }) => test)).size;
  const counts = `${counted(tests, 'test')}, ${counted(run.cases.length, 'case')}`;
  terminal.out(failed.length === 0 ? `ok: ${counts}\n` : `${failed.length} failed: ${counts}\n`);
  return ok ? EXIT.done : EXIT.failed;
}

function toJson({ cases, coverage, positionOf }: PolicyTestRun, ok: boolean): object {
  return {
    ok,
    tests: new Set(cases.map(({ test }) => test)).size,
    failed: cases.filter(({ failures }) => failures.length > 0).length,
    cases: cases.map(({ test: { name, file, line, column }, caller, failures, evaluations }) => ({
      name,
      as: caller,
      file,
      line,
      column,
      ok: failures.length === 0,
      decisions: evaluations.map(decisionOf),
      failures: failures.map(({ subject, expected, actual, evaluation }) => ({
        subject,
        expected,
        actual,
        explanation: evaluation.kind === 'explained' ? evaluation.explanation : undefined,
      })),
    })),
    coverage: {
      ...coverage,
      unexercised: coverage.unexercised.map((rule) => ({ rule: formatPath(rule), ...positionOf(rule) })),
    },
  };
}

function writeReport(file: string, content: string): void {
  try {
    writeFileSync(file, content);
  } catch (cause) {
    throw new GatehouseError('usage', `--junit ${file} cannot be written`, { cause });
  }
}

/** Runs the tests, and again after each change, until a stop signal. Returns the exit code of the last run. */
async function watch(
  selection: PolicyTestSelection,
  values: Values,
  minimum: number,
  terminal: Terminal,
): Promise<ExitCode> {
  let code: ExitCode = EXIT.done;
  const changes = watchFiles();
  let stopped = false;
  void terminal.stopSignal().then(() => {
    stopped = true;
    changes.close();
  });
  for (;;) {
    const started = performance.now();
    changes.follow([selection.config, ...selection.files]);
    try {
      const run = await runTests(selection, terminal);
      changes.follow([selection.config, ...run.files]);
      code = report(run, values, minimum, terminal);
    } catch (error) {
      if (!(error instanceof GatehouseError)) throw error;
      code = EXIT.usage;
      terminal.err(`gatehouse test: ${error.message}\n`);
    }
    terminal.err(`${Math.round(performance.now() - started)} ms; waiting for changes\n`);
    await changes.next();
    if (stopped) return code;
  }
}
