import { expect, test } from 'vitest';
import { compileVaultPath } from '../../../../src/proxy/upstream-credentials/vault/vault-path.ts';
import { sampleCaller } from '../../../support/audit-events.ts';

function expand(template: string, claims: Readonly<Record<string, unknown>>): string {
  const caller = sampleCaller();
  const path = compileVaultPath(template)({ ...caller, credential: { ...caller.credential, claims } });
  return typeof path === 'string' ? path : path.reason;
}

test.each([
  ['secret/data/gitlab', {}, 'secret/data/gitlab'],
  ['ci/{identity}', {}, 'ci/payments-deploy'],
  ['ci/{claims.id}/{identity}', { id: 7 }, 'ci/7/payments-deploy'],
  ['ci/{claims./a/b}', { a: { b: 'x' } }, 'ci/x'],
  ['ci/x-{claims.id}-y', { id: '..' }, 'ci/x-..-y'],
  ['ci/{claims.id}', { id: 'a b?c#d%2e' }, 'ci/a b?c#d%2e'],
  ['ci/{claims.id}', { id: 'ünïcode' }, 'ci/ünïcode'],
  ['ci/{claims.id}', {}, 'upstream_credential_missing'],
  ['ci/{claims.id}', { id: '' }, 'upstream_credential_missing'],
  ['ci/{claims.id}', { id: '..' }, 'upstream_credential_missing'],
  ['ci/.{claims.id}', { id: '.' }, 'upstream_credential_missing'],
  ['ci/{claims.a}{claims.b}', { a: '.', b: '.' }, 'upstream_credential_missing'],
  ['ci/{claims.id}', { id: 'a/b' }, 'upstream_credential_missing'],
  ['ci/{claims.id}', { id: 'a\\b' }, 'upstream_credential_missing'],
  ['ci/{claims.id}', { id: 'a\n' }, 'upstream_credential_missing'],
  ['ci/{claims.id}', { id: '\ud800' }, 'upstream_credential_missing'],
  ['ci/{claims.id}', { id: 'x'.repeat(257) }, 'upstream_credential_missing'],
  ['ci/{claims.id}', { id: 1.5 }, 'upstream_credential_missing'],
  ['ci/{claims.id}', { id: ['a'] }, 'upstream_credential_missing'],
  ['ci/{claims.constructor}', {}, 'upstream_credential_missing'],
])('%s with %j: %s', (template, claims, expected) => {
  expect(expand(template, claims)).toBe(expected);
});

test('an anonymous request has no path with a placeholder', () => {
  expect(compileVaultPath('ci/{identity}')(undefined)).toMatchObject({ reason: 'no_credential' });
  expect(compileVaultPath('ci/all')(undefined)).toBe('ci/all');
});
