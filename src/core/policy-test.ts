import type { AssumedCredential } from './credentials/assumed-credential.ts';
import type { Reason } from './reasons.ts';

/** One test of a policy, with all names resolved. */
export interface PolicyTest {
  readonly name: string;
  /** Position of the test. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** The test runs once for each. */
  readonly callers: readonly TestCaller[];
  readonly checks: readonly PolicyCheck[];
}

export interface TestCaller {
  /** Name of the credential in the test file. */
  readonly name: string;
  readonly credential: AssumedCredential;
}

export type PolicyCheck =
  | {
      readonly kind: 'request';
      readonly method: string;
      readonly url: string;
      readonly headers: readonly (readonly [name: string, value: string])[];
      readonly body: Buffer | undefined;
      readonly expected: ExpectedDecision;
    }
  | {
      readonly kind: 'operations';
      readonly service: string;
      readonly scopes: readonly string[];
      /** Names, not patterns. */
      readonly resources: readonly string[];
      readonly expected: ExpectedDecision;
    };

/** Without reasons: any reason of a decision by policy. */
export type ExpectedDecision =
  { readonly kind: 'allow' } | { readonly kind: 'deny' | 'unable'; readonly reasons: readonly Reason[] };
