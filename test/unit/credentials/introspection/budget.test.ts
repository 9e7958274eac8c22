import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { IntrospectionBudget } from '../../../../src/credentials/introspection/budget.ts';
import type {
  BudgetLimits,
  BudgetSource,
  Outcome,
} from '../../../../src/credentials/introspection/budget.ts';
import { IntrospectionUnits, type Permit } from '../../../../src/credentials/introspection/units.ts';
import { FrozenClock } from '../../../support/authentication.ts';

const LIMITS: BudgetLimits = {
  window: 60_000,
  unproven: 16,
  proven: 20,
  renewals: 24,
  perAddress: 2,
  withinAddress: 2,
  unansweredCount: true,
  concurrent: 100,
};

function budget(clock = new FrozenClock(), changes: Partial<BudgetLimits> = {}) {
  return new IntrospectionBudget({ ...LIMITS, ...changes }, new IntrospectionUnits(clock));
}

const from = (address: string, username?: string, port?: number): BudgetSource => ({
  address,
  username,
  port,
});

/** Number of permits for this many concurrent requests. */
function permitted(it: IntrospectionBudget, source: (n: number) => BudgetSource, tries = 50): Permit[] {
  return Array.from({ length: tries }, (_, n) => it.take(source(n))).filter((taken) => 'keys' in taken);
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
    expect(it.take(from('198.51.100.1'))).toEqual({ kind: 'busy' });
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
    expect(it.take(from('192.0.2.2')).kind).toBe('busy');
    expect(it.take(from('192.0.2.1')).kind).toBe('first');
    clock.advance(86_400_000);
    expect(it.take(from('192.0.2.1')).kind).toBe('busy');
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
    ['unanswered', 0],
    ['blocked', 0],
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

  test('units in flight can return, those of refused requests cannot', () => {
    const it = budget();
    const permits = permitted(it, () => from('192.0.2.1'));
    expect(it.take(from('192.0.2.1'))).toEqual({ kind: 'busy' });
    settle(it, permits.slice(1), 'refused');
    expect(it.take(from('192.0.2.1'))).toEqual({ kind: 'busy' });
    settle(it, permits.slice(0, 1), 'refused');
    expect(it.take(from('192.0.2.1'))).toEqual({ kind: 'exhausted', own: true, retryAfter: 60 });
  });

  test('at most `concurrent` requests are in flight, and one address or IPv6 site leaves some to others', () => {
    const it = budget(new FrozenClock(), { concurrent: 8, perAddress: 1 });
    const permits = permitted(it, () => from('192.0.2.1'));
    expect(permits).toHaveLength(4);
    expect(permitted(it, (n) => from(`2001:db8:1:${n}::1`))).toHaveLength(2);
    expect(permitted(it, (n) => from(`198.51.100.${n}`))).toHaveLength(2);
    expect(it.take(from('203.0.113.1'))).toEqual({ kind: 'busy' });
    settle(it, permits.slice(0, 1), 'refused');
    expect(it.take(from('203.0.113.1')).kind).toBe('first');
  });

  test('two issuers of one GitLab share the units; each keeps its own limits', () => {
    const units = new IntrospectionUnits(new FrozenClock());
    const wide = new IntrospectionBudget(LIMITS, units);
    const narrow = new IntrospectionBudget({ ...LIMITS, unproven: 8, proven: 8, window: 1_000 }, units);
    settle(
      wide,
      permitted(wide, (n) => from(`192.0.2.${n}`), 8),
      'refused',
    );
    expect(permitted(narrow, (n) => from(`198.51.100.${n}`))).toHaveLength(0);
    expect(permitted(wide, (n) => from(`198.51.100.${n}`))).toHaveLength(8);
  });

  test('units with different windows return in the order of their end', () => {
    const clock = new FrozenClock();
    const units = new IntrospectionUnits(clock);
    const slow = new IntrospectionBudget({ ...LIMITS, window: 10_000 }, units);
    const fast = new IntrospectionBudget({ ...LIMITS, window: 1_000 }, units);
    settle(
      slow,
      permitted(slow, (n) => from(`192.0.2.${n}`), 8),
      'refused',
    );
    settle(
      fast,
      permitted(fast, (n) => from(`198.51.100.${n}`), 8),
      'refused',
    );
    clock.advance(1_000);
    expect(permitted(fast, (n) => from(`203.0.113.${n}`))).toHaveLength(8);
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
  function renewals(it: IntrospectionBudget, address: (n: number) => string, tries = 100): Permit[] {
    return Array.from({ length: tries }, (_, n) => it.takeRenewal(address(n))).filter(
      (taken) => 'keys' in taken,
    );
  }

  test('any of those in flight can be refused, so all of them are within the limit', () => {
    const it = budget();
    const one = renewals(it, () => '192.0.2.1');
    expect(one).toHaveLength(12);
    const others = renewals(it, (n) => `198.51.100.${n}`);
    expect(one.length + others.length).toBe(LIMITS.renewals);
    expect(it.takeRenewal('203.0.113.1')).toEqual({ kind: 'busy' });
    expect(it.take(from('203.0.113.1'))).toEqual({ kind: 'busy' });
    settle(it, one, 'confirmed');
    expect(it.takeRenewal('203.0.113.1').kind).toBe('renewal');
  });

  test('first uses leave units to renewals', () => {
    const it = budget();
    settle(
      it,
      permitted(it, (n) => from(`192.0.2.${n}`)),
      'refused',
    );
    expect(renewals(it, (n) => `198.51.100.${n}`)).toHaveLength(8);
  });

  test('refused ones count towards the limit, and the attempts after them are not guesses', () => {
    const clock = new FrozenClock();
    const it = budget(clock);
    settle(
      it,
      permitted(it, (n) => from(`192.0.2.${n}`)),
      'refused',
    );
    settle(
      it,
      renewals(it, (n) => `198.51.100.${n}`),
      'refused',
    );
    expect(it.takeRenewal('203.0.113.1')).toEqual({ kind: 'exhausted', own: false, retryAfter: 60 });
    expect(it.take(from('198.51.100.1')).kind).toBe('exhausted');
    clock.advance(60_000);
    expect(it.takeRenewal('203.0.113.1').kind).toBe('renewal');
  });

  test.each<Outcome>(['confirmed', 'blocked', 'uncounted'])('%s: returns its unit', (outcome) => {
    const it = budget();
    settle(
      it,
      renewals(it, () => '192.0.2.1'),
      outcome,
    );
    expect(renewals(it, () => '192.0.2.1')).toHaveLength(12);
  });

  test('are unlimited if no limit is set', () => {
    const it = budget(new FrozenClock(), { renewals: undefined });
    settle(
      it,
      renewals(it, () => '192.0.2.1', 50),
      'refused',
    );
    expect(renewals(it, () => '192.0.2.1', 50)).toHaveLength(50);
    expect(permitted(it, () => from('192.0.2.1'))).toHaveLength(6);
  });
});

test('failures in one window never exceed the limit, whatever clients, GitLab and reloads do', () => {
  const step = fc.record({
    address: fc.integer({ min: 1, max: 40 }),
    renewal: fc.boolean(),
    budget: fc.integer({ min: 0, max: 1 }),
    outcome: fc.constantFrom<Outcome>('confirmed', 'refused', 'blocked', 'unanswered', 'uncounted'),
    /** Numbers of requests that start, and that end after that. */
    burst: fc.integer({ min: 1, max: 30 }),
    ends: fc.integer({ min: 0, max: 30 }),
    pause: fc.integer({ min: 0, max: 20_000 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const clock = new FrozenClock();
      const units = new IntrospectionUnits(clock);
      const budgets = [1, 2].map(() => new IntrospectionBudget(LIMITS, units));
      const failures: number[] = [];
      const pending: Permit[] = [];
      for (const { address, renewal, budget: index, outcome, burst, ends, pause } of steps) {
        const it = budgets[index] ?? budget();
        const permits = Array.from({ length: burst }, (_, n) =>
          renewal ? it.takeRenewal(`192.0.2.${address + n}`) : it.take(from(`192.0.2.${address + n}`)),
        ).filter((taken) => 'keys' in taken);
        pending.push(...permits);
        for (const permit of pending.splice(0, ends)) {
          it.settle(permit, outcome);
          if (outcome === 'refused' || outcome === 'unanswered') failures.push(clock.now());
        }
        const since = clock.now() - LIMITS.window;
        expect(failures.filter((at) => at > since).length).toBeLessThanOrEqual(LIMITS.renewals ?? 0);
        clock.advance(pause);
      }
    }),
  );
});
