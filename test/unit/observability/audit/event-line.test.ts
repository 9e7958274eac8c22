import { expect, test } from 'vitest';
import type { AuditEvent } from '../../../../src/core/records/audit-event.ts';
import { deny, unable } from '../../../../src/core/decision.ts';
import type { IssuerType } from '../../../../src/core/issuers/issuer-presets.ts';
import { createEventLine } from '../../../../src/observability/audit/event-line.ts';
import {
  CANARY_TOKEN,
  refusedEvent,
  sampleCaller,
  sampleCredential,
  sampleEvent,
} from '../../../support/audit-events.ts';

const ISSUERS = new Map<string, IssuerType>([
  ['gitlab', 'gitlab'],
  ['cluster', 'kubernetes'],
]);

function read(event: AuditEvent): Record<string, Record<string, unknown>> {
  const line = createEventLine(ISSUERS, undefined)(event);
  expect(line.endsWith('}\n')).toBe(true);
  expect(line).not.toContain(CANARY_TOKEN);
  return JSON.parse(line) as Record<string, Record<string, unknown>>;
}

test('an allowed request, whole', () => {
  expect(read(sampleEvent())).toEqual({
    '@timestamp': '2026-09-01T12:00:00.250Z',
    ecs: { version: '9.0.0' },
    event: {
      kind: 'event',
      dataset: 'gatehouse.audit',
      category: ['api', 'web'],
      type: ['access', 'allowed'],
      outcome: 'success',
      action: 'orders:read',
      reason: 'granted',
      duration: 12_345_678,
    },
    http: { request: { method: 'GET', id: 'req-1' }, response: { status_code: 200 } },
    url: { domain: 'gateway.example.com', path: '/orders/v1/list' },
    client: { address: '192.0.2.7' },
    user_agent: { original: 'curl/8.9' },
    user: {
      name: 'payments-deploy',
      id: 'project_path:acme/payments:ref_type:branch:ref:main',
      roles: ['publisher'],
    },
    cicd: { pipeline: { run: { id: '77' }, task: { run: { id: '301' } } } },
    trace: { id: '4bf92f3577b34da6a3ce929d0e0e4736' },
    gatehouse: {
      bytes_in: 0,
      bytes_out: 120,
      service: 'orders',
      type: 'http',
      scopes: ['orders:read'],
      resources: ['/v1/list'],
      credential: 'id_token',
      issuer: 'gitlab',
      issuer_url: 'https://gitlab.example.com',
      jti: 'jti-1',
      token_sha256: '0123456789abcdef',
      project: 'acme/payments',
      job: '301',
      credential_source: 'bearer',
      decision: 'allow',
      basis: 'grant',
      upstream_status: 200,
      upstream_duration_ms: 10.5,
    },
  });
});

test('a request that broke before anything was known has no empty keys', () => {
  expect(
    read(refusedEvent({ method: '', host: '', path: '', status: 400, reason: 'request_malformed' })),
  ).toEqual({
    '@timestamp': '2026-09-01T12:00:00.250Z',
    ecs: { version: '9.0.0' },
    event: {
      kind: 'event',
      dataset: 'gatehouse.audit',
      category: ['api', 'web'],
      type: ['access', 'denied'],
      outcome: 'failure',
      action: 'request',
      reason: 'request_malformed',
      duration: 12_345_678,
    },
    http: { request: { method: '', id: 'req-1' }, response: { status_code: 400 } },
    url: { domain: '', path: '' },
    client: { address: '192.0.2.7' },
    gatehouse: { bytes_in: 0, bytes_out: 120 },
  });
});

test('a credential that did not verify is named by class and credential source only', () => {
  const { gatehouse, user } = read(
    refusedEvent({
      presented: {
        class: 'job_token',
        credentialSource: 'job-token',
        token: CANARY_TOKEN,
        username: 'canary',
      },
      decision: deny('credential_invalid', 'no such job'),
      reason: 'credential_invalid',
      detail: 'no such job',
    }),
  );
  expect(user).toBeUndefined();
  expect(gatehouse).toMatchObject({
    credential: 'job_token',
    credential_source: 'job-token',
    decision: 'deny',
    detail: 'no such job',
  });
});

test('a verified credential that no identity matches shows its subject, not a name', () => {
  const { user, gatehouse } = read(
    sampleEvent({
      caller: undefined,
      decision: deny('no_matching_identity', 'none'),
      reason: 'no_matching_identity',
    }),
  );
  expect(user).toEqual({ id: 'project_path:acme/payments:ref_type:branch:ref:main' });
  expect(gatehouse).toMatchObject({ jti: 'jti-1', project: 'acme/payments' });
});

