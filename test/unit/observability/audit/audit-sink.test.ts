import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createAccessLog, createAuditSink } from '../../../../src/observability/index.ts';
import { LineWriter } from '../../../../src/observability/audit/line-writer.ts';
import { LogFile } from '../../../../src/observability/audit/log-file.ts';
import { recordingLog, refusedEvent, sampleEvent } from '../../../support/audit-events.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-audit-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const issuerTypes = new Map();

function stalledWriter(): LineWriter {
  const log = recordingLog();
  return new LineWriter({ fd: -1, name: 'stalled' }, { log, write: () => undefined });
}

test('a symbolic link at the path is not followed, except below /dev', () => {
  const [file, target] = [join(folder, 'audit.log'), join(folder, 'target')];
  symlinkSync(target, file);
  expect(() => new LogFile(file, { log: recordingLog() })).toThrow(
    expect.objectContaining({
      code: 'startup_failed',
      message: `audit file: ${file} is a symbolic link; name its target (ELOOP)`,
    }),
  );
  expect(existsSync(target)).toBe(false);
  const descriptor = openSync(target, 'w');
  const device = new LogFile(`/dev/fd/${descriptor}`, { log: recordingLog() });
  closeSync(descriptor);
  return device.close();
});

test('a file: created for owner and group, appended to, complete after close', async () => {
  const file = join(folder, 'audit.log');
  for (const round of [1, 2]) {
    const sink = createAuditSink(
      { enabled: true, file, required: false, issuerTypes },
      { log: recordingLog() },
    );
    for (let i = 0; i < 500; i++) sink.write(sampleEvent({ requestId: `${round}-${i}` }));
    await sink.close();
    expect(sink.lost()).toBe(0);
  }
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  expect(lines).toHaveLength(1000);
  const ids = lines.map(
    (line) => (JSON.parse(line) as { http: { request: { id: string } } }).http.request.id,
  );
  expect([ids[0], ids[499], ids[500], ids[999]]).toEqual(['1-0', '1-499', '2-0', '2-499']);
  expect(statSync(file).mode & 0o137).toBe(0);
});

test('flush: everything is in the file', async () => {
  const file = join(folder, 'audit.log');
  const sink = createAuditSink({ enabled: true, file, required: true, issuerTypes }, { log: recordingLog() });
  sink.write(sampleEvent());
  await sink.flush();
  expect(readFileSync(file, 'utf8').split('\n')).toHaveLength(2);
  await sink.close();
});

test('a file that cannot be opened stops the start, by name and code', () => {
  const file = join(folder, 'missing', 'audit.log');
  expect(() =>
    createAuditSink({ enabled: true, file, required: false, issuerTypes }, { log: recordingLog() }),
  ).toThrow(
    expect.objectContaining({
      code: 'startup_failed',
      message: `audit file: ${file} cannot be opened for writing (ENOENT)`,
    }),
  );
});

test('stalled and not required: always available, the rest is counted as lost', () => {
  const stdout = stalledWriter();
  const sink = createAuditSink(
    { enabled: true, required: false, issuerTypes },
    { log: recordingLog(), stdout },
  );
  for (let i = 0; i < 10_000; i++) sink.write(sampleEvent());
  expect(sink.available()).toBe(true);
  expect(sink.lost()).toBeGreaterThan(1000);
});

test('stalled and required: unavailable while there is still room for what was let in before', () => {
  const stdout = stalledWriter();
  const sink = createAuditSink(
    { enabled: true, required: true, issuerTypes },
    { log: recordingLog(), stdout },
  );
  let written = 0;
  while (sink.available()) {
    sink.write(sampleEvent());
    written++;
  }
  expect(written).toBeGreaterThan(1000);
  expect(sink.lost()).toBe(0);

  for (let i = 0; i < 1000; i++) sink.write(refusedEvent({ reason: 'audit_unavailable', status: 503 }));
  expect(sink.lost()).toBe(1000);
  for (let i = 0; i < 500; i++) sink.write(sampleEvent());
  expect(sink.lost()).toBe(1000);
});

test('switched off: nothing is written and nothing is refused', async () => {
  const file = join(folder, 'audit.log');
  const sink = createAuditSink(
    { enabled: false, file, required: true, issuerTypes },
    { log: recordingLog() },
  );
  sink.write(sampleEvent());
  expect(sink.available()).toBe(true);
  expect(sink.lost()).toBe(0);
  await sink.flush();
  await sink.close();
  expect(() => statSync(file)).toThrow();
});

test('access log and audit trail share a writer; closing the one leaves it to the other', async () => {
  const file = join(folder, 'both.log');
  const log = recordingLog();
  const stdout = new LineWriter(new LogFile(file, { log }), { log });
  const sink = createAuditSink({ enabled: true, required: false, issuerTypes }, { log, stdout });
  const access = createAccessLog({ enabled: true }, { stdout });
  createAccessLog({ enabled: false }, { stdout }).write(sampleEvent());
  sink.write(sampleEvent());
  await sink.close();
  access.write(sampleEvent());
  access.write(refusedEvent());
  await stdout.close();

  const [audit, granted, refused] = readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(audit).toHaveProperty('gatehouse');
  expect(granted).toEqual({
    time: '2026-09-01T12:00:00.250Z',
    'event.dataset': 'gatehouse.access',
    client: '192.0.2.7',
    method: 'GET',
    host: 'gateway.example.com',
    path: '/orders/v1/list',
    status: 200,
    bytes: 120,
    duration_ms: 12.346,
    service: 'orders',
    identity: 'payments-deploy',
    request_id: 'req-1',
  });
  expect(refused).not.toHaveProperty('service');
  expect(refused).not.toHaveProperty('identity');
});
