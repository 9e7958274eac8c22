import type { AccessEntry, AccessMatrix, AccessQuery } from '../../core/records/access-entry.ts';
import type { AssumedCredential } from '../../core/credentials/assumed-credential.ts';
import type { Claims } from '../../core/credentials/credential.ts';
import type { DecisionLog, DecisionRecord } from '../../core/records/decision-record.ts';
import type { ExplanationView } from '../../core/records/explanation-view.ts';

/** The recorded decisions and the policy tools, composed in src/app/endpoints/console-policy.ts. */
export interface PolicyPorts {
  /** Undefined: the console was turned off meanwhile. */
  decisions(): DecisionLog | undefined;
  /** Hash of the active configuration. */
  configuration(): string;
  names(): PolicyNames;
  /** The URL of a recorded request without its query. Its scheme follows from the configuration. */
  urlOf(record: DecisionRecord): string;
  claims(): ShownClaims;
  /** Explains a recorded request under the active policy. */
  explainRecord(record: DecisionRecord): Promise<ExplainOutcome>;
  explain(question: ExplainQuestion): Promise<ExplainAnswer>;
  access(query: AccessQuery): {
    readonly entries: readonly AccessEntry[];
    readonly matrix: AccessMatrix;
  };
  candidate(): CandidateState | undefined;
}

/** Names of the active configuration. */
export interface PolicyNames {
  readonly services: readonly string[];
  /** Of all services. */
  readonly scopes: ReadonlySet<string>;
  /** Identities, and `deploy-token:NAME` of each deploy token. */
  readonly identities: readonly string[];
  readonly issuers: readonly string[];
  readonly deployTokens: readonly string[];
}

export interface ShownClaims {
  /** The claims that the policy evaluates. */
  readonly used: ReadonlySet<string>;
  /** False: `audit.claims` is `none`. */
  readonly shown: boolean;
}

export interface ExplainQuestion {
  readonly method: string;
  /** Absolute. */
  readonly url: string;
  readonly contentType: string | undefined;
  readonly credential:
    | Extract<AssumedCredential, { readonly kind: 'none' | 'claims' | 'deploy-token' }>
    | { readonly kind: 'token'; readonly token: string }
    /** The credential of a recorded request. */
    | { readonly kind: 'recorded'; readonly record: DecisionRecord };
}

export type ExplainOutcome =
  | { readonly kind: 'not-evaluated'; readonly detail: string }
  | { readonly kind: 'refused'; readonly stage: string; readonly reason: string; readonly detail: string }
  | {
      readonly kind: 'explained';
      readonly view: ExplanationView;
      /** The operation depends on the missing body. */
      readonly inBody: boolean;
    };

export interface ExplainAnswer {
  readonly outcome: ExplainOutcome;
  /** The decoded claims of a token. */
  readonly claims?: Claims | undefined;
  /** Of a token that is not valid: the outcome for a valid token with its claims. */
  readonly assumed?: ExplainOutcome | undefined;
  readonly notes: readonly string[];
}

export interface CandidateState {
  /** `candidate.config` of the active configuration. */
  readonly path: string;
  readonly ok: boolean;
  /** RFC 3339; null before the first load. */
  readonly at: string | null;
  /** Hash of the evaluated candidate; null if none was valid. */
  readonly config: string | null;
  readonly problems: readonly string[];
}
