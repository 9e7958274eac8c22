import { claimAt } from '../../core/credentials/claims.ts';
import type { CredentialClass, VerifiedCredential } from '../../core/credentials/credential.ts';
import { ISSUER_PRESETS } from '../../core/issuers/issuer-presets.ts';
import type { IssuerType } from '../../core/issuers/issuer-presets.ts';
import { compileMatch, holdsFor, operandsOf } from './condition.ts';
import type { Condition, Operand, Operator } from './condition.ts';
import type { CompiledGrant } from './grant.ts';
import { guardsFor } from './preset-guards.ts';
import type { Guard } from './preset-guards.ts';
import type { IdentitySettings } from '../settings.ts';

/** An identity of the policy. A deploy token of the configuration is compiled to one too. */
export interface CompiledIdentity {
  readonly name: string;
  readonly issuer: string;
  readonly issuerType: IssuerType;
  /** Credential classes that can match. */
  readonly via: readonly CredentialClass[];
  readonly conditions: readonly Condition[];
  /** The conditions as configured. They are not kept. */
  operands(): readonly Operand[];
  readonly guards: readonly Guard[];
  readonly roles: readonly string[];
  readonly grants: readonly CompiledGrant[];
  /** The identity matches only if a token request names it. */
  readonly onRequest: boolean;
  /** Claims whose `/` is a path separator in resource patterns. */
  readonly pathClaims: readonly string[];
}

/** The first reason why a credential of the identity's issuer does not match the identity. */
export type Mismatch =
  | {
      readonly kind: 'class';
      readonly expected: readonly CredentialClass[];
      readonly actual: CredentialClass;
    }
  | { readonly kind: 'guard'; readonly claim: string; readonly actual: unknown; readonly why: string }
  | {
      readonly kind: 'condition';
      readonly claim: string;
      readonly operator: Operator;
      readonly expected: readonly string[];
      readonly actual: unknown;
    };

export function compileIdentity(
  settings: IdentitySettings,
  issuerType: IssuerType,
  compileGrants: (settings: IdentitySettings) => readonly CompiledGrant[],
): CompiledIdentity {
  return new PolicyIdentity(settings, issuerType, compileGrants);
}

/** Compiles its parts on first use: a process sees few of the identities of a large policy. */
class PolicyIdentity implements CompiledIdentity {
  readonly issuerType: IssuerType;
  readonly #settings: IdentitySettings;
  readonly #compileGrants: (settings: IdentitySettings) => readonly CompiledGrant[];
  #conditions: readonly Condition[] | undefined;
  #guards: readonly Guard[] | undefined;
  #grants: readonly CompiledGrant[] | undefined;

  constructor(
    settings: IdentitySettings,
    issuerType: IssuerType,
    compileGrants: (settings: IdentitySettings) => readonly CompiledGrant[],
  ) {
    this.#settings = settings;
    this.issuerType = issuerType;
    this.#compileGrants = compileGrants;
  }

  get name(): string {
    return this.#settings.name;
  }

  get issuer(): string {
    return this.#settings.issuer;
  }

  get via(): readonly CredentialClass[] {
    return this.#settings.via;
  }

  get roles(): readonly string[] {
    return this.#settings.roles;
  }

  get onRequest(): boolean {
    return this.#settings.onRequest === true;
  }

  get pathClaims(): readonly string[] {
    return ISSUER_PRESETS[this.issuerType].pathClaims;
  }

  get conditions(): readonly Condition[] {
    return (this.#conditions ??= compileMatch(this.#settings.match));
  }

  operands(): readonly Operand[] {
    return operandsOf(this.#settings.match);
  }

  get guards(): readonly Guard[] {
    return (this.#guards ??= guardsFor(this.issuerType, this.conditions));
  }

  get grants(): readonly CompiledGrant[] {
    return (this.#grants ??= this.#compileGrants(this.#settings));
  }
}

/** Returns undefined if the identity matches. Requires the same issuer. */
export function mismatch(identity: CompiledIdentity, credential: VerifiedCredential): Mismatch | undefined {
  // A minted token has the class of its source.
  const actual = credential.minted?.source.class ?? credential.class;
  if (!identity.via.includes(actual)) return { kind: 'class', expected: identity.via, actual };
  const { claims } = credential;
  const failed = identity.conditions.find((condition) => !holdsFor(condition, claims));
  if (failed !== undefined) {
    const { claim, operator, expected } = failed;
    return { kind: 'condition', claim, operator, expected, actual: claimAt(claims, claim) };
  }
  const guard = identity.guards.find(({ passes }) => !passes(claims));
  if (guard === undefined) return undefined;
  return { kind: 'guard', claim: guard.claim, actual: claimAt(claims, guard.claim), why: guard.why };
}
