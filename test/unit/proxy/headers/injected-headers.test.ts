import { expect, test } from 'vitest';
import { GatehouseError } from '../../../../src/core/errors.ts';
import type { Forwarding } from '../../../../src/core/request/forwarding.ts';
import { createHeaderInjection } from '../../../../src/proxy/headers/injected-headers.ts';
import {
  credentialFault,
  failCredential,
  type CredentialFault,
} from '../../../../src/proxy/upstream-credentials/request-credential.ts';
import { sampleCaller } from '../../../support/audit-events.ts';

const allow = { kind: 'allow', basis: 'grant', caller: sampleCaller(), relaxed: undefined } as const;

/** Records the refusals and faults of a request. */
function recorder(): { readonly forwarding: Forwarding; readonly told: unknown[] } {
  const told: unknown[] = [];
  const forwarding = {
    allow,
    refused: (refusal: unknown) => told.push(refusal),
    failed: (...fault: unknown[]) => told.push(fault),
  } as unknown as Forwarding;
  return { forwarding, told };
}

test('a request whose assertion cannot be signed is not forwarded: unable, store_unavailable', async () => {
  const unavailable = (): Promise<string> =>
    Promise.reject(new GatehouseError('store_unavailable', 'no signing key is available'));
  const { forwarding, told } = recorder();
  const fault = await createHeaderInjection(undefined, unavailable, false)(forwarding);
  expect(fault.kind).toBe('credential-fault');
  failCredential(forwarding, fault as CredentialFault);
  expect(told).toEqual([
    { kind: 'unable', reason: 'store_unavailable', detail: 'no signing key is available', retryAfter: 5 },
  ]);
});

test('a request whose response needs tickets is not forwarded without a signing key', async () => {
  const { forwarding, told } = recorder();
  const prepareTickets = (): Promise<never> =>
    Promise.reject(new GatehouseError('store_unavailable', 'no signing key is available'));
  const needing = { ...forwarding, plan: { tickets: true }, prepareTickets };
  const fault = await createHeaderInjection(undefined, undefined, false)(needing);
  failCredential(forwarding, fault as CredentialFault);
  expect(told).toMatchObject([{ kind: 'unable', reason: 'store_unavailable' }]);
});

test.each([
  ['upstream_credential_missing', 'deny'],
  ['narrowing_empty', 'deny'],
  ['no_credential', 'deny'],
] as const)('%s is a denial', (reason, kind) => {
  const { forwarding, told } = recorder();
  failCredential(forwarding, credentialFault(reason, 'why'));
  expect(told).toEqual([{ kind, reason, detail: 'why', caller: allow.caller }]);
});

test.each(['upstream_unreachable', 'upstream_invalid', 'upstream_unauthorized', 'upstream_timeout'] as const)(
  '%s is reported as a fault of the upstream',
  (reason) => {
    const { forwarding, told } = recorder();
    failCredential(forwarding, credentialFault(reason, 'why'));
    expect(told).toEqual([[reason, 'why']]);
  },
);
