import { describe, expect, test } from 'vitest';
import type { VerifiedCredential } from '../../../../src/core/credentials/credential.ts';
import { GatehouseError } from '../../../../src/core/errors.ts';
import type { Revocation } from '../../../../src/core/credentials/revocation.ts';
import type { Store } from '../../../../src/core/store.ts';
import { createRevocations, openStore } from '../../../../src/state/index.ts';
import { recordingLog } from '../../../support/audit-events.ts';
import { FrozenClock } from '../../../support/authentication.ts';
import { eventually } from '../../../support/eventually.ts';

const HASH = 'ab'.repeat(32);

const job: VerifiedCredential = {
  class: 'id_token',
  issuer: 'gitlab',
  issuerUrl: 'https://gitlab.example.com',
  subject: 's',
  jti: 'jti-1',
  tokenHash: HASH,
  expiresAt: Infinity,
  claims: { project_id: '20', project_path: 'Acme/Payments' },
};
const edge: VerifiedCredential = {
  ...job,
  class: 'deploy_token',
  issuer: ':deploy-tokens',
  subject: 'edge',
  jti: undefined,
  claims: {},
};

type Wanted = Pick<Revocation, 'target' | 'value'> & Partial<Revocation>;

function wanted({ issuer, expires, ...entry }: Wanted): Omit<Revocation, 'id' | 'created'> {
  return { reason: 'leaked', issuer, expires, ...entry };
}

async function open(clock = new FrozenClock(), store?: Store) {
  const log = recordingLog();
  const revocations = createRevocations(
    store ?? openStore({ sqlite: { file: ':memory:' } }, { clock, log }),
    { clock, log },
    { poll: 5, maxAge: 1_000 },
  );
  await revocations.start();
  return { revocations, clock, log };
}

describe('a revocation names', () => {
  test.each([
    ['a token by jti', { target: 'jti', value: 'jti-1', issuer: 'gitlab' }, job, true],
    ['a jti of another issuer', { target: 'jti', value: 'jti-1', issuer: 'github' }, job, false],
    ['a token by its hash', { target: 'tokenHash', value: HASH }, job, true],
    ['another hash', { target: 'tokenHash', value: 'cd'.repeat(32) }, job, false],
    ['an identity', { target: 'identity', value: 'payments' }, job, true],
    ['another identity', { target: 'identity', value: 'payments-2' }, job, false],
    ['a project by path, in any case', { target: 'project', value: 'acme/payments' }, job, true],
    ['a project by number', { target: 'project', value: 'id:20' }, job, true],
    ['a project whose name only begins alike', { target: 'project', value: 'acme/pay' }, job, false],
    ['an issuer', { target: 'issuer', value: 'gitlab' }, job, true],
    ['a deploy token', { target: 'deployToken', value: 'edge' }, edge, true],
    ['a deploy token, not an id token with that subject', { target: 'deployToken', value: 's' }, job, false],
  ] as const)('%s', async (_name, entry, credential, hit) => {
    const { revocations } = await open();
    expect(revocations.check(credential, 'payments')).toEqual({ kind: 'clear' });
    await revocations.add(wanted(entry));
    expect(revocations.check(credential, 'payments').kind).toBe(hit ? 'revoked' : 'clear');
    revocations.stop();
  });
});

test('active at once, removed at once, and at its expiry', async () => {
  const { revocations, clock } = await open();
  const { id } = await revocations.add(wanted({ target: 'issuer', value: 'gitlab' }));
  expect(revocations.check(job, undefined)).toMatchObject({ kind: 'revoked', revocation: { id } });
  expect(await revocations.remove(id)).toBe(true);
  expect(revocations.check(job, undefined)).toEqual({ kind: 'clear' });
  expect(await revocations.remove(id)).toBe(false);

  const expires = new Date(clock.now() + 500).toISOString();
  await revocations.add(wanted({ target: 'issuer', value: 'gitlab', expires }));
  expect(revocations.check(job, undefined).kind).toBe('revoked');
  clock.advance(500);
  expect(revocations.check(job, undefined).kind).toBe('clear');
  expect(revocations.list()).toEqual([]);
  revocations.stop();
});

test.each([
  ['the short one later', [undefined, 500]],
  ['the short one first', [500, undefined]],
])('two that name the same: the end of one is not the end of the other (%s)', async (_name, lifetimes) => {
  const { revocations, clock } = await open();
  for (const lifetime of lifetimes) {
    const expires = lifetime === undefined ? undefined : new Date(clock.now() + lifetime).toISOString();
    await revocations.add(wanted({ target: 'project', value: 'id:20', expires }));
  }
  expect(revocations.list()).toHaveLength(2);
  clock.advance(500);
  expect(revocations.check(job, undefined).kind).toBe('revoked');
  const [left] = revocations.list();
  expect(revocations.list()).toHaveLength(1);
  await revocations.remove(left?.id ?? '');
  expect(revocations.check(job, undefined).kind).toBe('clear');
  revocations.stop();
});

