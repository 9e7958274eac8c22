import { expect, test } from 'vitest';
import { LimitExchange } from '../../../../src/state/identity-limits/exchange.ts';
import { KeyTable } from '../../../../src/state/identity-limits/key-table.ts';
import { LimitedKey, NO_PEERS } from '../../../../src/state/identity-limits/limited-key.ts';

/** The reports of all replicas, as a store keeps them. */
function sharedReports() {
  const reports = new Map<string, string>();
  const state = { fails: false, gone: [] as string[] };
  return {
    reports,
    state,
    async exchangeReports(_list: string, id: string, report: string, gone: readonly string[]) {
      if (state.fails) throw new Error('unreachable');
      state.gone.push(...gone);
      for (const each of gone) reports.delete(each);
      reports.set(id, report);
      return new Map(reports);
    },
  };
}

function replica(store: ReturnType<typeof sharedReports>, time: { now: number }) {
  const exchange = new LimitExchange(store, () => time.now);
  const keys = new KeyTable(100, (name) => exchange.peersOf(name));
  return {
    exchange,
    keys,
    run: () => exchange.run(keys, () => time.now),
    arrive(count: number, limits = { requestsPerSecond: 10 }) {
      let admitted = 0;
      for (let request = 0; request < count; request++) {
        const key = keys.get('identity job', time.now);
        if (key.exhausted(limits, time.now) !== undefined) continue;
        key.take(limits, false);
        admitted += 1;
      }
      return admitted;
    },
  };
}

test('two saturated replicas admit the limit together, after the first exchange', async () => {
  const time = { now: 1_000 };
  const store = sharedReports();
  const replicas = [replica(store, time), replica(store, time)];
  const perSecond: number[] = [];
  for (let second = 0; second < 8; second++) {
    let admitted = 0;
    for (let part = 0; part < 10; part++) {
      time.now += 100;
      for (const each of replicas) admitted += each.arrive(5);
    }
    for (const each of replicas) await each.run();
    perSecond.push(admitted);
  }
  // Overshoot: a burst and a second at each replica.
  expect(perSecond[0]).toBeLessThanOrEqual(40);
  for (const admitted of perSecond.slice(2)) expect(admitted).toBeLessThanOrEqual(11);
  for (const admitted of perSecond.slice(2)) expect(admitted).toBeGreaterThanOrEqual(9);
});

test('a busy replica gets the rate that idle replicas leave', async () => {
  const time = { now: 1_000 };
  const store = sharedReports();
  const [busy, quiet] = [replica(store, time), replica(store, time)];
  let admitted = 0;
  for (let second = 0; second < 10; second++) {
    for (let part = 0; part < 10; part++) {
      time.now += 100;
      const now = busy.arrive(5);
      if (second >= 5) admitted += now;
    }
    quiet.arrive(1);
    await busy.run();
    await quiet.run();
  }
  expect(admitted).toBeGreaterThanOrEqual(40);
  expect(admitted).toBeLessThanOrEqual(51);
});

test('requests in flight at other replicas take places', async () => {
  const time = { now: 1_000 };
  const store = sharedReports();
  const [one, two] = [replica(store, time), replica(store, time)];
  for (let held = 0; held < 2; held++) one.keys.get('identity job', time.now).take({ concurrent: 4 }, true);
  await one.run();
  await two.run();
  const key = two.keys.get('identity job', time.now);
  expect(key.exhausted({ concurrent: 3 }, time.now)).toBeUndefined();
  key.take({ concurrent: 4 }, true);
  expect(key.exhausted({ concurrent: 3 }, time.now)).toMatchObject({ limit: 'concurrent' });
});

test('a replica without a new report for 5 s does not count, and its report is deleted after a minute', async () => {
  const time = { now: 1_000 };
  const store = sharedReports();
  const [one, two] = [replica(store, time), replica(store, time)];
  one.keys.get('identity job', time.now).take({ concurrent: 4 }, true);
  await one.run();
  await two.run();
  expect(two.exchange.replicas).toBe(2);
  expect(two.exchange.peersOf('identity job')).toMatchObject({ inFlight: 1 });
  for (let second = 0; second < 6; second++) {
    time.now += 1_000;
    await two.run();
  }
  expect(two.exchange.replicas).toBe(1);
  expect(two.exchange.peersOf('identity job')).toBe(NO_PEERS);
  for (let second = 0; second < 60; second++) {
    time.now += 1_000;
    await two.run();
  }
  expect(store.state.gone).toHaveLength(1);
  expect(store.reports.size).toBe(1);
});

