import type { IssuerType } from '../core/issuers/issuer-presets.ts';

/** An issuer of the configuration. Durations are in milliseconds, files are absolute paths. */
export interface IssuerSettings {
  readonly name: string;
  readonly type: IssuerType;
  /** `iss` of the issuer's tokens, byte-exact. */
  readonly issuer: string;
  readonly audiences: readonly string[];
  readonly jwksUri?: string | undefined;
  readonly jwksFile?: string | undefined;
  readonly caFile?: string | undefined;
  readonly bearerTokenFile?: string | undefined;
  /** Narrows the algorithms of the issuer type. */
  readonly algorithms?: readonly string[] | undefined;
  /** Values of `typ` that are accepted in addition to `JWT`. */
  readonly tokenTypes?: readonly string[] | undefined;
  readonly maxTokenLifetime?: number | undefined;
  readonly keys: KeyTiming;
  /**
   * Base URL of GitLab's API. Default: `issuer`. Plain http only on loopback, because job tokens are sent to
   * it.
   */
  readonly apiUrl?: string | undefined;
  /** If set, job tokens are accepted. At most one issuer of a service can have it. */
  readonly jobTokens?: JobTokenChecks | undefined;
  /** If set, GitLab's deploy tokens are accepted. At most one issuer of a service can have it. */
  readonly deployTokens?: DeployTokenChecks | undefined;
  /** If set, tokens are accepted while their job or pod runs. */
  readonly liveness?: LivenessSettings | undefined;
}

/** How the gateway finds out whether the job or pod of a token runs. */
export interface LivenessSettings {
  /** Base URL of the API. Default: set by the type. Plain http only on loopback. */
  readonly apiUrl?: string | undefined;
  /** File with the bearer token of the gateway for the API. */
  readonly tokenFile: string;
  /** Default: the issuer's `caFile`. */
  readonly caFile?: string | undefined;
  /** How long a running job is cached. */
  readonly cache: number;
  readonly limits: {
    /** API requests per second. Default: set by the type. */
    readonly perSecond?: number | undefined;
    /** API requests at once. Default: set by the type. */
    readonly burst?: number | undefined;
    readonly queue: number;
  };
}

/** The settings of an issuer of ID tokens that its keys and cached verifications depend on. */
export type IssuerCore = Omit<
  IssuerSettings,
  'audiences' | 'apiUrl' | 'jobTokens' | 'deployTokens' | 'liveness'
>;

/** How GitLab's deploy tokens are introspected. */
export interface DeployTokenChecks {
  /** How long a confirmed deploy token is cached. */
  readonly cache: number;
  /** Repository for which access is requested. The granted access becomes the claim `registry_access`. */
  readonly probe?: string | undefined;
  readonly limits: {
    /** Refused requests in `window`. */
    readonly failures: number;
    readonly window: number;
    readonly queue: number;
  };
}

/** How job tokens are introspected. */
export interface JobTokenChecks {
  /** How long a job status response is cached. 0: every use is introspected. */
  readonly cache: number;
  readonly limits: {
    /** Requests for unknown tokens that are in flight or refused. */
    readonly burst: number;
    /** Refused requests that leave the burst per second. */
    readonly perSecond: number;
    readonly queue: number;
  };
}

/** When the keys of an issuer are fetched. */
export interface KeyTiming {
  /** Time between two background fetches. */
  readonly refresh: number;
  /** Minimum time between two fetches for unknown key ids. */
  readonly cooldown: number;
  /** How long keys remain usable after the last successful fetch. */
  readonly staleLimit: number;
}

/** A deploy token of the configuration. */
export interface DeployTokenSettings {
  readonly name: string;
  readonly username: string;
  /** `sha256:` and 64 hex digits. */
  readonly secretHash: string;
  /** `YYYY-MM-DD`: the token expires at 00:00 UTC of that day. */
  readonly expires?: string | undefined;
}

/** What a service accepts. */
export interface ServiceSettings {
  readonly name: string;
  /** Only registries (`oci`) accept tokens that were minted for their host. */
  readonly type?: string | undefined;
  /** Names of the accepted issuers. Default: all. */
  readonly issuers?: readonly string[] | undefined;
  /** Replaces the audiences of the issuers. */
  readonly audiences?: readonly string[] | undefined;
  /**
   * If set, trusted publishing exchanges ID tokens with this audience for tokens that can publish to the
   * service.
   */
  readonly trustedPublishing?: { readonly audience: string } | undefined;
}

/** A workload identity of the configuration. */
export interface WorkloadSettings {
  readonly name: string;
  readonly identity: string;
  /** Issuer of the identity. */
  readonly issuer: string;
  readonly audiences: readonly string[];
}

/** The part of the configuration that authentication uses. */
export interface AuthenticateSettings {
  readonly issuers: readonly IssuerSettings[];
  readonly services: readonly ServiceSettings[];
  readonly deployTokens: readonly DeployTokenSettings[];
  readonly workloadIdentities: readonly WorkloadSettings[];
  readonly identities: readonly {
    readonly name: string;
    /** Lifetime of tokens minted for the identity, in milliseconds. */
    readonly tokenLifetime?: number | undefined;
  }[];
  /** The public URL is the issuer URL of deploy tokens and minted tokens. */
  readonly server: { readonly publicUrl: string };
}
