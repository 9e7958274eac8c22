import { expect, test } from 'vitest';
import { SingleFlight } from '../../../../src/util/async/single-flight.ts';

test('callers with one key share one flight, and the next call starts another', async () => {
  const flights = new SingleFlight<number>(10);
  const { promise, resolve } = Promise.withResolvers<number>();
  let started = 0;
  const work = (): Promise<number> => {
    started += 1;
    return promise;
  };
  const first = [flights.run('a', work), flights.run('a', work)];
  expect(started).toBe(1);
  resolve(7);
  expect(await Promise.all(first)).toEqual([7, 7]);
  await flights.run('a', work);
  expect(started).toBe(2);
});

test('keys do not share', async () => {
  const flights = new SingleFlight<string>(10);
  const results = [flights.run('a', async () => 'A'), flights.run('b', async () => 'B')];
  expect(await Promise.all(results)).toEqual(['A', 'B']);
});

test('a failure reaches all who wait, and is not kept', async () => {
  const flights = new SingleFlight<number>(10);
  const fail = (): Promise<number> => Promise.reject(new Error('no'));
  const both = [flights.run('a', fail), flights.run('a', fail)];
  await Promise.all(both.map((flight) => expect(flight).rejects.toThrow('no')));
  expect(await flights.run('a', async () => 1)).toBe(1);
  expect(flights.size).toBe(0);
});

test('past the limit work is done unshared', async () => {
  const flights = new SingleFlight<number>(1);
  const { promise, resolve } = Promise.withResolvers<number>();
  let started = 0;
  const work = (): Promise<number> => {
    started += 1;
    return promise;
  };
  const all = [
    flights.run('a', work),
    flights.run('b', work),
    flights.run('b', work),
    flights.run('a', work),
  ];
  expect(started).toBe(3);
  expect(flights.size).toBe(1);
  resolve(1);
  await Promise.all(all);
  expect(flights.size).toBe(0);
});
