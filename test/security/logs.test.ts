/** K5 and K6 (and L3 for these rooms): what clients send can neither multiply series nor forge lines. */
import { expect, test } from 'vitest';
import { accessLine } from '../../src/observability/audit/access-log.ts';
import { createEventLine } from '../../src/observability/audit/event-line.ts';
import { REASON_NAMES } from '../../src/core/reasons.ts';
import { createLog, createTelemetry } from '../../src/observability/index.ts';
import {
  CANARY_TOKEN,
  refusedEvent,
  sampleCaller,
  sampleCredential,
  sampleEvent,
} from '../support/audit-events.ts';

const HOSTILE = [
  ['line feed', 'a\n{"@timestamp":"2026-01-01T00:00:00Z","event":{"reason":"granted"}}'],
  ['carriage return', 'a\r{"forged":1}'],
  ['ANSI', '\u001b[2J\u001b[31mgone'],
  ['C1', '\u009b2J\u0085next'],
  ['quote', '","user":{"name":"admin"},"x":"'],
  ['backslash at the end', 'x\\'],
  ['U+2028', 'a\u2028{"forged":1}'],
  ['U+2029', 'a\u2029{"forged":1}'],
  ['bidirectional', '\u202etxt.exe'],
  ['lone surrogate', '\ud83d'],
  ['NUL', 'a\u0000b'],
] as const;

/** As the laxest reader splits: JavaScript's, Python's and Unicode's line ends, form feed and separators too. */
const ANY_LINE_END = /[\n\v\f\r\u001c-\u001e\u0085\u2028\u2029]/;
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

function expectOneLine(line: string): void {
  expect(line.endsWith('\n')).toBe(true);
  expect(line.slice(0, -1)).not.toMatch(ANY_LINE_END);
  expect(line.slice(0, -1)).not.toMatch(CONTROL);
}

test.each(HOSTILE)('K6 audit and access: %s in everything that a client chooses', (_, text) => {
  const credential = sampleCredential({
    subject: text,
    jti: text,
    issuerUrl: text,
    claims: { project_path: text, job_id: text, pipeline_id: text },
  });
  const event = sampleEvent({
    requestId: text,
    clientAddress: text,
    userAgent: text,
    traceparent: text,
    method: text,
    host: text,
    path: text,
    detail: text,
    verified: credential,
    caller: sampleCaller({ credential }),
    operations: [{ scope: 'read_api', resource: text, extent: 'one' }],
  });
  const line = createEventLine(new Map([['gitlab', 'gitlab']]), undefined)(event);
  expectOneLine(line);
  expect(JSON.parse(line)).toMatchObject({
    event: { reason: 'granted' },
    user: { name: 'payments-deploy', id: text },
    url: { path: text },
  });
  const access = accessLine(event);
  expectOneLine(access);
  expect(JSON.parse(access)).toMatchObject({ path: text, identity: 'payments-deploy' });
});

test.each(HOSTILE)('K6 application log: %s', (_, text) => {
  const lines: string[] = [];
  const log = createLog({ level: 'info', clock: { now: () => 0 }, write: (line) => void lines.push(line) });
  log.error(text, { [text]: text });
  expect(lines).toHaveLength(1);
  expectOneLine(lines[0] ?? '');
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ message: text, [text]: text });
});

test('K6: one line stays bounded whatever a client sends', () => {
  const long = '\u001b'.repeat(100_000);
  const credential = sampleCredential({ subject: long, jti: long, claims: { project_path: long } });
  const operations = Array.from({ length: 5_000 }, () => ({
    scope: 'read_repository',
    resource: long.slice(0, 1000),
    extent: 'one' as const,
  }));
  const line = createEventLine(
    new Map([['gitlab', 'gitlab']]),
    undefined,
  )(
    sampleEvent({
      requestId: long,
      clientAddress: long,
      userAgent: long,
      method: long,
      host: long,
      path: long,
      detail: long,
      verified: credential,
      caller: sampleCaller({ credential }),
      operations,
    }),
  );
  expect(line.length).toBeLessThan(200_000);
});

test('K5: 10,000 random paths, methods, hosts, subjects and services make no new series', async () => {
  const telemetry = createTelemetry({
    services: [{ name: 'orders', type: 'http' }],
    issuers: ['gitlab'],
    version: '1',
    configHash: 'x',
  });
  const series = async (): Promise<number> =>
    (await telemetry.metrics()).split('\n').filter((line) => line.startsWith('gatehouse_')).length;

  const request = (i: number, chosen: string): void => {
    const credential = sampleCredential({ subject: chosen, issuer: chosen });
    const reason = REASON_NAMES[i % REASON_NAMES.length] ?? 'internal_error';
    const event = (i % 2 === 0 ? sampleEvent : refusedEvent)({
      method: chosen,
      path: `/${chosen}`,
      host: chosen,
      clientAddress: chosen,
      userAgent: chosen,
      verified: credential,
      service: i % 3 === 0 ? 'orders' : chosen,
      reason,
      status: 100 * (i % 7),
    });
    telemetry.requests.requestStarted(event.service);
    telemetry.requests.requestEnded(event);
    telemetry.verification.verified('id_token', chosen, 'denied', i / 1000);
    telemetry.verification.keySetFetched(chosen, 'failure');
  };

  for (let i = 0; i < 2_000; i++) request(i, `first-${i}`);
  const before = await series();
  for (let i = 0; i < 10_000; i++) request(i, `second-${Math.random()}`);
  expect(await series()).toBe(before);
  expect(await telemetry.metrics()).not.toMatch(/first-|second-/);
});

test('L3: no token in any line or metric', async () => {
  const telemetry = createTelemetry({ services: [], issuers: [], version: '1', configHash: 'x' });
  const eventLine = createEventLine(new Map(), undefined);
  for (const event of [
    sampleEvent(),
    sampleEvent({ verified: undefined, caller: undefined, decision: undefined }),
  ]) {
    telemetry.requests.requestEnded(event);
    const hash = event.verified?.tokenHash ?? '0'.repeat(64);
    expect(eventLine(event) + accessLine(event)).not.toContain(CANARY_TOKEN);
    expect(eventLine(event)).not.toContain(hash);
  }
  expect(await telemetry.metrics()).not.toContain(CANARY_TOKEN);
});
