import { createHmac, randomBytes } from 'node:crypto';
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
  const keyIds = new WindowCounter(() => clock.now());

  /** A short keyed hash: clients cannot choose equal ones, and the memory contains nothing to test guesses with. */
  const hashKey = randomBytes(32);

  function memberOf(
    presented: PresentedCredential | undefined,
    keyId: string | undefined,
  ): string | undefined {
    if (keyId !== undefined) return digest(`kid\0${keyId}`);
    if (presented === undefined) return undefined;
    const { class: kind, username = '', token } = presented;
    return digest(`${kind}\0${username}\0${token}`);
  }

  function digest(text: string): string {
    return createHmac('sha256', hashKey).update(text).digest('base64url').slice(0, 12);
  }

  function count(local: WindowCounter, key: string, limit: number, member?: string): number | undefined {
    const { count: seen, resetsIn, repeated } = local.add(key, window, member);
    if (seen > limit) return resetsIn;
    if (repeated) return undefined;
    store.count(key, window).then(
      (shared) => local.raise(key, shared.count),
      // The metrics of the store report that it is unreachable.
      () => undefined,
    );
    return undefined;
  }

  return {
    failed(clientAddress, presented, keyId) {
      const member = memberOf(presented, keyId);
      const name = presented && nameOf(presented);
      const waits = [
        count(addresses, `address:${networkOf(clientAddress)}`, settings.perAddress, member),
        name === undefined ? undefined : count(names, `name:${name}`, settings.perName, member),
      ].filter((wait) => wait !== undefined);
      if (waits.length === 0) return undefined;
      return tooMany(
        Math.max(...waits),
        'too many credentials of this client, or for this name, did not verify',
      );
    },
    pending(clientAddress, keyId) {
      const member = digest(`kid\0${keyId}`);
      const wait = count(keyIds, `key-ids:${networkOf(clientAddress)}`, settings.perAddress, member);
      return wait === undefined ? undefined : tooMany(wait, 'too many unknown key ids of this client');
    },
  };
}

/** `wait` in milliseconds. */
function tooMany(wait: number, detail: string): Deny {
  return { kind: 'deny', reason: 'rate_limited', detail, retryAfter: Math.max(Math.ceil(wait / 1000), 1) };
}

/** The normalized name that a secret was tried for. Generic user names are not counted. */
function nameOf({ class: kind, token, username }: PresentedCredential): string | undefined {
  if (kind !== 'deploy_token') return undefined;
  return (parseDeployTokenName(token) ?? username)?.toLowerCase();
}
