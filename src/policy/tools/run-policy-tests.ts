import type { AssumedCredential } from '../../core/credentials/assumed-credential.ts';
import type { ExpectedDecision, PolicyCheck, PolicyTest, TestCaller } from '../../core/policy-test.ts';
import type { Operation } from '../../core/request/operation.ts';
import { decisionOf, formatDecision, formatExpected, meets, type Evaluation } from './decided.ts';

/** Evaluates requests and operations as the gateway does. */
export interface PolicyTestPorts {
  explain(
    input: Omit<Extract<PolicyCheck, { kind: 'request' }>, 'kind' | 'expected'> & {
      readonly webSocket: boolean;
      readonly credential: AssumedCredential;
    },
  ): Promise<Evaluation>;
  explainOperations(input: {
    readonly service: string;
    readonly credential: AssumedCredential;
    readonly operations: readonly Operation[];
  }): Evaluation;
}

/** One test with one caller. */
export interface PolicyTestCase {
  readonly test: PolicyTest;
  readonly caller: string;
  readonly failures: readonly PolicyTestFailure[];
  readonly evaluations: readonly Evaluation[];
  readonly milliseconds: number;
}

export interface PolicyTestFailure {
  /** The request line, or the scope, resource and service. */
  readonly subject: string;
  readonly expected: string;
  readonly actual: string;
  readonly evaluation: Evaluation;
}

export async function runPolicyTests(
  tests: readonly PolicyTest[],
  ports: PolicyTestPorts,
): Promise<PolicyTestCase[]> {
  const cases: PolicyTestCase[] = [];
  for (const test of tests) {
    for (const caller of test.callers) cases.push(await runCase(test, caller, ports));
  }
  return cases;
}

async function runCase(
  test: PolicyTest,
  caller: TestCaller,
  ports: PolicyTestPorts,
): Promise<PolicyTestCase> {
  const started = performance.now();
  const failures: PolicyTestFailure[] = [];
  const evaluations: Evaluation[] = [];
  const judge = (subject: string, expected: ExpectedDecision, evaluation: Evaluation): void => {
    evaluations.push(evaluation);
    const actual = decisionOf(evaluation);
    if (!meets(expected, actual)) {
      const texts = { expected: formatExpected(expected), actual: formatDecision(actual) };
      failures.push({ subject, ...texts, evaluation });
    }
  };
  for (const check of test.checks) {
    if (check.kind === 'request') {
      const { method, url, expected } = check;
      const webSocket = /^wss?:/.test(url);
      const evaluation = await ports.explain({ ...check, webSocket, credential: caller.credential });
      judge(`${method} ${url}`, expected, evaluation);
      continue;
    }
    const { service, expected } = check;
    for (const scope of check.scopes) {
      for (const resource of check.resources) {
        const operations: readonly Operation[] = [{ scope, resource, extent: 'one' }];
        const evaluation = ports.explainOperations({ service, credential: caller.credential, operations });
        judge(`${scope} on ${resource} of ${service}`, expected, evaluation);
      }
    }
  }
  const milliseconds = performance.now() - started;
  return { test, caller: caller.name, failures, evaluations, milliseconds };
}
