import { expect, test } from 'vitest';
import { REASONS, type DenyReason, type Reason } from '../../../../src/core/reasons.ts';
import { describeDecision } from '../../../../src/observability/audit/verdict.ts';
import { refusedEvent, sampleEvent } from '../../../support/audit-events.ts';

const reasons = Object.keys(REASONS) as readonly DenyReason[];
const UNDECIDED: ReadonlySet<Reason> = new Set<Reason>([
  'issuer_unavailable',
  'signing_key_pending',
  'store_unavailable',
  'audit_unavailable',
  'overloaded',
  'internal_error',
]);

test.each(reasons.filter((reason) => !UNDECIDED.has(reason) && !reason.startsWith('upstream_')))(
  'a refusal for %s is a denial',
  (reason) => {
    const event = refusedEvent({ reason, decision: { kind: 'deny', reason, detail: '' } });
    expect(describeDecision(event)).toMatchObject({ type: 'denied', outcome: 'failure' });
  },
);

test.each([...UNDECIDED])('%s is an error with an unknown outcome, not a denial', (reason) => {
  expect(describeDecision(refusedEvent({ reason }))).toMatchObject({ type: 'error', outcome: 'unknown' });
});

test.each(['upstream_unreachable', 'upstream_invalid', 'upstream_unauthorized', 'upstream_timeout'] as const)(
  '%s is a failure of an allowed request',
  (reason) => {
    expect(describeDecision(sampleEvent({ reason }))).toMatchObject({ type: 'allowed', outcome: 'failure' });
  },
);
