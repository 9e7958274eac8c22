import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { PolicyTest, TestCaller } from '../../core/policy-test.ts';
import type { Environment } from '../load/expand-variables.ts';
import { toPlain } from '../load/plain-value.ts';
import {
  isPolicyTest,
  POLICY_TEST_SUFFIX,
  readSource,
  wholeFile,
  type Source,
} from '../load/read-sources.ts';
import { readTree } from '../load/read-tree.ts';
import { markAt, type SourceNode } from '../load/source-tree.ts';
import type { Config } from '../model/config.ts';
import { formatMark, problemAt, sortProblems, type Problem } from '../problems/problem.ts';
import { schemaProblems } from '../problems/schema-problems.ts';
import { readChecks } from './checks.ts';
import { resolveCredentials, unknownCredential, type Report } from './credentials.ts';
import { POLICY_TEST_JSON_SCHEMA, policyTestSchema, type PolicyTestFile } from './schema.ts';

export interface PolicyTests {
  readonly tests: readonly PolicyTest[];
  readonly problems: readonly Problem[];
}

/** The test files of a configuration: `*.test.yaml` in its directory, or `NAME.test.yaml` next to the file `NAME.yaml`. */
export function findPolicyTests(configuration: string): readonly string[] {
  if (statSync(configuration, { throwIfNoEntry: false })?.isDirectory() === true) {
    const names = readdirSync(configuration).filter((name) => isPolicyTest(name) && !name.startsWith('.'));
    return names.sort().map((name) => join(configuration, name));
  }
  const beside = configuration.replace(/\.ya?ml$/, '') + POLICY_TEST_SUFFIX;
  return statSync(beside, { throwIfNoEntry: false })?.isFile() === true ? [beside] : [];
}

/** Reads test files for a configuration, or returns all their problems. */
export function readPolicyTests(files: readonly string[], config: Config, env: Environment): PolicyTests {
  const read = files.map((file) => {
    const source = readSource(file);
    return source.kind === 'source'
      ? readPolicyTestFile(source.source, config, env)
      : { tests: [], problems: [wholeFile(file, source.detail)] };
  });
  return {
    tests: read.flatMap(({ tests }) => tests),
    problems: sortProblems(read.flatMap(({ problems }) => problems)),
  };
}

function readPolicyTestFile(source: Source, config: Config, env: Environment): PolicyTests {
  const { root, problems: misread } = readTree(source, env);
  if (root === undefined || misread.length > 0) return { tests: [], problems: misread };
  const parsed = policyTestSchema.safeParse(toPlain(root));
  if (!parsed.success)
    return { tests: [], problems: schemaProblems(root, parsed.error.issues, POLICY_TEST_JSON_SCHEMA) };
  const problems: Problem[] = [];
  const report: Report = (path, message) => problems.push(problemAt(markAt(root, path), path, message));
  const tests = resolveTests(root, parsed.data, config, report);
  return { tests, problems };
}

function resolveTests(
  root: SourceNode,
  { credentials, tests }: PolicyTestFile,
  config: Config,
  report: Report,
): PolicyTest[] {
  const resolved = resolveCredentials(credentials, config, report);
  const named = new Map<string, string>();
  return tests.map((test, index) => {
    const path = ['tests', index];
    const mark = markAt(root, path);
    const earlier = named.get(test.name);
    if (earlier !== undefined)
      report([...path, 'name'], `the name is given twice; first at ${earlier}; give each test its own name`);
    else named.set(test.name, formatMark(mark));
    const names = typeof test.as === 'string' ? [test.as] : test.as;
    const callers = names.flatMap((name, at): TestCaller[] => {
      const credential = resolved.get(name);
      if (credential !== undefined) return [{ name, credential }];
      const written = typeof test.as === 'string' ? [...path, 'as'] : [...path, 'as', at];
      // An invalid credential has been reported.
      if (!Object.hasOwn(credentials, name))
        report(written, unknownCredential(name, { ...credentials, anonymous: true }));
      return [];
    });
    const checks = readChecks(test, path, config.services, report);
    return { name: test.name, ...mark, callers, checks };
  });
}
