import { describe, expect, test } from 'vitest';
import { parseCpuList } from '../../../bench/machine/cores.ts';
import { cpuMicroseconds, parseStat, ticksOfTree } from '../../../bench/machine/cpu-time.ts';
import { parseLoad } from '../../../bench/machine/load.ts';
import { parseOptions } from '../../../bench/options.ts';
import { SCENARIO_NAMES } from '../../../bench/scenarios/index.ts';

describe('parseStat', () => {
  const rest = 'S 17 42 42 0 -1 4194560 100 200 0 0 130 25 7 8 20 0 1 0 900 1000 10';

  test.each(['haproxy', 'node (v26)', 'a b) c', ') ('])('a process named "%s"', (name) => {
    expect(parseStat(`42 (${name}) ${rest}`)).toEqual({ pid: 42, parent: 17, ticks: 155 });
  });
});

test('ticksOfTree sums a process and its descendants, in any order', () => {
  const processes = [
    { pid: 5, parent: 30, ticks: 1000 },
    { pid: 10, parent: 1, ticks: 1 },
    { pid: 20, parent: 10, ticks: 10 },
    { pid: 30, parent: 10, ticks: 100 },
    { pid: 40, parent: 1, ticks: 5000 },
  ];
  expect(ticksOfTree(10, processes)).toBe(1111);
  expect(ticksOfTree(99, processes)).toBe(0);
});

test('cpuMicroseconds reads the CPU time of a running process', () => {
  const before = cpuMicroseconds(process.pid);
  expect(before).toBeGreaterThan(0);
  expect(cpuMicroseconds(process.pid)).toBeGreaterThanOrEqual(before);
});

describe('parseCpuList', () => {
  test.each([
    { list: '0-1', cores: [0, 1] },
    { list: '3', cores: [3] },
    { list: '0-2,5,8-9', cores: [0, 1, 2, 5, 8, 9] },
  ])('$list', ({ list, cores }) => {
    expect(parseCpuList(list)).toEqual(cores);
  });
});

describe('parseLoad', () => {
  test('finds the result in the output of wrk', () => {
    const output =
      'Running 1s test\nRESULT {"requests":10,"seconds":1.0,"p50":1.5,"p99":2.0,"refused":4,"errors":3}\nRequests/sec: 10\n';
    expect(parseLoad(output)).toEqual({ requests: 10, seconds: 1, p50: 1.5, p99: 2, refused: 4, errors: 3 });
  });

  test('throws if there is no result', () => {
    expect(() => parseLoad('unable to connect')).toThrow('wrk printed no result: unable to connect');
  });
});

describe('parseOptions', () => {
  test('has defaults', () => {
    expect(parseOptions([])).toEqual({
      kind: 'options',
      options: {
        contestants: ['nginx', 'haproxy', 'envoy', 'envoy-cache', 'undici', 'gatehouse'],
        scenarios: SCENARIO_NAMES,
        rounds: 5,
        seconds: 4,
        warmupSeconds: 3,
        connections: 32,
        sizes: { tokens: 20_000, mib: 1024, packages: 300, idle: 5000 },
        json: false,
        check: undefined,
      },
    });
  });

  test('keeps the order of contestants and scenarios, independent of the arguments', () => {
    const args = ['--only', 'haproxy,nginx', '--scenario', 'new-tokens,cached', '--json'];
    expect(parseOptions(args)).toMatchObject({
      options: { contestants: ['nginx', 'haproxy'], scenarios: ['cached', 'new-tokens'], json: true },
    });
  });

  test.each([
    { args: ['--check'], check: 'bench/result.json' },
    { args: ['--against', '/tmp/other.json'], check: '/tmp/other.json' },
  ])('$args compares with $check', ({ args, check }) => {
    expect(parseOptions(args)).toMatchObject({ options: { check } });
  });

  test.each([
    { args: ['--only', 'traefik'], message: '--only: traefik is not one of' },
    { args: ['--only', ''], message: '--only:' },
    { args: ['--scenario', 'all'], message: '--scenario: all is not one of' },
    { args: ['--rounds', '0'], message: '--rounds: 0 is not a whole number' },
    { args: ['--seconds', '1.5'], message: '--seconds: 1.5 is not a whole number' },
    { args: ['--connections', '1e9'], message: '--connections: 1e9' },
    { args: ['--fast'], message: '--fast' },
  ])('$args is refused', ({ args, message }) => {
    expect(parseOptions(args)).toEqual({ kind: 'error', message: expect.stringContaining(message) });
  });

  test('--help', () => {
    expect(parseOptions(['--help'])).toEqual({ kind: 'help' });
  });
});