test('without the store: the last parts for 5 s, then equal parts; with it, the parts of the reports', async () => {
  const time = { now: 1_000 };
  const store = sharedReports();
  const [one, two] = [replica(store, time), replica(store, time)];
  one.keys.get('identity job', time.now).take({ concurrent: 4 }, true);
  await one.run();
  await two.run();
  await one.run();
  store.state.fails = true;
  time.now += 4_000;
  await two.run();
  expect(two.exchange.peersOf('identity job')).toMatchObject({ kind: 'reported', inFlight: 1 });
  time.now += 2_000;
  await two.run();
  expect(two.exchange.peersOf('identity job')).toEqual({ kind: 'unreported', replicas: 2 });
  const key = two.keys.get('identity job', time.now);
  for (let held = 0; held < 2; held++) {
    expect(key.exhausted({ concurrent: 4 }, time.now)).toBeUndefined();
    key.take({ concurrent: 4 }, true);
  }
  expect(key.exhausted({ concurrent: 4 }, time.now)).toMatchObject({ limit: 'concurrent' });
  expect(two.exchange.failures).toBe(2);
  store.state.fails = false;
  await two.run();
  expect(two.exchange.peersOf('identity job')).toMatchObject({ kind: 'reported' });
});

test('a replica that never reached the store applies the whole limits', async () => {
  const time = { now: 1_000 };
  const store = sharedReports();
  store.state.fails = true;
  const one = replica(store, time);
  time.now += 60_000;
  await one.run();
  expect(one.exchange.peersOf('identity job')).toEqual({ kind: 'unreported', replicas: 1 });
  expect(one.arrive(20)).toBe(10);
});

test.each([
  '',
  'x',
  '[]',
  '{}',
  '{"keys":7}',
  '{"keys":{"identity job":[1]}}',
  '{"keys":{"identity job":[-1,2]}}',
])('a report that cannot be read (%s) counts as a replica without use', async (text) => {
  const time = { now: 1_000 };
  const store = sharedReports();
  store.reports.set('other', text);
  const one = replica(store, time);
  await one.run();
  expect(one.exchange.replicas).toBe(2);
  expect(one.exchange.peersOf('identity job')).toBe(NO_PEERS);
});

test('a table of keys is bounded: further names share one key, and idle keys make room', () => {
  const keys = new KeyTable(3, () => NO_PEERS);
  const limits = { requestsPerSecond: 1 };
  let now = 10_000;
  for (const name of ['a', 'b', 'c']) {
    expect(keys.get(name, now).exhausted(limits, now)).toBeUndefined();
    keys.get(name, now).take(limits, false);
  }
  expect(keys.get('d', now).exhausted(limits, now)).toBeUndefined();
  keys.get('d', now).take(limits, false);
  expect(keys.get('e', now).exhausted(limits, now)).toMatchObject({ limit: 'requestsPerSecond' });
  expect(keys.size).toBe(4);
  now += 1_000;
  keys.get('a', now).take({ concurrent: 4 }, true);
  expect(keys.get('e', now).exhausted(limits, now)).toBeUndefined();
  expect([...keys.entries()].map(([name]) => name)).toEqual(['a', 'e']);
});

test('requests without a limit of their rate take nothing from the bucket', () => {
  const key = new LimitedKey(NO_PEERS);
  const rate = { requestsPerSecond: 2 };
  expect(key.exhausted(rate, 0)).toBeUndefined();
  key.take(rate, false);
  for (let request = 0; request < 100; request++) {
    expect(key.exhausted({ concurrent: 1 }, 0)).toBeUndefined();
    key.take({ concurrent: 1 }, false);
  }
  expect(key.exhausted(rate, 0)).toBeUndefined();
});