test('a later identity of the same credential is looked up again', async () => {
  const { revocations } = await open();
  await revocations.add(wanted({ target: 'identity', value: 'payments' }));
  expect(revocations.check(job, undefined).kind).toBe('clear');
  expect(revocations.check(job, 'payments').kind).toBe('revoked');
  revocations.stop();
});

test('an unreachable store: the last list is valid for a limited time, then 503; after reconnection, normal operation', async () => {
  const clock = new FrozenClock();
  const real = openStore({ sqlite: { file: ':memory:' } }, { clock, log: recordingLog() });
  let away = false;
  const store: Store = {
    ...real,
    revocations: (since) =>
      away ? Promise.reject(new GatehouseError('store_unavailable', 'away')) : real.revocations(since),
  };
  const { revocations, log } = await open(clock, store);
  const entry = await revocations.add(wanted({ target: 'identity', value: 'payments' }));
  away = true;
  await eventually('it is said', () =>
    log.lines.some(({ message }) => message.includes('cannot be reached')),
  );
  clock.advance(1_000);
  expect(revocations.check(job, 'payments')).toMatchObject({ kind: 'revoked', revocation: { id: entry.id } });
  clock.advance(1);
  expect(revocations.check(job, 'other').kind).toBe('unknown');
  expect(revocations.snapshot()).toEqual({ age: 1_001, maxAge: 1_000, usable: false });
  const said = (text: string) => log.lines.filter(({ message }) => message.includes(text));
  await eventually('it is reported', () => said('is too old').length > 0);
  away = false;
  await eventually('it is in step again', () => revocations.check(job, 'other').kind === 'clear');
  expect(said('is too old')).toMatchObject([
    { level: 'error', fields: { age_seconds: 1, max_age_seconds: 1 } },
  ]);
  expect(said('is current again')).toMatchObject([{ level: 'info', fields: { age_seconds: 0 } }]);
  revocations.stop();
});

test('without a list, no credential is accepted', async () => {
  const store = {
    ...openStore({ sqlite: { file: ':memory:' } }, { clock: { now: Date.now }, log: recordingLog() }),
  };
  store.revocations = () => Promise.reject(new GatehouseError('store_unavailable', 'away'));
  const { revocations } = await open(new FrozenClock(), store);
  expect(revocations.check(job, undefined).kind).toBe('unknown');
  expect(revocations.snapshot().usable).toBe(false);
  revocations.stop();
});

/** A store whose list a test holds back or replaces. */
function heldStore() {
  const real = openStore({ sqlite: { file: ':memory:' } }, { clock: { now: Date.now }, log: recordingLog() });
  const held = Promise.withResolvers<void>();
  let looks = 0;
  const store: Store = {
    ...real,
    async revocations(since) {
      const list = await real.revocations(since);
      looks += 1;
      if (looks === 2) await held.promise;
      return list ?? { kind: 'all', mark: 'old', epoch: 'one', revocations: [] };
    },
  };
  return { store, release: () => held.resolve(), looks: () => looks };
}

test('a look that began before an addition does not undo it', async () => {
  const { store, release, looks } = heldStore();
  const { revocations } = await open(new FrozenClock(), store);
  await eventually('a look is under way', () => looks() === 2);
  await revocations.add(wanted({ target: 'issuer', value: 'gitlab' }));
  const seen: string[] = [];
  release();
  for (let turn = 0; turn < 20; turn++) {
    await Promise.resolve();
    seen.push(revocations.check(job, undefined).kind);
  }
  expect(new Set(seen)).toEqual(new Set(['revoked']));
  revocations.stop();
});

test('a look that began before a removal does not bring the entry back', async () => {
  const real = openStore({ sqlite: { file: ':memory:' } }, { clock: { now: Date.now }, log: recordingLog() });
  let held = Promise.withResolvers<void>();
  held.resolve();
  let looks = 0;
  const store: Store = {
    ...real,
    async revocations() {
      const list = await real.revocations(undefined);
      looks += 1;
      await held.promise;
      return list;
    },
  };
  const { revocations } = await open(new FrozenClock(), store);
  const { id } = await revocations.add(wanted({ target: 'issuer', value: 'gitlab' }));
  held = Promise.withResolvers();
  const before = looks;
  await eventually('a look is under way', () => looks > before);
  await revocations.remove(id);
  held.resolve();
  const after = looks;
  await eventually('it has ended', () => looks > after);
  expect(revocations.check(job, undefined).kind).toBe('clear');
  expect(revocations.list()).toEqual([]);
  revocations.stop();
});

