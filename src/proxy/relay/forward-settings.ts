import type { QueueMeter } from '../../core/operation/meter.ts';
import type { IdentityHeaderTemplates } from '../headers/identity-headers.ts';
import type { PoolSettings } from '../transport/upstream-pool.ts';
import type { CredentialPorts, UpstreamAuth } from '../upstream-credentials/upstream-credential.ts';
import type { TunnelLimits } from '../websocket/tunnel-watch.ts';
import type { StallWatch } from './stall-watch.ts';

export interface ForwardSettings {
  /** Name of the service, for logs. */
  readonly name: string;
  /** Type of the service. */
  readonly type: string;
  /** Registries: prefix of repository names that clients use and the upstream does not. */
  readonly repositoryPrefix?: string | undefined;
  /** Undefined: every host that no service names. */
  readonly hosts?: readonly string[] | undefined;
  /** Public prefix; replaced by the path of `upstream.url`. */
  readonly path: string;
  readonly upstream: PoolSettings & {
    readonly hostHeader: 'upstream' | 'client';
    readonly auth?: UpstreamAuth | undefined;
    /** Milliseconds that a request waits for a place. Default: 0. */
    readonly queueTimeout?: number | undefined;
    readonly redirectOrigins: readonly string[];
    /** Other base URLs that the upstream writes into its responses. */
    readonly aliases: readonly string[];
  };
  /** Replace the issuers' audiences. */
  readonly audiences?: readonly string[] | undefined;
  readonly identityHeaders: IdentityHeaderTemplates;
  /** Sends `X-Auth-Assertion`, issued by `publicUrl`. */
  readonly assertion: boolean;
  readonly publicUrl: string;
  readonly keepCookies: boolean;
  /** Names from ACTING_HEADERS that the service forwards. */
  readonly passHeaders?: readonly string[] | undefined;
  /** Query parameters that this type of upstream reads as credentials. */
  readonly credentialQueryParameters: readonly string[];
  readonly limits: { readonly bodyBytes?: number | undefined };
  /** Absent or false: WebSocket handshakes are not forwarded. */
  readonly webSockets?: TunnelLimits | false | undefined;
}

export type ForwardPorts = CredentialPorts & {
  readonly stalls: StallWatch;
  readonly queueMeter?: QueueMeter | undefined;
};
