import type { Claims, CredentialClass } from '../../../core/credentials/credential.ts';
import type { Operation } from '../../../core/request/operation.ts';
import type { AccessSettings } from '../access.ts';
import type { RulePath } from '../rules.ts';

/** The settings that decide about access, of one of the two configurations. */
export interface ComparedSettings extends AccessSettings {
  readonly identities: readonly (AccessSettings['identities'][number] & {
    /** Milliseconds. */
    readonly tokenLifetime?: number | undefined;
  })[];
  readonly server?: object | undefined;
  readonly state?: object | undefined;
  readonly signing?: object | undefined;
  /** Bounds of files that other teams write; what the files contain is part of the identities. */
  readonly delegations?: object | undefined;
  readonly issuers: readonly (AccessSettings['issuers'][number] & {
    readonly issuer: string;
    readonly audiences: readonly string[];
    /** Defined if job tokens, or deploy tokens of GitLab, are accepted. */
    readonly jobTokens?: unknown;
    readonly deployTokens?: { readonly probe?: string | undefined } | undefined;
  })[];
  readonly services: readonly (AccessSettings['services'][number] & {
    readonly audiences?: readonly string[] | undefined;
  })[];
  readonly deployTokens: readonly (AccessSettings['deployTokens'][number] & {
    readonly secretHash: string;
  })[];
  readonly workloadIdentities: readonly {
    readonly name: string;
    readonly identity: string;
    readonly audiences: readonly string[];
  }[];
}

/** One thing that callers can do with one of two configurations only. `*` in a member stands for all. */
export interface AccessDifference {
  /** The identity by which the access is allowed; `anonymous` for a rule that needs no credential. */
  readonly identity: string;
  readonly class: CredentialClass | 'none' | '*';
  readonly service: string;
  readonly scope: string;
  /** The resource pattern as configured. */
  readonly resource: string;
  /** `certain`: both evaluators confirm the witness. `possible`: the settings do not exclude it. */
  readonly certainty: 'certain' | 'possible';
  readonly witness?: Witness;
  readonly reason?: string;
  /** Path of the rule that allows it. */
  readonly rule: RulePath;
}

/** A request that one configuration allows and the other does not. */
export interface Witness {
  /** Undefined: without a credential. */
  readonly credential: WitnessToken | WitnessDeployToken | undefined;
  readonly service: string;
  readonly operation: Operation;
  /** The day of the request, where an expiry is the difference. */
  readonly on?: string;
}

export interface WitnessToken {
  readonly class: CredentialClass;
  /** Name of the issuer in the configuration that allows the request. */
  readonly issuer: string;
  readonly claims: Claims;
  readonly audience?: string;
  /** The token request names this identity. */
  readonly requestedIdentity?: string;
}

/** A deploy token of the configuration, by its name. */
export interface WitnessDeployToken {
  readonly class: 'deploy_token';
  readonly deployToken: string;
}

/**
 * Whether one of the two configurations contains the key at a path. Other values of services and issuers are defaults
 * of their type, or follow from other keys.
 */
export type IsWritten = (path: readonly string[]) => boolean;

/** A changed setting. */
export interface SettingChange {
  readonly setting: string;
  readonly change: 'added' | 'removed' | 'wider' | 'narrower' | 'different' | 'moved';
  readonly detail: string;
}
