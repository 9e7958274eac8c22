import type { LocationRewriter } from '../rewrite/location.ts';
import type { Rewriting } from '../rewrite/rewriting.ts';
import type { InvalidResponse } from '../transport/invalid-response.ts';
import type { Rejection } from '../upstream-credentials/request-credential.ts';
import type { StallWatch } from './stall-watch.ts';
import type { UpstreamOutage } from './upstream-outage.ts';

/** The dependencies of one relayed response. */
export interface RelayPorts {
  readonly location: LocationRewriter;
  /** For a redirect that the client follows. Default: `location`. */
  readonly redirect?: LocationRewriter | undefined;
  readonly keepCookies: boolean;
  readonly rewriting: Rewriting | undefined;
  readonly stalls: StallWatch;
  readonly outage: UpstreamOutage;
  /** Follows a redirect; undefined when the client follows it. */
  readonly follow: ((location: string) => InvalidResponse | undefined) | undefined;
  /** The reason for the client after a 401; undefined when the request is sent again with another credential. */
  readonly unauthorized: () => Exclude<Rejection, 'another'> | undefined;
  /** Called exactly once. */
  readonly ended: () => void;
}
