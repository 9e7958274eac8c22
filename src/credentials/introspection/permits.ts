import type { CredentialClass, PresentedCredential } from '../../core/credentials/credential.ts';
import { unable, type Refusal, type Unable } from '../../core/decision.ts';
import type { ClientFacts } from '../../core/request/incoming.ts';
import type { Clock } from '../../core/ports.ts';
import { TokenBucket } from '../../util/token-bucket.ts';
import type { Introspected } from './gitlab-introspection.ts';
import { IntrospectionBudget } from './budget.ts';
import type { BudgetLimits, Outcome, Permit } from './budget.ts';

/** Questions to one GitLab about one class of credential. */
export interface IntrospectionLimits {
  /** About credentials that it never confirmed. */
  readonly budget: BudgetLimits;
  /** About credentials that it confirmed before: unknown ones cannot use this up. */
  readonly renewals: { readonly perSecond: number; readonly burst: number };
  /** Milliseconds that a refusal is remembered. */
  readonly refusalLifetime: number;
}

/** Decides which questions are sent to GitLab. */
export interface Permits {
  /** `known`: GitLab confirmed the credential before. */
  take(presented: PresentedCredential, known: boolean, client: ClientFacts): Permit | Unable;
  /** With what came of the question; exactly once for each permit. */
  settle(permit: Permit, asked: Introspected<{ readonly kind: 'proof' }>): void;
}

export function createPermits(
  limits: IntrospectionLimits,
  subject: { readonly class: CredentialClass; readonly what: string; readonly issuer: string },
  clock: Clock,
): Permits {
  const budget = new IntrospectionBudget(limits.budget, clock);
  const renewals = new TokenBucket(limits.renewals, () => clock.now());

  function refuse(overBudget: boolean, retryAfter: number): Unable {
    const whose = overBudget ? ' of this client' : '';
    const detail = `too many ${subject.what}${whose} to ask issuer ${subject.issuer} about`;
    return { ...unable('issuer_unavailable', detail, retryAfter), overBudget };
  }

  return {
    take(presented, known, { address, port }) {
      if (known && !renewals.take()) return refuse(false, 1);
      // Every job token has the same user name.
      const username = subject.class === 'deploy_token' ? presented.username : undefined;
      const taken = known ? budget.takeRenewal(address) : budget.take({ address, port, username });
      return taken.kind === 'exhausted' ? refuse(taken.own, taken.retryAfter) : taken;
    },
    settle: (permit, { result, sent }) => budget.settle(permit, outcomeOf(result, sent)),
  };
}

function outcomeOf(
  { kind }: { readonly kind: 'proof' } | Refusal,
  sent: Introspected<unknown>['sent'],
): Outcome {
  switch (kind) {
    case 'proof':
      return 'confirmed';
    case 'deny':
      return 'refused';
    case 'unable':
      // An answer that is not about the credential is no failed authentication.
      return sent === 'unanswered' ? 'unanswered' : 'uncounted';
    default:
      return kind satisfies never;
  }
}
