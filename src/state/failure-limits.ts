import type { PresentedCredential } from '../core/credentials/credential.ts';
import type { Deny } from '../core/decision.ts';
import { parseDeployTokenName } from '../core/credentials/deploy-token.ts';
import type { FailureLimits } from '../core/failure-limits.ts';
import type { Clock } from '../core/ports.ts';
import type { Store } from '../core/store.ts';
import { networkOf } from '../util/http/client-network.ts';
import { WindowCounter } from '../util/limits/window-counter.ts';

export interface FailureLimitSettings {
  /** Failed credentials of one client address per window. */
  readonly perAddress: number;
  /** Failed secrets for one deploy token name or user name per window. */
  readonly perName: number;
  /** Milliseconds. */
  readonly window: number;
}

/**
 * Counts in memory and synchronizes the counts with the other replicas in the background. A request never waits for
 * the store; while it is unreachable, the limits apply per replica.
 */
export function createFailureLimits(
  settings: FailureLimitSettings,
  store: Store,
  clock: Clock,
): FailureLimits {
  const { window } = settings;
  // Separate counters, so that a flood of addresses does not evict the names.
  const addresses = new WindowCounter(() => clock.now());
  const names = new WindowCounter(() => clock.now());

  function count(local: WindowCounter, key: string, limit: number): number | undefined {
    const { count: seen, resetsIn } = local.add(key, window);
    if (seen > limit) return resetsIn;
    store.count(key, window).then(
      (shared) => local.raise(key, shared.count),
      // The metrics of the store report that it is unreachable.
      () => undefined,
    );
    return undefined;
  }

  return {
    failed(clientAddress, presented) {
      const name = presented && nameOf(presented);
      const waits = [
        count(addresses, `address:${networkOf(clientAddress)}`, settings.perAddress),
        name === undefined ? undefined : count(names, `name:${name}`, settings.perName),
      ].filter((wait) => wait !== undefined);
      if (waits.length === 0) return undefined;
      return tooMany(Math.ceil(Math.max(...waits) / 1000));
    },
  };
}

function tooMany(seconds: number): Deny {
  return {
    kind: 'deny',
    reason: 'rate_limited',
    detail: 'too many credentials of this client, or for this name, did not verify',
    retryAfter: Math.max(seconds, 1),
  };
}

/** The normalized name that a secret was tried for. Generic user names are not counted. */
function nameOf({ class: kind, token, username }: PresentedCredential): string | undefined {
  if (kind !== 'deploy_token') return undefined;
  return (parseDeployTokenName(token) ?? username)?.toLowerCase();
}
