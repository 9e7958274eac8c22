import { expect, test } from 'vitest';
import { onDemand } from '../../../../src/util/async/on-demand.ts';

test('all calls share one load, which the first call starts', async () => {
  let loads = 0;
  const get = onDemand(() => Promise.resolve((loads += 1)));
  expect(loads).toBe(0);
  expect(await Promise.all([get(), get()])).toEqual([1, 1]);
  expect(await get()).toBe(1);
});

test('a call after a failure loads again; the calls during it fail alike', async () => {
  let loads = 0;
  const get = onDemand(() => {
    loads += 1;
    return loads === 1 ? Promise.reject(new Error('EMFILE')) : Promise.resolve('loaded');
  });
  const results = await Promise.allSettled([get(), get()]);
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(loads).toBe(1);
  expect(await get()).toBe('loaded');
  expect(loads).toBe(2);
});
