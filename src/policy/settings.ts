import type { CredentialClass } from '../core/credentials/credential.ts';
import type { IssuerType } from '../core/issuers/issuer-presets.ts';
import type { AllowlistSettings } from './compile/job-token-allowlist.ts';

/** The part of the configuration that defines the policy. */
export interface PolicySettings {
  readonly issuers: readonly { readonly name: string; readonly type: IssuerType }[];
  /** In order of precedence: the first match is the caller's identity. */
  readonly identities: readonly IdentitySettings[];
  readonly roles: Readonly<Record<string, readonly GrantSettings[]>>;
  readonly services: readonly PolicyServiceSettings[];
  /** Each deploy token is a separate identity, `deploy-token:NAME`. */
  readonly deployTokens: readonly { readonly name: string; readonly grants: readonly GrantSettings[] }[];
  readonly jobTokenAllowlist: AllowlistSettings;
}

export interface IdentitySettings {
  readonly name: string;
  readonly issuer: string;
  readonly via: readonly CredentialClass[];
  readonly match: Readonly<Record<string, ConditionSettings>>;
  readonly roles: readonly string[];
  readonly grants: readonly GrantSettings[];
  /** The identity matches only if the token request names it, never by the credential alone. */
  readonly onRequest?: boolean;
}

/** A condition on one claim. A string is short for `equals`. All given operators must hold. */
export type ConditionSettings =
  | string
  | {
      readonly equals?: string | undefined;
      readonly in?: readonly string[] | undefined;
      readonly notIn?: readonly string[] | undefined;
      readonly contains?: string | undefined;
      readonly glob?: string | readonly string[] | undefined;
    };

export interface AnonymousSettings {
  readonly scopes: readonly string[];
  readonly resources: readonly string[];
}

export interface GrantSettings extends AnonymousSettings {
  readonly service: string;
}

export interface PolicyServiceSettings {
  readonly name: string;
  readonly type: string;
  readonly anonymous: readonly AnonymousSettings[];
  readonly mode: 'enforce' | 'shadow';
}
