import {
  policyCoverage,
  runPolicyTests,
  type LocateRule,
  type PolicyCoverage,
  type PolicyTestCase,
} from '../../app/tools.ts';
import {
  findDelegatedTests,
  findPolicyTests,
  formatPath,
  loadWithPositions,
  readPolicyTests,
  type PositionOf,
  type Problem,
} from '../../config/index.ts';
import { GatehouseError } from '../../core/errors.ts';
import { listProblems } from '../configuration.ts';
import { inspectGateway } from '../inspect.ts';
import type { Terminal } from '../terminal.ts';
import { counted } from '../../util/text/counted.ts';

export interface PolicyTestRun {
  readonly cases: readonly PolicyTestCase[];
  readonly coverage: PolicyCoverage;
  readonly locate: LocateRule;
  readonly positionOf: PositionOf;
  /** The files that determine the result. */
  readonly files: readonly string[];
}

export interface PolicyTestSelection {
  readonly config: string;
  /** Empty: the test files next to the configuration and to its delegated files. */
  readonly files: readonly string[];
  /** Runs only the tests whose name contains it. */
  readonly filter: string | undefined;
}

/**
 * Loads the configuration and the tests, and runs the tests. Throws `config_invalid` with all problems of both, and
 * `usage` if there are no tests.
 */
export async function runTests(
  { config: path, files: named, filter }: PolicyTestSelection,
  terminal: Terminal,
): Promise<PolicyTestRun> {
  const { result, positionOf } = loadWithPositions(path, terminal.env);
  if (result.kind === 'invalid') throw invalid(path, result.problems);
  const { config } = result;
  const own = named.length > 0 ? named : findPolicyTests(path);
  const delegated = named.length > 0 ? [] : findDelegatedTests(path, config.delegated.patterns);
  const files = [...new Set([...own, ...delegated])];
  if (files.length === 0) {
    throw new GatehouseError('usage', `there is no *.test.yaml next to ${path}; write one, or name a FILE`);
  }
  const read = files.map((file) =>
    // As in the delegated files, variables are not available.
    readPolicyTests([file], config, delegated.includes(file) ? {} : terminal.env),
  );
  const problems = read.flatMap((each) => each.problems);
  const tests = read.flatMap((each) => each.tests);
  if (problems.length > 0) throw invalid(files.join(', '), problems);
  const selected = filter === undefined ? tests : tests.filter(({ name }) => name.includes(filter));
  if (selected.length === 0) throw new GatehouseError('usage', `no test has a name with "${filter ?? ''}"`);

  const cases = await inspectGateway(config, (gateway) => runPolicyTests(selected, gateway));
  const locate: LocateRule = (rule) => {
    const mark = positionOf(rule);
    return `${mark === undefined ? '' : `${mark.file}:${mark.line}:${mark.column}: `}${formatPath(rule)}`;
  };
  const coverage = policyCoverage(config, cases);
  return { cases, coverage, locate, positionOf, files: [...config.files, ...files] };
}

function invalid(files: string, problems: readonly Problem[]): GatehouseError {
  const count = counted(problems.length, 'problem');
  return new GatehouseError('config_invalid', `${files}: ${count}\n${listProblems(problems).trimEnd()}`);
}
