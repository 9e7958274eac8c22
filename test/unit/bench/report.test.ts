import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { TOLERANCE, compareRatios, readBaseline } from '../../../bench/report/check.ts';
import { spread } from '../../../bench/report/figures.ts';
import type { Figure } from '../../../bench/report/figures.ts';
import { evaluateAims } from '../../../bench/report/ratios.ts';
import type { Aim } from '../../../bench/report/ratios.ts';
import { formatComparisons, formatFigures, formatOutcomes } from '../../../bench/report/table.ts';

function cpu(lane: string, ...samples: readonly number[]): Figure {
  return { lane, metric: 'CPU µs/request', samples };
}

const AIM: Aim = {
  name: 'cached, × HAProxy',
  scenario: 'cached',
  metric: 'CPU µs/request',
  lane: 'gatehouse',
  base: { operator: '÷', lane: 'haproxy' },
  bound: { kind: 'most', value: 0.75 },
};

describe('spread', () => {
  test.each([
    { values: [3, 1, 2], expected: { median: 2, least: 1, most: 3 } },
    { values: [4, 1, 3, 2], expected: { median: 2.5, least: 1, most: 4 } },
    { values: [7], expected: { median: 7, least: 7, most: 7 } },
    { values: [10, 9, 100], expected: { median: 10, least: 9, most: 100 } },
  ])('$values', ({ values, expected }) => {
    expect(spread(values)).toEqual(expected);
  });
});

describe('evaluateAims', () => {
  test('computes ratios per round, so that other load on the machine cancels out', () => {
    const figures = { cached: [cpu('haproxy', 60, 120, 60), cpu('gatehouse', 30, 90, 30)] };
    expect(evaluateAims(figures, [AIM])).toEqual([{ ...AIM, value: 0.5, met: true }]);
  });

  test.each([
    { title: 'a ratio above its upper bound', aim: AIM, value: 0.8, met: false },
    {
      title: 'a difference',
      aim: { ...AIM, base: { operator: '−', lane: 'haproxy' }, bound: { kind: 'most', value: 0 } } as const,
      value: -20,
      met: true,
    },
    {
      title: 'a value below its lower bound',
      aim: {
        name: 'x',
        scenario: 'cached',
        metric: AIM.metric,
        lane: 'haproxy',
        bound: { kind: 'least', value: 101 },
      } as const,
      value: 100,
      met: false,
    },
  ])('$title', ({ aim, value, met }) => {
    const [outcome] = evaluateAims({ cached: [cpu('haproxy', 100), cpu('gatehouse', 80)] }, [aim]);
    expect(outcome).toMatchObject({ value, met });
  });

  test('omits aims whose lanes were not measured', () => {
    expect(evaluateAims({}, [AIM])).toEqual([]);
    expect(evaluateAims({ cached: [cpu('gatehouse', 40)] }, [AIM])).toEqual([]);
  });
});

describe('compareRatios', () => {
  const compare = (value: number, bound: Aim['bound'] = AIM.bound): boolean | undefined =>
    compareRatios([{ ...AIM, bound, value, met: true }], { [AIM.name]: 1 })[0]?.worse;

  test('allows the tolerance', () => {
    expect(compare(1 + TOLERANCE)).toBe(false);
    expect(compare(1.01 + TOLERANCE)).toBe(true);
  });

  test('a figure with a lower bound is worse when it is smaller', () => {
    expect(compare(1.5, { kind: 'least', value: 1 })).toBe(false);
    expect(compare(0.7, { kind: 'least', value: 1 })).toBe(true);
  });

  test('compares only the ratios in the committed result', () => {
    const { base: _, ...absolute } = AIM;
    expect(compareRatios([{ ...absolute, value: 9, met: true }], { [AIM.name]: 1 })).toEqual([]);
    expect(compareRatios([{ ...AIM, value: 9, met: true }], {})).toEqual([]);
  });

  test('reads the outcomes of a result', () => {
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-result-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'result.json');
    expect(() => readBaseline(file)).toThrow(`${file} does not exist; record it with`);
    writeFileSync(file, JSON.stringify({ outcomes: [{ ...AIM, value: 0.6, met: true }], figures: {} }));
    expect(readBaseline(file)).toEqual({ [AIM.name]: 0.6 });
  });
});

describe('tables', () => {
  test('figures have one line per lane, with missing values marked', () => {
    const latency: Figure = { lane: 'direct', metric: 'p50 ms', samples: [0.25] };
    const lines = formatFigures('a title', [cpu('gatehouse', 40, 50), latency]).split('\n');
    expect(lines[0]).toBe('a title');
    expect(lines[1]).toMatch(/^ +CPU µs\/request +p50 ms$/);
    expect(lines[2]).toMatch(/^ {2}gatehouse +45\.0 \(40\.0–50\.0\) +–$/);
    expect(lines[3]).toMatch(/^ {2}direct +– +0\.25$/);
    expect(lines[3]).toHaveLength(lines[2]?.length ?? 0);
  });

  test('aims and comparisons', () => {
    const outcomes = [{ ...AIM, value: 0.8, met: false }];
    expect(formatOutcomes(outcomes)).toMatch(/cached, × HAProxy +0\.80 +≤ 0\.75 +missed$/);
    expect(formatComparisons(compareRatios(outcomes, { [AIM.name]: 0.5 }))).toMatch(/0\.50 +0\.80 +WORSE$/);
  });
});
