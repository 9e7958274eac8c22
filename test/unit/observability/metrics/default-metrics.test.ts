import { collectDefaultMetrics, Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { exposeDefaultMetrics } from '../../../../src/observability/metrics/default-metrics.ts';

const described = (text: string): readonly string[] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('# '))
    .toSorted();

test('the default metrics are those of prom-client', async () => {
  const [ours, usual] = [new Registry(), new Registry()];
  exposeDefaultMetrics(ours);
  collectDefaultMetrics({ register: usual });
  expect(described(await ours.metrics())).toEqual(described(await usual.metrics()));
});

test('the CPU time is the time since the metrics exist', async () => {
  const registry = new Registry();
  exposeDefaultMetrics(registry);
  const before = process.cpuUsage();
  while (process.cpuUsage(before).user < 50_000) Math.sqrt(2);
  const text = await registry.metrics();
  const value = (name: string): number =>
    Number(new RegExp(`^process_cpu_${name}seconds_total (.*)$`, 'm').exec(text)?.[1]);
  expect(value('user_')).toBeGreaterThanOrEqual(0.05);
  expect(value('user_')).toBeLessThan(process.cpuUsage().user / 1e6);
  expect(value('')).toBeCloseTo(value('user_') + value('system_'), 1);
});
