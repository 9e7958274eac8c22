import type { GuardedClaim } from './guarded-claims.ts';

/** The facts of one issuer type. */
export interface IssuerPreset {
  /** Accepted `alg` values; never `none`, never symmetric. */
  readonly algorithms: readonly string[];
  /** Seconds. Upper limit of `exp − iat`, and therefore of the age of a token. */
  readonly maxLifetime: number;
  /** Host and path of issuers that have this type. */
  readonly urls: readonly RegExp[];
  readonly exampleUrl: string;
  /** The form of every issuer URL of this type. Absent: any URL. */
  readonly urlForm?: TextForm;
  /** The only `aud` that the issuer puts into tokens. Absent: the job chooses it. */
  readonly fixedAudience?: string;
  /** The `aud` of tokens that were requested without one. Other services accept it too. */
  readonly defaultAudience?: RegExp;
  /** Origins, besides the issuer's, of the `jwks_uri` in its discovery document. */
  readonly keyOrigins?: readonly string[];
  /**
   * `jwt_svid`: the trust domain of `sub` selects the issuer, `iss` and `iat` are optional, and the keys are a SPIFFE
   * bundle. Default: ID tokens.
   */
  readonly tokenForm?: 'jwt_svid';
  /** Claims that identify the token's holder and that its jobs cannot choose. Default: `sub`. */
  readonly holder: readonly string[];
  /** An identity must match at least one of these claims, or set `allowMutableNames`. Empty: no such rule. */
  readonly immutableIds: readonly string[];
  /** The form of the values of immutable ids. */
  readonly idForm?: TextForm;
  /** A `sub` of this form contains immutable ids, so that it binds them. */
  readonly subjectWithIds?: RegExp;
  /** Claims whose `/` is a path separator when they are inserted into a resource pattern. */
  readonly pathClaims: readonly string[];
  /**
   * Claims, besides `aud`, whose values anyone can get in a project of their own. They restrict no holder. A name that
   * ends in `:` is the start of names.
   */
  readonly chosenByHolder: readonly string[];
  /** The owner of a project or a job decides which claims `sub` contains, so that it can have the form of another. */
  readonly customSubject?: true;
  /** For a chosen claim, the one that is "true" if only privileged members of the project can get its values. */
  readonly protectedBy: Readonly<Record<string, string>>;
  /** The issuer issues tokens to the public: an identity that matches every token is refused. */
  readonly open: boolean;
  /** The claim that identifies a single token. */
  readonly jti: 'jti' | 'uti';
  /** The claim with the end of the session in which the token was issued (RFC 3339). */
  readonly sessionEnd?: string;
  /** Claims that name the token's project, job and pipeline, for audit events. */
  readonly trace: { readonly project?: string; readonly job?: string; readonly pipeline?: string };
  /** The documented claims. Absent: each issuer has its own. */
  readonly claims?: DocumentedClaims;
  /** Claims that are lists in the token. */
  readonly lists: readonly string[];
  /** Immutable ids that are in the token only if the job requests them, with the way to do so. */
  readonly onRequest?: { readonly claims: readonly string[]; readonly how: string };
  /**
   * For one value of a claim, the claims that all tokens of one issuer have with one value at a time: a project
   * belongs to one group, a service principal has one set of roles.
   */
  readonly determined: Readonly<Record<string, readonly string[]>>;
  readonly guards: readonly GuardedClaim[];
  readonly conditionRules: readonly ConditionRule[];
}

export interface TextForm {
  readonly pattern: RegExp;
  /** Completes the sentence "must be …". */
  readonly text: string;
}

export interface DocumentedClaims {
  /** By name, or by JSON pointer for members of a claim. */
  readonly names: readonly string[];
  /** Starts of the names of custom claims, which administrators define. */
  readonly customPrefixes: readonly string[];
  /** The documentation lists the members of claims that are objects. */
  readonly listsMembers?: boolean;
}

/** A rule for the conditions of identities. */
export type ConditionRule = {
  readonly claims: readonly string[];
  readonly severity: 'error' | 'warning';
  readonly message: string;
} & (
  | { /** The claim, and its members, must not be matched. */ readonly kind: 'unusable' }
  | {
      /** A condition on one of the claims needs one on one of these. */ readonly kind: 'needs';
      readonly other: readonly string[];
    }
);

/** The facts that most CI systems have in common. */
export const CI_PRESET = {
  algorithms: ['RS256'],
  maxLifetime: 86_400,
  urls: [],
  exampleUrl: 'https://issuer.example.com',
  holder: [],
  immutableIds: [],
  pathClaims: [],
  chosenByHolder: [],
  protectedBy: {},
  open: false,
  jti: 'jti',
  trace: {},
  lists: [],
  determined: {},
  guards: [],
  conditionRules: [],
} as const satisfies IssuerPreset;

/** Signature algorithms with public keys (RFC 7518 §3.1). */
export const RSA_AND_EC = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
] as const;

export const HOUR = 3_600;

/** The words of a text. */
export function wordsOf(text: string): string[] {
  return text.trim().split(/\s+/);
}
