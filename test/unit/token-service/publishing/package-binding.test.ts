import { expect, test } from 'vitest';
import type { MintedFrom, TokenLimits } from '../../../../src/core/credentials/credential.ts';
import { GatehouseError } from '../../../../src/core/errors.ts';
import type { Operation } from '../../../../src/core/request/operation.ts';
import { createPackageBinding } from '../../../../src/token-service/publishing/package-binding.ts';
import { credential, NOW } from '../fixtures.ts';

const SCOPES: TokenLimits = { kind: 'scopes', scopes: new Set(['write_package_registry']) };

function publishingToken(jti: string, changes: Partial<MintedFrom> = {}) {
  const minted: MintedFrom = {
    identity: 'ci',
    source: { class: 'id_token', jti: 'job', tokenHash: 'a' },
    audience: 'urn:gatehouse:service:crates',
    parentAudience: undefined,
    parents: [],
    since: NOW,
    publishing: true,
    workload: undefined,
    limits: SCOPES,
    loginLimits: SCOPES,
    ...changes,
  };
  return credential({ class: 'access_token', jti, expiresAt: NOW + 900_000, minted });
}

const write = (resource: string, extent: Operation['extent'] = 'one'): Operation => ({
  scope: 'write_package_registry',
  resource,
  extent,
});

function createBinding() {
  const stored = new Map<string, { value: string; lifetime: number }>();
  const bindPackage = createPackageBinding({
    clock: { now: () => NOW },
    store: {
      async bind(name, value, lifetime) {
        const first = stored.get(name) ?? { value, lifetime };
        stored.set(name, first);
        return first.value;
      },
    },
  });
  return { bindPackage, stored };
}

test('the binding lasts a minute longer than the token, for clocks of other replicas', async () => {
  const { bindPackage, stored } = createBinding();
  expect(await bindPackage(publishingToken('a'), [write('acme')], undefined)).toMatchObject({
    kind: 'bound',
  });
  expect([...stored]).toEqual([['a', { value: 'acme', lifetime: 960_000 }]]);
});

test('a token that was derived from a publishing token has the same binding', async () => {
  const { bindPackage } = createBinding();
  const derived = publishingToken('b', { parents: [{ jti: 'a', tokenHash: 'a' }] });
  await bindPackage(publishingToken('a'), [write('acme')], undefined);
  expect(await bindPackage(derived, [write('other')], undefined)).toMatchObject({
    kind: 'deny',
    reason: 'package_not_covered',
  });
});

test.each<[string, Partial<MintedFrom>]>([
  ['a token for one package', { limits: { kind: 'resources', resources: new Map() } }],
  ['a token without trusted publishing', { publishing: false }],
])('%s is not bound', (_case, changes) => {
  const { bindPackage, stored } = createBinding();
  expect(bindPackage(publishingToken('a', changes), [write('acme')], undefined)).toBeUndefined();
  expect(stored.size).toBe(0);
});

test.each([
  ['two packages', [write('acme'), write('other')]],
  ['a package that is not known', [write('', 'every')]],
  ['one package, and one that is not known', [write('acme'), write('', 'any')]],
])('a write to %s is refused and binds nothing', async (_case, operations) => {
  const { bindPackage, stored } = createBinding();
  expect(await bindPackage(publishingToken('a'), operations, undefined)).toMatchObject({
    kind: 'deny',
    reason: 'package_not_covered',
  });
  expect(stored.size).toBe(0);
});

test('a store that cannot decide is 503; another error is a fault', async () => {
  const failing = (error: Error) =>
    createPackageBinding({ clock: { now: () => NOW }, store: { bind: () => Promise.reject(error) } });
  const push = [publishingToken('a'), [write('acme')], undefined] as const;
  const away = failing(new GatehouseError('store_unavailable', 'Redis: away'));
  expect(await away(...push)).toMatchObject({ kind: 'unable', reason: 'store_unavailable' });
  await expect(failing(new TypeError('bug'))(...push)).rejects.toThrow('bug');
});
