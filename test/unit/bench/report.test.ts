import { describe, expect, test } from 'vitest';
import { formatTable, spread, summarise } from '../../../bench/report.ts';
import type { Sample } from '../../../bench/measure.ts';

function sample(cpuPerRequest: number): Sample {
  return { cpuPerRequest, requestsPerSecond: 1e6 / cpuPerRequest, p50: 1, p99: 2.5, requests: 1000 };
}

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

describe('summarise', () => {
  test('computes ratios per round, so that other load on the machine cancels out', () => {
    const samples = {
      nginx: [sample(20), sample(40)],
      haproxy: [sample(60), sample(120)],
      gatehouse: [sample(40), sample(80)],
    };
    const [nginx, haproxy, gatehouse] = summarise(['nginx', 'haproxy', 'gatehouse'], samples);
    expect(nginx).toMatchObject({ timesNginx: 1, requests: 2000 });
    expect(haproxy).toMatchObject({ timesNginx: 3, timesHaproxy: 1 });
    expect(gatehouse?.timesNginx).toBe(2);
    expect(gatehouse?.timesHaproxy).toBeCloseTo(2 / 3);
  });

  test('omits the ratio to a contestant that did not run', () => {
    const [row] = summarise(['gatehouse'], { nginx: [], haproxy: [], gatehouse: [sample(40)] });
    expect(row).toMatchObject({ timesNginx: undefined, timesHaproxy: undefined });
  });
});

test('the table is aligned and marks missing values', () => {
  const rows = summarise(['gatehouse'], { nginx: [], haproxy: [], gatehouse: [sample(40), sample(50)] });
  const [head, line] = formatTable(rows, { nginx: '', haproxy: '', gatehouse: 'Gatehouse' }).split('\n');
  expect(head).toMatch(/CPU µs\/request +range +× nginx +× HAProxy +requests\/s +p99 ms$/);
  expect(line).toMatch(/^Gatehouse +45\.0 +40\.0–50\.0 +– +– +22500 +2\.50$/);
  expect(line).toHaveLength(head?.length ?? 0);
});
