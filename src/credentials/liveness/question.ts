import type { VerifiedCredential } from '../../core/credentials/credential.ts';
import type { Deny } from '../../core/decision.ts';

/** A request to the API of an issuer, and the meaning of its responses. */
export interface Question {
  /** Relative to the base URL of the API. */
  readonly path: string;
  /** Sent with POST. Undefined: the method is GET. */
  readonly json?: unknown;
  /** Interprets a response. Undefined: it is not about the job. */
  interpret(status: number, body: Members): Answer | undefined;
}

/** A JSON object in a response. */
export type Members = Readonly<Record<string, unknown>>;

export type Answer =
  | { readonly kind: 'running' }
  | { readonly kind: 'ended'; readonly detail: string }
  /** The response does not show whether the job runs. */
  | { readonly kind: 'undecided'; readonly detail: string };

export const RUNNING: Answer = { kind: 'running' };

export function ended(detail: string): Answer {
  return { kind: 'ended', detail };
}

export function undecided(detail: string): Answer {
  return { kind: 'undecided', detail };
}

/** The job or pod of a credential. */
export interface Job {
  readonly kind: 'job';
  /** The key of cached results: every claim that the questions depend on. */
  readonly key: string;
  /** Project, repository or namespace; requests that wait take turns by holder. */
  readonly holder: string;
  /** Asked in order, until one finds that the job does not run. `token`: as in `RefuseEnded`. */
  questions(token: string): readonly Question[];
}

/** The API of one issuer type. */
export interface LivenessSource {
  /** Name of the system in messages. */
  readonly system: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Reads the job from the claims of the credential, or of its source. */
  readJob(credential: VerifiedCredential): Job | Deny;
  /** Requests that show whether the gateway can ask about jobs (`check --online`). */
  readonly probes: readonly Probe[];
}

export interface Probe {
  readonly path: string;
  readonly json?: unknown;
  /** Interprets a response. Undefined: the status is unexpected. */
  interpret(status: number, body: Members): ProbeResult | undefined;
}

export interface ProbeResult {
  readonly ok: boolean;
  readonly detail: string;
  /** Some jobs cannot be checked. */
  readonly warning?: string;
}
