import type { IssuerType } from '../core/issuer-presets.ts';

/** Durations are milliseconds, files absolute paths. */
export interface IssuerSettings {
  readonly name: string;
  readonly type: IssuerType;
  /** `iss` of its tokens, byte for byte. */
  readonly issuer: string;
  readonly audiences: readonly string[];
  readonly jwksUri?: string | undefined;
  readonly jwksFile?: string | undefined;
  readonly caFile?: string | undefined;
  readonly bearerTokenFile?: string | undefined;
  /** Narrows those of the type. */
  readonly algorithms?: readonly string[] | undefined;
  /** Values of `typ` that are accepted beside `JWT`. */
  readonly tokenTypes?: readonly string[] | undefined;
  readonly maxTokenLifetime?: number | undefined;
  readonly keys: KeyTiming;
  /** Where GitLab's API is. Default: `issuer`. Not http beyond loopback: job tokens travel to it. */
  readonly apiUrl?: string | undefined;
  /** Present: job tokens are accepted. At most one issuer of a service has it. */
  readonly jobTokens?: JobTokenTiming | undefined;
  /** Present: GitLab's own deploy tokens are accepted. At most one issuer of a service has it. */
  readonly deployTokens?: DeployTokenChecks | undefined;
}

/** What an issuer of id tokens is made of; the rest is asked at each use, or of GitLab. */
export type IssuerCore = Omit<IssuerSettings, 'audiences' | 'apiUrl' | 'jobTokens' | 'deployTokens'>;

/** How GitLab's own deploy tokens are checked. */
export interface DeployTokenChecks {
  /** How long the word of GitLab on one is believed. */
  readonly cache: number;
  /** Repository that GitLab is asked about; what it grants there becomes the claim `registry_access`. */
  readonly probe?: string | undefined;
}

export interface JobTokenTiming {
  /** How long the word of GitLab that a job runs is believed; 0: asked at every use. */
  readonly cache: number;
}

export interface KeyTiming {
  readonly refresh: number;
  readonly cooldown: number;
  readonly staleLimit: number;
}

export interface DeployTokenSettings {
  readonly name: string;
  readonly username: string;
  /** `sha256:` and 64 hex digits. */
  readonly secretHash: string;
  /** `YYYY-MM-DD`: good until 00:00 UTC of that day. */
  readonly expires?: string | undefined;
}

export interface ServiceSettings {
  readonly name: string;
  /** Only registries take what was minted for their host. */
  readonly type?: string | undefined;
  /** Default: all. */
  readonly issuers?: readonly string[] | undefined;
  /** In place of those of the issuers. */
  readonly audiences?: readonly string[] | undefined;
  /** Present: ID tokens with this audience are exchanged for tokens that publish here. */
  readonly trustedPublishing?: { readonly audience: string } | undefined;
}

export interface WorkloadSettings {
  readonly name: string;
  readonly identity: string;
  /** Of the identity. */
  readonly issuer: string;
  readonly audiences: readonly string[];
}

export interface AuthenticateSettings {
  readonly issuers: readonly IssuerSettings[];
  readonly services: readonly ServiceSettings[];
  readonly deployTokens: readonly DeployTokenSettings[];
  readonly workloadIdentities: readonly WorkloadSettings[];
  readonly identities: readonly {
    readonly name: string;
    /** Milliseconds, of tokens that are minted for it. */
    readonly tokenLifetime?: number | undefined;
  }[];
  /** Its public URL is the issuer of the deploy tokens. */
  readonly server: { readonly publicUrl: string };
}
