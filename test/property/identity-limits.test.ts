/** Limits of identities: a bucket never admits more than its burst and its rate, whatever arrives. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { allotmentOf } from '../../src/state/identity-limits/allotment.ts';
import { LimitedKey, NO_PEERS } from '../../src/state/identity-limits/limited-key.ts';

const rates = fc.double({ min: 0.01, max: 1_000, noNaN: true });

/** Milliseconds between arrivals; a negative one is a clock that is set back. */
const pauses = fc.array(fc.oneof(fc.integer({ min: 0, max: 3_000 }), fc.integer({ min: -50, max: 5 })), {
  maxLength: 300,
});

/** Rounding errors of sums. */
const ROUNDING = 1e-6;

test('never more than burst + rate · time', () => {
  fc.assert(
    fc.property(rates, pauses, (requestsPerSecond, gaps) => {
      const key = new LimitedKey(NO_PEERS);
      let now = 0;
      // Time that has passed, without the time by which the clock was set back.
      let passed = 0;
      let admitted = 0;
      for (const gap of gaps) {
        now += gap;
        passed += Math.max(0, gap);
        if (key.exhausted({ requestsPerSecond }, now) !== undefined) continue;
        key.take({ requestsPerSecond }, false);
        admitted += 1;
        expect(admitted).toBeLessThanOrEqual(
          Math.max(1, requestsPerSecond) + (requestsPerSecond * passed) / 1_000 + ROUNDING,
        );
      }
    }),
  );
});

test('changes of the limit and of the reports never add to the largest limit', () => {
  const change = fc.record({
    gap: fc.integer({ min: 0, max: 2_000 }),
    limit: rates,
    demands: fc.array(rates, { maxLength: 3 }),
    cut: fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }),
  });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 200 }), (changes) => {
      const key = new LimitedKey(NO_PEERS);
      const most = Math.max(0, ...changes.map(({ limit }) => limit));
      let now = 0;
      let admitted = 0;
      for (const { gap, limit, demands, cut } of changes) {
        now += gap;
        key.setPeers(
          cut === undefined
            ? { kind: 'reported', demands, inFlight: 0 }
            : { kind: 'unreported', replicas: cut },
          now,
        );
        if (key.exhausted({ requestsPerSecond: limit }, now) !== undefined) continue;
        key.take({ requestsPerSecond: limit }, false);
        admitted += 1;
        expect(admitted).toBeLessThanOrEqual(Math.max(1, most) + (most * now) / 1_000 + ROUNDING);
      }
    }),
  );
});

test('the used parts of all replicas are the rate, or all of the demand', () => {
  fc.assert(
    fc.property(rates, fc.array(rates, { minLength: 1, maxLength: 8 }), (rate, demands) => {
      const used = demands.map((demand, at) => Math.min(demand, allotmentOf(rate, demands.toSpliced(at, 1))));
      const sum = used.reduce((total, each) => total + each, 0);
      const demand = demands.reduce((total, each) => total + each, 0);
      expect(sum).toBeCloseTo(Math.min(rate, demand), 6);
    }),
  );
});

test('requests in flight are never more than the limit', () => {
  const steps = fc.array(fc.boolean(), { maxLength: 200 });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 10 }),
      fc.integer({ min: 0, max: 12 }),
      steps,
      (concurrent, others, starts) => {
        const key = new LimitedKey({ kind: 'reported', demands: [], inFlight: others });
        let inFlight = 0;
        for (const start of starts) {
          if (!start && inFlight > 0) {
            key.release();
            inFlight -= 1;
          }
          if (!start || key.exhausted({ concurrent }, 0) !== undefined) continue;
          key.take({ concurrent }, true);
          inFlight += 1;
          expect(inFlight + others).toBeLessThanOrEqual(concurrent);
        }
      },
    ),
  );
});
