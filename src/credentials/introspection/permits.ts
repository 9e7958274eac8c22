import type { CredentialClass, PresentedCredential } from '../../core/credentials/credential.ts';
import { unable, type Refusal, type Unable } from '../../core/decision.ts';
import type { ClientFacts } from '../../core/request/incoming.ts';
import type { Clock } from '../../core/ports.ts';
import { TokenBucket } from '../../util/limits/token-bucket.ts';
import type { Introspected } from './gitlab-introspection.ts';
import { IntrospectionBudget } from './budget.ts';
import type { BudgetLimits, Outcome, Permit } from './budget.ts';

/** Limits of introspection requests to one GitLab for one credential class. */
export interface IntrospectionLimits {
  /** For credentials that GitLab has never confirmed. */
  readonly budget: BudgetLimits;
  /** For previously confirmed credentials. Unknown credentials cannot exhaust this rate. */
  readonly renewals: { readonly perSecond: number; readonly burst: number };
  /** Milliseconds for which a refusal is cached. */
  readonly refusalLifetime: number;
}

/** Decides which introspection requests are sent to GitLab. */
export interface Permits {
  /** Requests a permit. `known`: GitLab has confirmed the credential before. */
  take(presented: PresentedCredential, known: boolean, client: ClientFacts): Permit | Unable;
  /** Reports the result of the introspection; exactly once for each permit. */
  settle(permit: Permit, introspected: Introspected<{ readonly kind: 'confirmed' }>): void;
}

export function createPermits(
  limits: IntrospectionLimits,
  subject: { readonly class: CredentialClass; readonly credentials: string; readonly issuer: string },
  clock: Clock,
): Permits {
  const budget = new IntrospectionBudget(limits.budget, clock);
  const renewals = new TokenBucket(limits.renewals, () => clock.now());

  function refuse(overBudget: boolean, retryAfter: number): Unable {
    const source = overBudget ? ' of this client' : '';
    const detail = `too many unverified ${subject.credentials}${source} for issuer ${subject.issuer}`;
    return { ...unable('issuer_unavailable', detail, retryAfter), overBudget };
  }

  return {
    take(presented, known, { address, port }) {
      if (known && !renewals.take()) return refuse(false, 1);
      // All job tokens have the same user name.
      const username = subject.class === 'deploy_token' ? presented.username : undefined;
      const taken = known ? budget.takeRenewal(address) : budget.take({ address, port, username });
      return taken.kind === 'exhausted' ? refuse(taken.own, taken.retryAfter) : taken;
    },
    settle: (permit, { result, sent }) => budget.settle(permit, outcomeOf(result, sent)),
  };
}

function outcomeOf(
  { kind }: { readonly kind: 'confirmed' } | Refusal,
  sent: Introspected<unknown>['sent'],
): Outcome {
  switch (kind) {
    case 'confirmed':
      return 'confirmed';
    case 'deny':
      return 'refused';
    case 'unable':
      // A response that is not about the credential is not a failed authentication.
      return sent === 'unanswered' ? 'unanswered' : 'uncounted';
    default:
      return kind satisfies never;
  }
}
