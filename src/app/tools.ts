/** The tools of the commands. A gateway that serves requests loads none of the modules that only they use. */
export { accessMatrix, POLICY_DENIALS, type RecordedRequest, type Suggestion } from '../policy/index.ts';
export {
  compareAccess,
  decisionOf,
  formatExplanation,
  formatFailedCase,
  formatJunit,
  listAccess,
  policyCoverage,
  readRecordedRequest,
  runPolicyTests,
  type AccessDifference,
  type AccessDifferences,
  type LocateRule,
  type PolicyCoverage,
  type PolicyTestCase,
} from '../policy/tools.ts';
export { backUpStateFile, restoreState } from '../state/index.ts';
export type { OnlineCheck } from './inspect/online-result.ts';
export type { ExplainInput, ExplainResult } from './inspect/explain.ts';
export type { ReplayedRequest } from './inspect/replay.ts';
export { classOfToken } from '../credentials/index.ts';
