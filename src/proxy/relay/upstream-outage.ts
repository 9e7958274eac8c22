import { createOutageLog } from '../../core/operation/outage-log.ts';
import type { Clock, Log } from '../../core/ports.ts';
import type { Reason } from '../../core/reasons.ts';

/** Reports that requests to an upstream fail, and that the upstream responds again. */
export interface UpstreamOutage {
  /** Ignores failures that the upstream has no part in. */
  failed(failure: { readonly reason: Reason; readonly detail: string }): void;
  /** Called for each response that is relayed. */
  recovered(): void;
}

export function createUpstreamOutage(
  { name, upstream }: { readonly name: string; readonly upstream: { readonly url: string } },
  ports: { readonly log: Log; readonly clock: Clock },
): UpstreamOutage {
  const outage = createOutageLog(
    ports,
    { failed: 'requests to an upstream fail', recovered: 'an upstream responds again' },
    { service: name, upstream: new URL(upstream.url).origin },
  );
  return {
    failed({ reason, detail: cause }) {
      switch (reason) {
        case 'upstream_unreachable':
        case 'upstream_timeout':
          return outage.failed(`${reason} ${cause}`, { reason, cause });
        // The cause can be different for each response.
        case 'upstream_invalid':
        case 'upstream_unauthorized':
          return outage.failed(reason, { reason, cause });
        default:
      }
    },
    recovered: () => outage.recovered(),
  };
}
