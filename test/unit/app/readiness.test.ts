import { expect, test } from 'vitest';
import { createReadiness, type ReadinessSources } from '../../../src/app/readiness.ts';

const HEALTHY_STORE = {
  errors: 0,
  reachable: true,
  degraded: false,
  dataLosses: 0,
  lastSuccess: undefined,
  lastError: undefined,
};
const ISSUER = {
  name: 'gitlab',
  url: 'https://gitlab.example.com',
  ready: true,
  keys: 1,
  fetchedAt: 0,
  lastError: undefined,
};
const CURRENT = { age: 100, maxAge: 60_000, usable: true };

function readinessOf(changes: Partial<ReadinessSources> = {}) {
  return createReadiness({
    issuers: () => [],
    revocations: () => CURRENT,
    store: () => HEALTHY_STORE,
    signingKey: () => ({ ready: true }),
    auditAvailable: () => true,
    listening: () => true,
    ...changes,
  });
}

test('a healthy replica', () => {
  expect(readinessOf({ issuers: () => [ISSUER] }).ready()).toEqual({
    ready: true,
    checks: [
      { name: 'issuer gitlab', ok: true },
      { name: 'revocations', ok: true },
    ],
  });
});

test.each<readonly [string, Partial<ReadinessSources>, ready: boolean, name: string, detail: string]>([
  [
    'a list that was never read',
    { revocations: () => ({ age: undefined, maxAge: 60_000, usable: false }) },
    false,
    'revocations',
    'no successful read from the store yet: every credential is refused with 503',
  ],
  [
    'a list that is too old',
    { revocations: () => ({ age: 75_000, maxAge: 60_000, usable: false }) },
    false,
    'revocations',
    'read 75 s ago, at most 60 s are accepted: every credential is refused with 503',
  ],
  [
    'a store that refuses changes',
    { store: () => ({ ...HEALTHY_STORE, degraded: true, detail: 'Redis refuses writes (OOM)' }) },
    true,
    'store',
    'Redis refuses writes (OOM): changes are refused with 503',
  ],
  [
    'no signing key',
    { signingKey: () => ({ ready: false, detail: 'Redis: ECONNREFUSED' }) },
    true,
    'signing key',
    'Redis: ECONNREFUSED: no token is issued, and issued tokens are refused with 503',
  ],
  [
    'a full audit buffer with audit.required',
    { auditAvailable: () => false },
    false,
    'audit',
    'the buffer of the audit trail is full: requests are refused with 503 (audit.required)',
  ],
  [
    'a listener that is not open yet',
    { listening: () => false },
    false,
    'listeners',
    'not all of them are open yet: new connections are refused',
  ],
])('%s', (_state, changes, ready, name, detail) => {
  const found = readinessOf(changes).ready();
  expect(found.ready).toBe(ready);
  expect(found.checks.filter(({ ok }) => !ok)).toEqual([{ name, ok: false, detail }]);
});

test('an issuer without keys is required until the replica was ready once', () => {
  let lastError: string | undefined = 'ECONNREFUSED';
  const readiness = readinessOf({
    issuers: () => [{ ...ISSUER, ready: lastError === undefined, lastError }],
  });
  const failed = {
    name: 'issuer gitlab',
    ok: false,
    detail: 'ECONNREFUSED: its tokens are refused with 503',
  };
  expect(readiness.ready()).toMatchObject({ ready: false, checks: [failed, {}] });
  lastError = undefined;
  expect(readiness.ready().ready).toBe(true);
  lastError = 'ECONNREFUSED';
  expect(readiness.ready()).toMatchObject({ ready: true, checks: [failed, {}] });
});

test('an earlier loss of data is reported and affects no request', () => {
  const detail = 'Redis lost data at 2026-11-27T12:00:00.000Z';
  expect(readinessOf({ store: () => ({ ...HEALTHY_STORE, detail }) }).ready()).toEqual({
    ready: true,
    checks: [
      { name: 'revocations', ok: true },
      { name: 'store', ok: true, detail },
    ],
  });
});

test('a replica that shuts down is not ready', () => {
  const readiness = readinessOf();
  readiness.drain();
  expect(readiness.ready()).toMatchObject({
    ready: false,
    checks: [
      { name: 'revocations', ok: true },
      { name: 'process', ok: false, detail: 'shutting down' },
    ],
  });
});
