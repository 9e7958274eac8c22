import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { CAPACITY, LineWriter, type WriteAttempt } from '../../../../src/observability/audit/line-writer.ts';
import { recordingLog } from '../../../support/audit-events.ts';

type Outcome = number | string;

/** Takes what it is given, unless told to do something else first: a number of bytes or an error code. */
function fakeOutput() {
  const state = { text: '', writes: 0, next: [] as Outcome[], stalled: false, resume: () => {} };
  const attempt: WriteAttempt = (_fd, buffer, offset, length, _position, done) => {
    state.writes++;
    const copied = Buffer.from(buffer.subarray(offset, offset + length));
    const finish = (): void => {
      const outcome = state.next.shift() ?? length;
      if (typeof outcome === 'string') {
        return done(Object.assign(new Error('canary-error'), { code: outcome }), 0);
      }
      state.text += copied.subarray(0, outcome).toString('latin1');
      done(null, Math.min(outcome, length));
    };
    if (state.stalled) state.resume = finish;
    else setImmediate(finish);
  };
  return { state, attempt };
}

function setUp() {
  const { state, attempt } = fakeOutput();
  const log = recordingLog();
  const writer = new LineWriter({ fd: -1, name: 'test' }, { log, write: attempt });
  return { state, log, writer };
}

describe('with time frozen', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test('lines gather for a moment, then leave in one write, in order', async () => {
    const { state, writer } = setUp();
    for (let i = 0; i < 100; i++) writer.append(`line ${i}\n`);
    expect(state.writes).toBe(0);
    await vi.advanceTimersByTimeAsync(50);
    expect(state.writes).toBe(1);
    expect(state.text.split('\n')).toHaveLength(101);
    expect(state.text.startsWith('line 0\nline 1\n')).toBe(true);
  });

  test('many bytes leave at once', () => {
    const { state, writer } = setUp();
    writer.append('x'.repeat(70_000));
    expect(state.writes).toBe(1);
  });

  test('partial writes and a full pipe: the rest follows, nothing twice, nothing logged', async () => {
    const { state, log, writer } = setUp();
    state.next = [3, 'EAGAIN', 0, 'EAGAIN', 4];
    writer.append('0123456789\n');
    const flushed = writer.flush();
    await vi.advanceTimersByTimeAsync(500);
    await flushed;
    expect(state.text).toBe('0123456789\n');
    expect(log.lines).toEqual([]);
  });

  test.each(['ENOSPC', 'EIO', 'EPIPE'])('%s: tried again with growing pauses, told once', async (code) => {
    const { state, log, writer } = setUp();
    state.next = [5, ...Array<string>(20).fill(code)];
    writer.append('0123456789\n');
    await vi.advanceTimersByTimeAsync(10_000);
    // 0.1 + 0.2 + … + 3.2 s, then every 5 s.
    expect(state.writes).toBeLessThan(12);
    expect(log.lines).toEqual([
      {
        level: 'error',
        message: 'the log output cannot be written, trying again',
        fields: { output: 'test', code },
      },
    ]);
    state.next = [];
    await vi.advanceTimersByTimeAsync(6_000);
    expect(state.text).toBe('0123456789\n');
    expect(log.lines.slice(1)).toEqual([
      { level: 'info', message: 'the log output is written again', fields: { output: 'test' } },
    ]);
  });

  test('close gives up at its deadline and says how much was not written', async () => {
    const { state, log, writer } = setUp();
    state.stalled = true;
    writer.append('0123456789\n');
    const closed = writer.close(new Promise((resolve) => setTimeout(resolve, 5_000)));
    writer.append('late\n');
    await vi.advanceTimersByTimeAsync(5_000);
    await closed;
    expect(log.lines.at(-1)).toMatchObject({ level: 'error', fields: { lines: 1, bytes: 11 } });
    expect(writer.append('late\n')).toBe(false);
  });
});

test('a stalled output: lines are taken up to 4 MiB in all, then refused whole, told once', async () => {
  const { state, log, writer } = setUp();
  state.stalled = true;
  const line = `${'é'.repeat(500)}\n`;
  let buffered = 0;
  while (writer.append(line)) buffered++;
  for (let i = 0; i < 1000; i++) expect(writer.append(line)).toBe(false);
  expect(buffered * Buffer.byteLength(line)).toBeGreaterThan(CAPACITY - 128 * 1024);
  expect(buffered * Buffer.byteLength(line)).toBeLessThanOrEqual(CAPACITY);
  expect(log.lines).toEqual([
    { level: 'error', message: 'log lines are being lost', fields: { output: 'test' } },
  ]);

  state.stalled = false;
  state.resume();
  await writer.flush();
  expect(Buffer.from(state.text, 'latin1').toString()).toBe(line.repeat(buffered));
  expect(writer.room()).toBeGreaterThan(CAPACITY - 1024 * 1024);
});

test('flush covers what was appended before it, not what comes after', async () => {
  const { state, writer } = setUp();
  writer.append('first\n');
  const flushed = writer.flush();
  state.stalled = true;
  writer.append('second\n');
  await flushed;
  expect(state.text).toBe('first\n');
  state.stalled = false;
  state.resume();
  await writer.flush();
  expect(state.text).toBe('first\nsecond\n');
});

test('flush with nothing to do', async () => {
  const { state, writer } = setUp();
  await writer.flush();
  await writer.close();
  await writer.close();
  expect(state.writes).toBe(0);
});
