import { unable, type Unable } from '../../core/decision.ts';
import type { ClientFacts } from '../../core/request/incoming.ts';
import type { Clock } from '../../core/ports.ts';
import { networkOf, siteOf } from '../../util/http/client-network.ts';
import { TokenBucket } from '../../util/limits/token-bucket.ts';
import type { Block } from './backoff.ts';
import { IntrospectionBudget, clientKeyOf } from './budget.ts';
import type { BudgetLimits, BudgetSource, Busy, Exhausted } from './budget.ts';
import type { Introspected } from './gitlab-introspection.ts';
import type { SharedPermits } from './shared-permits.ts';
import type { Permit } from './units.ts';

/** Limits of introspection requests to one GitLab for one credential class. */
export interface IntrospectionLimits {
  /** For credentials that GitLab has never confirmed. */
  readonly budget: BudgetLimits;
  /** For previously confirmed credentials. Unknown credentials cannot exhaust this rate. */
  readonly renewals: { readonly perSecond: number; readonly burst: number };
  /** Requests that wait for a permit: as many first uses, and as many renewals. */
  readonly queue: number;
  /** Milliseconds for which a refusal is cached. */
  readonly refusalLifetime: number;
}

/** The credential of an introspection request, and its client. */
export interface Requester {
  /** Cache key of the credential. */
  readonly key: string;
  /** Whether GitLab has confirmed the credential before. */
  readonly known: boolean;
  /** Undefined if all credentials of the class have the same user name. */
  readonly username: string | undefined;
  readonly client: ClientFacts;
}

/** Decides which introspection requests are sent to GitLab, and in which order. */
export interface Permits {
  /** Requests a permit; waits while requests in flight hold all units. */
  take(from: Requester): Permit | Unable | Promise<Permit | Unable>;
  /** Reports the result of the introspection; exactly once for each permit. */
  settle(permit: Permit, from: Requester, introspected: Introspected<unknown>): void;
}

/** Milliseconds. */
const MAX_WAIT = 10_000;

/**
 * A renewal without a response holds a unit. The credential waits, in seconds, so that a client that repeats it does not
 * take the units of all others.
 */
const UNANSWERED: Block = { seconds: 20, limited: false };

export function createPermits(
  limits: IntrospectionLimits,
  subject: { readonly credentials: string; readonly issuer: string },
  { units, backoff, queues }: SharedPermits,
  clock: Clock,
): Permits {
  const { credentials, issuer } = subject;
  const budget = new IntrospectionBudget(limits.budget, units);
  const rate = new TokenBucket(limits.renewals, () => clock.now());
  let refill: NodeJS.Timeout | undefined;

  function refuse(problem: string, retryAfter: number, overBudget = false): Unable {
    return { ...unable('issuer_unavailable', `${problem} (issuer ${issuer})`, retryAfter), overBudget };
  }

  function serve(): void {
    queues.renewal.serve();
    queues.first.serve();
  }

  function takeRenewal({ client, key }: Requester): Permit | Unable | undefined {
    const wait = backoff.waitOf('renewal', key);
    if (wait !== undefined)
      return refuse('backoff: GitLab limited this credential or sent no response', wait);
    if (!rate.ready()) {
      refill ??= setTimeout(() => {
        refill = undefined;
        serve();
      }, 1_000 / limits.renewals.perSecond).unref();
      return undefined;
    }
    const taken = settled(budget.takeRenewal(client.address));
    if (taken?.kind === 'renewal') rate.take();
    return taken;
  }

  function takeFirst(source: BudgetSource): Permit | Unable | undefined {
    const wait = backoff.waitOf('first', clientKeyOf(source));
    if (wait !== undefined) return refuse('backoff after a 403 or 429 for a credential of this client', wait);
    // One request at a time finds out whether GitLab still limits the gateway.
    if (backoff.pause !== undefined && units.inFlight('first') > 0) {
      return refuse('backoff after a 403 or 429 for a known credential', backoff.pause);
    }
    return settled(budget.take(source));
  }

  function settled(taken: Permit | Busy | Exhausted): Permit | Unable | undefined {
    switch (taken.kind) {
      case 'first':
      case 'renewal':
        return taken;
      case 'busy':
        return undefined;
      case 'exhausted': {
        const whose = taken.own ? ' of this client' : '';
        return refuse(`too many unverified ${credentials}${whose}`, taken.retryAfter, taken.own);
      }
      default:
        return taken satisfies never;
    }
  }

  function waited(result: Permit | Unable | 'full' | 'expired'): Permit | Unable {
    if (result === 'full') return refuse(`too many ${credentials} wait for verification`, 1);
    if (result === 'expired') return refuse(`${credentials} waited ${MAX_WAIT} ms for verification`, 1);
    return result;
  }

  return {
    take(from) {
      const attempt = from.known ? () => takeRenewal(from) : () => takeFirst(sourceOf(from));
      const queue = queues[from.known ? 'renewal' : 'first'];
      const places = { places: limits.queue, wait: MAX_WAIT };
      const { address } = from.client;
      const taken = queue.run(siteOf(address) ?? networkOf(address), attempt, places);
      return taken instanceof Promise ? taken.then(waited) : waited(taken);
    },
    settle(permit, from, { outcome, block: received }) {
      budget.settle(permit, outcome);
      const unanswered = outcome === 'unanswered' && permit.kind === 'renewal';
      const block = unanswered && limits.budget.unansweredCount ? UNANSWERED : received;
      if (block !== undefined) {
        const origin = permit.kind === 'renewal' ? from.key : clientKeyOf(sourceOf(from));
        backoff.blocked(permit.kind, origin, block);
      } else if (outcome === 'confirmed' || outcome === 'refused') {
        backoff.answered();
      }
      serve();
    },
  };
}

function sourceOf({ client: { address, port }, username }: Requester): BudgetSource {
  return { address, port, username };
}
