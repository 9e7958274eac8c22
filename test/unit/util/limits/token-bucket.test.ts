import { expect, test } from 'vitest';
import { TokenBucket } from '../../../../src/util/limits/token-bucket.ts';

function rig(limits: { perSecond: number; burst: number }) {
  let now = 1_000_000;
  const bucket = new TokenBucket(limits, () => now);
  const takeAll = (): number => {
    let buffered = 0;
    while (bucket.take()) buffered += 1;
    return buffered;
  };
  return { takeAll, wait: (milliseconds: number) => void (now += milliseconds) };
}

test('the burst at once, and then the rate', () => {
  const { takeAll, wait } = rig({ perSecond: 20, burst: 50 });
  expect(takeAll()).toBe(50);
  wait(1_000);
  expect(takeAll()).toBe(20);
  wait(49);
  expect(takeAll()).toBe(0);
  wait(1);
  expect(takeAll()).toBe(1);
});

test('never more than the burst, after any idle time', () => {
  const { takeAll, wait } = rig({ perSecond: 20, burst: 50 });
  wait(3_600_000);
  expect(takeAll()).toBe(50);
});

test('a clock that is set back gives nothing and takes nothing', () => {
  const { takeAll, wait } = rig({ perSecond: 10, burst: 5 });
  expect(takeAll()).toBe(5);
  wait(-3_600_000);
  expect(takeAll()).toBe(0);
  wait(100);
  expect(takeAll()).toBe(1);
});