test('the caller of a denial is named, also where only the decision knows it', () => {
  const decision = deny('scope_not_granted', 'needs orders:write', sampleCaller());
  const { user } = read(
    sampleEvent({ caller: undefined, decision, reason: 'scope_not_granted', status: 403 }),
  );
  expect(user).toMatchObject({ name: 'payments-deploy' });
});

test('shadow says what the policy would have said', () => {
  const relaxed = deny('resource_not_granted', 'no grant for /v1/list');
  const { gatehouse } = read(
    sampleEvent({
      decision: { kind: 'allow', basis: 'shadow', caller: undefined, relaxed },
      reason: 'shadow',
    }),
  );
  expect(gatehouse).toMatchObject({
    decision: 'allow',
    basis: 'shadow',
    relaxed: { reason: 'resource_not_granted', detail: 'no grant for /v1/list' },
  });
});

test('several operations: distinct scopes and resources, exact pairs, bounded', () => {
  const many = Array.from({ length: 30 }, (_, i) => ({
    scope: 'read_repository',
    resource: `acme/${i % 2}`,
    extent: 'one' as const,
  }));
  const { event, gatehouse } = read(
    sampleEvent({ operations: [{ scope: 'write_repository', resource: '', extent: 'every' }, ...many] }),
  );
  expect(event?.['action']).toBe('write_repository+read_repository');
  expect(gatehouse).toMatchObject({
    scopes: ['write_repository', 'read_repository'],
    resources: ['acme/0', 'acme/1'],
    operations_total: 31,
  });
  const listed = gatehouse?.['operations'] as unknown[];
  expect(listed).toHaveLength(20);
  expect(listed.slice(0, 2)).toEqual([
    { scope: 'write_repository', extent: 'every' },
    { scope: 'read_repository', resource: 'acme/0' },
  ]);
});

test('the claims that name project and job depend on the type of the issuer', () => {
  const credential = sampleCredential({ issuer: 'cluster', jti: undefined });
  const line = read(sampleEvent({ verified: credential, caller: sampleCaller({ credential, roles: [] }) }));
  expect(line['cicd']).toBeUndefined();
  expect(line['user']).not.toHaveProperty('roles');
  expect(line['gatehouse']).not.toHaveProperty('project');
  expect(line['gatehouse']).not.toHaveProperty('jti');
});

test('one caller, many credential sources and paths: only the repeated part is kept', () => {
  const line = createEventLine(ISSUERS, undefined);
  const event = sampleEvent();
  const first = line(event);
  expect(line({ ...event, requestId: 'req-2', path: '/orders/v2' })).toBe(
    first.replace('req-1', 'req-2').replace('"/orders/v1/list"', '"/orders/v2"'),
  );
  const presented = {
    class: 'id_token',
    credentialSource: 'basic',
    token: CANARY_TOKEN,
    username: 'x',
  } as const;
  expect(line({ ...event, presented })).toBe(first.replace('"bearer"', '"basic"'));
});

test('long texts of clients are cut', () => {
  const { url, user_agent } = read(sampleEvent({ path: `/${'a'.repeat(5000)}`, userAgent: 'u'.repeat(300) }));
  expect(url?.['path']).toHaveLength(2049);
  expect(user_agent?.['original']).toBe(`${'u'.repeat(256)}…`);
});

test.each([
  ['malformed', 'ff', undefined],
  ['version ff', 'ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', undefined],
  ['zeros', `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`, undefined],
  [
    'a later version',
    '01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more',
    '4bf92f3577b34da6a3ce929d0e0e4736',
  ],
])('traceparent: %s', (_, traceparent, id) => {
  expect(read(sampleEvent({ traceparent }))['trace']?.['id']).toBe(id);
});

test.each([
  ['granted', { status: 404 }, 'allowed', 'success'],
  ['granted, the client left', { status: 0, aborted: true }, 'allowed', 'unknown'],
  ['the client left after the decision', { reason: 'client_left', status: 0 }, 'allowed', 'unknown'],
  [
    'the client left before it',
    { reason: 'client_left', decision: undefined, status: 0 },
    'error',
    'unknown',
  ],
  ['upstream fault', { reason: 'upstream_timeout', status: 504 }, 'allowed', 'failure'],
  ['body cut after the decision', { reason: 'body_too_large', status: 413 }, 'allowed', 'failure'],
  ['no decision', { reason: 'headers_too_large', decision: undefined, status: 431 }, 'denied', 'failure'],
  [
    'unable',
    { reason: 'issuer_unavailable', decision: unable('issuer_unavailable', 'down'), status: 503 },
    'error',
    'unknown',
  ],
] as const)('verdict: %s', (_, changes, type, outcome) => {
  expect(read(sampleEvent(changes))['event']).toMatchObject({ type: ['access', type], outcome });
});
