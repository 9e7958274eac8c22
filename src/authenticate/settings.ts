import type { IssuerType } from '../contract/issuer-presets.ts';

/** Durations are milliseconds, files absolute paths. */
export interface IssuerSettings {
  readonly name: string;
  readonly type: IssuerType;
  /** `iss` of its tokens, byte for byte. */
  readonly issuer: string;
  readonly audiences: readonly string[];
  readonly jwksUrl?: string | undefined;
  readonly jwksFile?: string | undefined;
  readonly caFile?: string | undefined;
  readonly bearerTokenFile?: string | undefined;
  /** Narrows those of the type. */
  readonly algorithms?: readonly string[] | undefined;
  readonly maxTokenLifetime?: number | undefined;
  readonly keys: KeyTiming;
}

export interface KeyTiming {
  readonly refresh: number;
  readonly cooldown: number;
  readonly staleLimit: number;
}

export interface ServiceSettings {
  readonly name: string;
  /** Default: all. */
  readonly issuers?: readonly string[] | undefined;
  /** In place of those of the issuers. */
  readonly audiences?: readonly string[] | undefined;
}

export interface AuthenticateSettings {
  readonly issuers: readonly IssuerSettings[];
  readonly services: readonly ServiceSettings[];
}
