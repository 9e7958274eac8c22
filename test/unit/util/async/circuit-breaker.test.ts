import { expect, test } from 'vitest';
import { CircuitBreaker } from '../../../../src/util/async/circuit-breaker.ts';

const refused = (): Error => new Error('refused');

function breaker() {
  let now = 0;
  let calls = 0;
  const circuit = new CircuitBreaker(() => now, 3, 1_000);
  const call = (works: boolean) =>
    circuit
      .run(() => {
        calls += 1;
        return works ? Promise.resolve('ok') : Promise.reject(new Error('broken'));
      }, refused)
      .catch((error: unknown) => (error as Error).message);
  return {
    circuit,
    call,
    calls: () => calls,
    pass(milliseconds: number) {
      now += milliseconds;
    },
  };
}

test('failures in a row open it; then nothing is called for a while', async () => {
  const { call, calls, circuit, pass } = breaker();
  for (let n = 0; n < 3; n++) expect(await call(false)).toBe('broken');
  expect(circuit.isOpen).toBe(true);
  expect(await call(true)).toBe('refused');
  pass(999);
  expect(await call(true)).toBe('refused');
  expect(calls()).toBe(3);
});

test('after the pause one call decides', async () => {
  const { call, calls, circuit, pass } = breaker();
  for (let n = 0; n < 3; n++) await call(false);
  pass(1_000);
  expect(await Promise.all([call(false), call(true)])).toEqual(['broken', 'refused']);
  expect(calls()).toBe(4);
  pass(1_000);
  expect(await call(true)).toBe('ok');
  expect([circuit.isOpen, circuit.isFailing]).toEqual([false, false]);
  expect(await call(true)).toBe('ok');
});

test('a success in between starts the count over', async () => {
  const { call, circuit } = breaker();
  for (const works of [false, false, true, false, false]) await call(works);
  expect(circuit.isOpen).toBe(false);
});
