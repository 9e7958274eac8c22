import type { PresentedCredential } from '../core/credentials/credential.ts';
import type { Deny } from '../core/decision.ts';
import { parseDeployTokenName } from '../core/credentials/deploy-token.ts';
import type { FailureLimits } from '../core/failure-limits.ts';
import type { Clock } from '../core/ports.ts';
import type { Store } from '../core/store.ts';
import { networkOf } from '../util/http/client-network.ts';
import { WindowCounter } from '../util/limits/window-counter.ts';

export interface FailureLimitSettings {
  /** Failed credentials of one client address in a window. */
  readonly perAddress: number;
  /** Failed secrets for one deploy token's name or user name in a window. */
  readonly perName: number;
  /** Milliseconds. */
  readonly window: number;
}

/**
 * Counts here and, a moment later, together with the other replicas: a request never waits for the store, and without
 * it the limits hold per replica.
 */
export function createFailureLimits(
  settings: FailureLimitSettings,
  store: Store,
  clock: Clock,
): FailureLimits {
  const { window } = settings;
  // Apart, so that a flood of addresses does not push out the names.
  const addresses = new WindowCounter(() => clock.now());
  const names = new WindowCounter(() => clock.now());

  function count(local: WindowCounter, key: string, limit: number): number | undefined {
    const { count: seen, resetsIn } = local.add(key, window);
    if (seen > limit) return resetsIn;
    store.count(key, window).then(
      (shared) => local.raise(key, shared.count),
      // The store says in its own metrics that it is away.
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

/** Whose secret was tried, in one spelling. Names that everybody uses are nobody's. */
function nameOf({ class: kind, token, username }: PresentedCredential): string | undefined {
  if (kind !== 'deploy_token') return undefined;
  return (parseDeployTokenName(token) ?? username)?.toLowerCase();
}
