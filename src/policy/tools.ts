/** What only commands use, and no gateway that serves requests. */
export { formatExplanation } from './explain/format-explanation.ts';
export { listAccess } from './tools/access.ts';
export { readRecordedRequest } from './tools/recorded-request.ts';
export { compareAccess, type AccessDifferences } from './tools/diff/compare-access.ts';
export type { AccessDifference } from './tools/diff/access-difference.ts';
export { policyCoverage, type PolicyCoverage } from './tools/coverage.ts';
export { decisionOf } from './tools/decided.ts';
export { formatJunit } from './tools/junit.ts';
export { runPolicyTests, type PolicyTestCase } from './tools/run-policy-tests.ts';
export { formatFailedCase, type LocateRule } from './tools/test-report.ts';
