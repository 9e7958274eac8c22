import { expect, test } from 'vitest';
import type { LogFields } from '../../../../src/core/ports.ts';
import { Secret } from '../../../../src/core/secret.ts';
import { createLog, type LogSettings } from '../../../../src/observability/index.ts';

const clock = { now: () => Date.UTC(2026, 8, 1) };

function setUp(level: LogSettings['level'] = 'info') {
  const lines: string[] = [];
  return { lines, log: createLog({ level, clock, write: (line) => void lines.push(line) }) };
}

test('one JSON line per call, head first', () => {
  const { lines, log } = setUp();
  log.warn('issuer out of reach', { issuer: 'gitlab', attempt: 2, again: true, detail: undefined });
  expect(lines).toEqual([
    '{"@timestamp":"2026-09-01T00:00:00.000Z","log.level":"warn","message":"issuer out of reach",' +
      '"issuer":"gitlab","attempt":2,"again":true}\n',
  ]);
});

test.each([
  ['info', ['info', 'warn', 'error']],
  ['warn', ['warn', 'error']],
  ['error', ['error']],
  ['off', []],
] as const)('level %s', (level, expected) => {
  const { lines, log } = setUp(level);
  log.info('a');
  log.warn('b');
  log.error('c');
  expect(lines.map((line) => (JSON.parse(line) as Record<string, unknown>)['log.level'])).toEqual(expected);
});

test('fields cannot replace the head, nor reach a prototype', () => {
  const { lines, log } = setUp();
  const fields = JSON.parse('{"message":"forged","log.level":"info","__proto__":"x"}') as LogFields;
  log.error('real', fields);
  expect(lines[0]).toBe(
    '{"@timestamp":"2026-09-01T00:00:00.000Z","log.level":"error","message":"real","__proto__":"x"}\n',
  );
});

test('objects are omitted at run time: errors carry payloads', () => {
  const { lines, log } = setUp();
  const error = Object.assign(new Error('canary'), { payload: { sub: 'canary' } });
  const fields = { code: 'x', error, secret: new Secret('canary'), list: ['canary'], bad: Number.NaN };
  log.error('failed', fields as unknown as LogFields);
  expect(lines[0]).not.toContain('canary');
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ code: 'x' });
});

test('long texts are cut', () => {
  const { lines, log } = setUp();
  log.info('m'.repeat(10_000), { text: 't'.repeat(10_000) });
  expect(lines[0]?.length).toBeLessThan(4_300);
});
