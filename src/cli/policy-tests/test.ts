import type { Command } from '../command.ts';
import { CONFIG_OPTION } from '../configuration.ts';

export const testCommand: Command = {
  summary: 'run the unit tests of a policy',
  operands: '[FILE…]',
  help: `
Evaluates the requests of test files with the policy, as "explain" does: nothing is sent, and no issuer is contacted.
Without FILE it runs the *.test.yaml of the configuration directory, or NAME.test.yaml next to NAME.yaml,
and the tests next to delegated files.
Exit code: 0 all tests passed; 1 a test failed, or the coverage is too low; 2 invalid usage, configuration or test file.

  gatehouse test --config /etc/gatehouse
  gatehouse test --config gatehouse.yaml --coverage --min-coverage 90 --junit report.xml
  gatehouse test --config gatehouse.yaml --watch policy/payments.test.yaml`,
  options: {
    ...CONFIG_OPTION,
    filter: { type: 'string', value: 'TEXT', help: 'Run only the tests whose name contains TEXT.' },
    junit: { type: 'string', value: 'FILE', help: 'Write a JUnit XML report, for GitLab and GitHub.' },
    json: { type: 'boolean', help: 'Print JSON: {ok, tests, failed, cases, coverage}.' },
    coverage: { type: 'boolean', help: 'List the rules of the policy that no test exercises.' },
    'min-coverage': {
      type: 'string',
      value: 'N',
      help: 'Fail if less than N percent of the rules are exercised.',
    },
    watch: { type: 'boolean', help: 'Run again whenever the configuration or a test file changes.' },
  },
  async run(values, terminal, files) {
    const { runTestCommand } = await import('./policy-tests.ts');
    return runTestCommand(values, terminal, files);
  },
};
