import type { CredentialClass } from '../core/credentials/credential.ts';
import type { IssuerType } from '../core/issuer-presets.ts';
import type { AllowlistSettings } from './compile/job-token-allowlist.ts';

/** What this room takes of the configuration. */
export interface PolicySettings {
  readonly issuers: readonly { readonly name: string; readonly type: IssuerType }[];
  /** In order: the first that matches is the caller's. */
  readonly identities: readonly IdentitySettings[];
  readonly roles: Readonly<Record<string, readonly GrantSettings[]>>;
  readonly services: readonly PolicyServiceSettings[];
  /** Each is an identity of its own, `deploy-token:NAME`. */
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
  /** Whoever asks for it by its name may be it; no credential is it by itself. */
  readonly onRequest?: boolean;
}

/** A scalar means `equals`. Of several operators all must hold. */
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
