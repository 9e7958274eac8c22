import { describe, expect, test } from 'vitest';
import { IntrospectionBudget } from '../../../../src/credentials/introspection/budget.ts';
import type {
  BudgetLimits,
  BudgetSource,
  Outcome,
  Permit,
} from '../../../../src/credentials/introspection/budget.ts';
import { FrozenClock } from '../../../support/authentication.ts';

const LIMITS: BudgetLimits = {
  window: 60_000,
  unproven: 16,
  proven: 20,
  renewals: 24,
  perAddress: 2,
  withinAddress: 2,
  unansweredCount: true,
};

function budget(clock = new FrozenClock(), changes: Partial<BudgetLimits> = {}) {
  return new IntrospectionBudget({ ...LIMITS, ...changes }, clock);
}

const from = (address: string, username?: string, port?: number): BudgetSource => ({
  address,
  username,
  port,
});

/** Number of permits for this many concurrent requests. */
function permitted(it: IntrospectionBudget, source: (n: number) => BudgetSource, tries = 50): Permit[] {
  return Array.from({ length: tries }, (_, n) => it.take(source(n))).filter(
    (buffered) => buffered.kind !== 'exhausted',
  );
}

function settle(it: IntrospectionBudget, permits: readonly Permit[], outcome: Outcome): void {
  for (const permit of permits) it.settle(permit, outcome);
}

describe('shares', () => {
  test('one address leaves most of the units to others, and each takes an equal part of the rest', () => {
    const it = budget();
    const shares = ['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4'].map(
      (address) => permitted(it, () => from(address)).length,
    );
    expect(shares).toEqual([6, 4, 2, 2]);
  });

  test('all addresses together use all units, and not more', () => {
    const it = budget();
    expect(permitted(it, (n) => from(`192.0.2.${n}`))).toHaveLength(16);
    expect(it.take(from('198.51.100.1'))).toEqual({ kind: 'exhausted', own: false, retryAfter: 1 });
  });

  test('an address with a confirmed credential can use the reserve for a day', () => {
    const clock = new FrozenClock();
    const it = budget(clock);
    settle(
      it,
      permitted(it, () => from('192.0.2.1'), 1),
      'confirmed',
    );
    permitted(it, (n) => from(`198.51.100.${n}`));
    expect(it.take(from('192.0.2.2')).kind).toBe('exhausted');
    expect(it.take(from('192.0.2.1')).kind).toBe('first');
    clock.advance(86_400_000);
    expect(it.take(from('192.0.2.1')).kind).toBe('exhausted');
  });

  test.each([
    ['user name', (n: number) => from('192.0.2.1', n === 0 ? 'other' : 'one')],
    ['connection', (n: number) => from('192.0.2.1', undefined, n === 0 ? 2 : 1)],
  ])('one %s leaves units to others of its address', (_, source) => {
    const it = budget();
    expect(permitted(it, () => source(1))).toHaveLength(3);
    expect(it.take(source(0)).kind).toBe('first');
  });

  test('an IPv6 network counts as one address; a site holds at most half', () => {
    const it = budget();
    expect(permitted(it, (n) => from(`2001:db8:1:2::${n.toString(16)}`))).toHaveLength(6);
    expect(permitted(it, (n) => from(`2001:db8:1:${n + 10}::1`))).toHaveLength(2);
    expect(it.take(from('2001:db8:2::1')).kind).toBe('first');
  });
});

describe('units', () => {
  test.each<[Outcome, number]>([
    ['confirmed', 6],
    ['uncounted', 6],
    // The address holds no unit, but the total is unchanged.
    ['unanswered', 4],
    ['refused', 0],
  ])('%s: %d more at once', (outcome, more) => {
    const it = budget(new FrozenClock(), { proven: LIMITS.unproven });
    settle(
      it,
      permitted(it, () => from('192.0.2.1')),
      outcome,
    );
    expect(permitted(it, () => from('192.0.2.1'))).toHaveLength(more);
  });

  test('of refused requests are released after the window, one by one', () => {
    const clock = new FrozenClock();
    const it = budget(clock);
    for (let n = 0; n < 6; n++) {
      settle(
        it,
        permitted(it, () => from('192.0.2.1'), 1),
        'refused',
      );
      clock.advance(1_000);
    }
    expect(it.take(from('192.0.2.1'))).toEqual({ kind: 'exhausted', own: true, retryAfter: 54 });
    settle(
      it,
      permitted(it, () => from('192.0.2.2'), 1),
      'confirmed',
    );
    clock.advance(53_999);
    expect(it.take(from('192.0.2.1')).kind).toBe('exhausted');
    clock.advance(1);
    expect(permitted(it, () => from('192.0.2.1'))).toHaveLength(1);
  });

  test('in flight only: retryAfter is 1 s, and the address is not at fault', () => {
    const it = budget();
    permitted(it, () => from('192.0.2.1'));
    expect(it.take(from('192.0.2.1'))).toEqual({ kind: 'exhausted', own: false, retryAfter: 1 });
  });

  test('a clock that is set back keeps units for one window, not forever', () => {
    const clock = new FrozenClock();
    const it = budget(clock);
    settle(
      it,
      permitted(it, () => from('192.0.2.1')),
      'refused',
    );
    clock.advance(-3_600_000);
    expect(it.take(from('192.0.2.1')).kind).toBe('exhausted');
    clock.advance(60_000);
    expect(it.take(from('192.0.2.1')).kind).toBe('first');
  });
});

describe('renewals', () => {
  test('are unlimited while none is refused', () => {
    const it = budget();
    permitted(it, (n) => from(`192.0.2.${n}`));
    const renewals = Array.from({ length: 100 }, () => it.takeRenewal('192.0.2.1'));
    expect(renewals.filter(({ kind }) => kind === 'exhausted')).toEqual([]);
  });

  test('refused ones count towards the limit', () => {
    const clock = new FrozenClock();
    const it = budget(clock);
    settle(
      it,
      permitted(it, (n) => from(`192.0.2.${n}`)),
      'refused',
    );
    let refused = 0;
    for (let n = 0; n < 50; n++) {
      const buffered = it.takeRenewal('192.0.2.1');
      if (buffered.kind === 'exhausted') continue;
      it.settle(buffered, 'refused');
      refused += 1;
    }
    expect(refused).toBe(LIMITS.renewals === undefined ? 0 : LIMITS.renewals - LIMITS.unproven);
    expect(it.take(from('198.51.100.1')).kind).toBe('exhausted');
    clock.advance(60_000);
    expect(it.takeRenewal('192.0.2.1').kind).toBe('renewal');
  });

  test('are unlimited if no limit is set', () => {
    const it = budget(new FrozenClock(), { renewals: undefined });
    for (let n = 0; n < 50; n++) {
      const buffered = it.takeRenewal('192.0.2.1');
      if (buffered.kind === 'exhausted') throw new Error('limited');
      it.settle(buffered, 'refused');
    }
    expect(permitted(it, () => from('192.0.2.1'))).toHaveLength(6);
  });
});
