import { expect, test } from 'vitest';
import type { AuditEvent } from '../../../../src/core/records/audit-event.ts';
import { deny, unable } from '../../../../src/core/decision.ts';
import { createDecisionRecorder } from '../../../../src/observability/decisions/decision-recorder.ts';
import { CANARY_TOKEN, refusedEvent, sampleCredential, sampleEvent } from '../../../support/audit-events.ts';

function recorder() {
  const clock = { now: Date.UTC(2026, 8, 1, 12) };
  const ports = { now: () => clock.now, config: () => 'hash', candidate: () => 'candidate-hash' };
  const log = createDecisionRecorder(ports);
  let count = 0;
  /** Records events 10 ms apart, so that the sample contains each of them. */
  const write = (times: number, changes: (index: number) => Partial<AuditEvent> = () => ({})): void => {
    for (let index = 0; index < times; index++) {
      clock.now += 10;
      log.write(sampleEvent({ requestId: `r${++count}`, startedAt: clock.now, ...changes(index) }));
    }
  };
  return { log, clock, write };
}

const denial = (index: number): Partial<AuditEvent> => ({
  requestId: `denied-${index}`,
  reason: 'scope_not_granted',
  decision: deny('scope_not_granted', 'the scope is not granted'),
  status: 403,
});

test('a record has the facts of its audit event, and no token', () => {
  const { log, write } = recorder();
  write(1);
  const record = log.find('r1');
  expect(record).toMatchObject({
    requestId: 'r1',
    verdict: 'allowed',
    method: 'GET',
    path: '/orders/v1/list',
    service: 'orders',
    presented: { class: 'id_token', credentialSource: 'bearer' },
    caller: { identity: 'payments-deploy' },
    config: 'hash',
    upstreamDuration: 10.5,
  });
  expect(JSON.stringify(record)).not.toContain(CANARY_TOKEN);
});

test('a flood: the number of records is bounded, and refusals remain', () => {
  const { log, write } = recorder();
  write(3, denial);
  write(20_000);
  expect(log.size()).toMatchObject({ records: 2_003, requests: 20_003 });
  expect(log.find('denied-0')).toBeDefined();
  expect(log.find('r10')).toBeUndefined();
});

test('long texts and large claims: the bytes are bounded', () => {
  const { log, write } = recorder();
  const claims = { text: 'x'.repeat(16_000) };
  write(2_000, (index) => ({
    path: `/${'p'.repeat(10_000)}${index}`,
    verified: sampleCredential({ claims }),
  }));
  const { records, bytes, maxBytes } = log.size();
  expect(records).toBeLessThan(200);
  expect(bytes).toBeLessThanOrEqual(maxBytes / 2);
  expect(log.list({}, 1)[0]?.path).toHaveLength(2_049);
});

test('a denial: its operation, a slice of the URL, and its message are not kept', () => {
  const { log, write } = recorder();
  const url = `/${'p'.repeat(10_000)}?private_token=${CANARY_TOKEN}`;
  const operation = { scope: 'read_api', resource: url.slice(0, 10_001), extent: 'one' } as const;
  const refused = {
    ...deny('scope_not_granted', 'd'.repeat(10_000)),
    operation,
    message: 'm'.repeat(10_000),
  };
  write(1, () => ({ ...denial(1), decision: refused }));
  write(1, () => ({
    decision: { kind: 'allow', basis: 'shadow', caller: undefined, relaxed: refused },
    reason: 'shadow',
  }));
  for (const record of log.list({}, 2)) expect(JSON.stringify(record).length).toBeLessThan(5_000);
  expect(log.list({ reason: 'scope_not_granted' }, 2)).toHaveLength(2);
});

test('the claims of a shared credential count once', () => {
  const { log, write } = recorder();
  const verified = sampleCredential({ claims: { text: 'x'.repeat(16_000) } });
  write(2_000, () => ({ verified }));
  expect(log.size().records).toBe(2_000);
  write(2_000);
  expect(log.size().bytes).toBeLessThan(3 * 1024 * 1024);
});

test('at a high rate, a sample is recorded and every request is counted', () => {
  const { log, clock } = recorder();
  for (let index = 0; index < 10_000; index++) {
    clock.now += 0.1;
    log.write(sampleEvent({ requestId: `f${index}` }));
  }
  const { records, requests, sampledOut } = log.size();
  expect(records).toBeGreaterThan(500);
  expect(records).toBeLessThan(700);
  expect(requests).toBe(10_000);
  expect(sampledOut).toBe(requests - records);
});

test('lists are filtered, and newest first across allowed and refused requests', () => {
  const { log, write } = recorder();
  write(2);
  write(1, denial);
  write(1, () => ({
    service: 'registry',
    operations: [{ scope: 's', resource: 'acme/api', extent: 'one' }],
  }));
  const ids = (filter: Parameters<typeof log.list>[0], limit = 10) =>
    log.list(filter, limit).map(({ requestId }) => requestId);
  expect(ids({})).toEqual(['r4', 'denied-0', 'r2', 'r1']);
  expect(ids({}, 2)).toEqual(['r4', 'denied-0']);
  expect(ids({ service: 'registry' })).toEqual(['r4']);
  expect(ids({ reason: 'scope_not_granted' })).toEqual(['denied-0']);
  expect(ids({ identity: 'other' })).toEqual([]);
  expect(ids({ verdict: 'allowed', identity: 'payments-deploy' })).toEqual(['r4', 'r2', 'r1']);
  expect(ids({ resource: 'acme/' })).toEqual(['r4']);
});

test('subscribers receive records until they unsubscribe', () => {
  const { log, write } = recorder();
  const received: string[] = [];
  const unsubscribe = log.subscribe(({ requestId }) => received.push(requestId));
  write(1);
  unsubscribe();
  write(1);
  expect(received).toEqual(['r1']);
});

test('verdicts', () => {
  const { log, clock } = recorder();
  const verdict = (event: AuditEvent): string | undefined => {
    clock.now += 10;
    log.write(event);
    return log.list({}, 1)[0]?.verdict;
  };
  expect([
    verdict(sampleEvent()),
    verdict(sampleEvent({ reason: 'upstream_timeout', status: 504 })),
    verdict(refusedEvent()),
    verdict(refusedEvent({ reason: 'overloaded', decision: unable('overloaded', ''), status: 503 })),
    verdict(refusedEvent({ reason: 'client_left', status: 0 })),
  ]).toEqual(['allowed', 'failed', 'denied', 'unable', 'left']);
});

test('differences of the candidate are grouped, with the latest examples', () => {
  const { log, write } = recorder();
  write(5, () => ({ candidate: { outcome: 'deny', reason: 'resource_not_granted' } }));
  const { groups, unlisted } = log.candidateGroups();
  expect(unlisted).toBe(0);
  expect(groups).toMatchObject([
    { service: 'orders', from: 'allowed', to: 'deny', toReason: 'resource_not_granted', count: 5 },
  ]);
  expect(groups[0]?.examples.map(({ requestId }) => requestId)).toEqual(['r5', 'r4', 'r3']);
});

test('the number of groups is bounded; further differences are counted', () => {
  const { log, write } = recorder();
  write(300, (index) => ({ service: `s${index}`, candidate: { outcome: 'deny', reason: 'x' } }));
  const { groups, unlisted } = log.candidateGroups();
  expect({ groups: groups.length, unlisted }).toEqual({ groups: 200, unlisted: 100 });
});