test('additions without pause do not make the list go stale', async () => {
  const clock = new FrozenClock();
  const real = openStore({ sqlite: { file: ':memory:' } }, { clock, log: recordingLog() });
  let looks = 0;
  const flood: { add?: () => Promise<unknown> } = {};
  const store: Store = {
    ...real,
    async revocations(since) {
      const read = await real.revocations(since);
      await flood.add?.();
      looks += 1;
      return read;
    },
  };
  const { revocations } = await open(clock, store);
  flood.add = () => revocations.add(wanted({ target: 'identity', value: 'flooded' }));
  for (let turn = 0; turn < 5; turn++) {
    const before = looks;
    clock.advance(900);
    await eventually('two looks, each overtaken', () => looks >= before + 2);
  }
  expect(revocations.check(job, 'payments').kind).toBe('clear');
  expect(revocations.check(job, 'flooded').kind).toBe('revoked');
  revocations.stop();
});

test('entries that this version cannot read whole: an end that is no time ends nothing, another target names nothing', async () => {
  const clock = new FrozenClock();
  const store = openStore({ sqlite: { file: ':memory:' } }, { clock, log: recordingLog() });
  const common = { issuer: undefined, reason: 'r', created: '2026-11-21T12:00:00Z' };
  await store.putRevocation({ ...common, id: '1', target: 'identity', value: 'payments', expires: 'never' });
  const later = { ...common, id: '2', target: 'galaxy', value: 'gitlab', expires: undefined };
  await store.putRevocation(later as unknown as Revocation);
  const { revocations } = await open(clock, store);
  expect(revocations.check(job, 'payments').kind).toBe('revoked');
  expect(revocations.check(job, 'other').kind).toBe('clear');
  await revocations.remove('2');
  expect(revocations.list().map(({ id }) => id)).toEqual(['1']);
  revocations.stop();
});

test('a clock that is set back does not keep an old list young', async () => {
  const clock = new FrozenClock();
  const real = openStore({ sqlite: { file: ':memory:' } }, { clock, log: recordingLog() });
  let away = false;
  const store: Store = {
    ...real,
    revocations: (since) =>
      away ? Promise.reject(new GatehouseError('store_unavailable', 'away')) : real.revocations(since),
  };
  const { revocations } = await open(clock, store);
  away = true;
  clock.advance(-3_600_000);
  expect(revocations.check(job, undefined).kind).toBe('unknown');
  revocations.stop();
});

test('a list with an entry that cannot be read is no list', async () => {
  const real = openStore({ sqlite: { file: ':memory:' } }, { clock: { now: Date.now }, log: recordingLog() });
  const broken = {
    kind: 'all',
    mark: '1',
    epoch: 'one',
    revocations: [null as unknown as Revocation],
  } as const;
  let looks = 0;
  const store: Store = {
    ...real,
    revocations: async (since) => {
      looks += 1;
      return since === '1' ? undefined : broken;
    },
  };
  const { revocations } = await open(new FrozenClock(), store);
  await eventually('it was looked at again', () => looks > 2);
  expect(revocations.check(job, undefined).kind).toBe('unknown');
  revocations.stop();
});

test('those that have long ended make room for new ones', async () => {
  const clock = new FrozenClock();
  const store = openStore({ sqlite: { file: ':memory:' } }, { clock, log: recordingLog() });
  const { revocations } = await open(clock, store);
  const ids = async (): Promise<number> => (await store.revocations(undefined))?.revocations.length ?? 0;
  const at = (minutes: number): string => new Date(clock.now() + minutes * 60_000).toISOString();
  await revocations.add(wanted({ target: 'identity', value: 'short', expires: at(15) }));
  await revocations.add(wanted({ target: 'identity', value: 'long', expires: at(300) }));
  await revocations.add(wanted({ target: 'identity', value: 'ever' }));
  clock.advance(18 * 60_000);
  await revocations.add(wanted({ target: 'identity', value: 'soon after' }));
  expect(await ids()).toBe(4);
  clock.advance(5 * 60_000);
  await revocations.add(wanted({ target: 'identity', value: 'later' }));
  await eventually('the ended one is removed', async () => (await ids()) === 4);
  expect((await store.revocations(undefined))?.revocations.map(({ value }) => value)).toEqual([
    'long',
    'ever',
    'soon after',
    'later',
  ]);
});
