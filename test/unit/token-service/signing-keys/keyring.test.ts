import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, onTestFinished, test, vi } from 'vitest';
import { GatehouseError } from '../../../../src/core/errors.ts';
import type { Keyring } from '../../../../src/core/credentials/keyring.ts';
import { createKeyring } from '../../../../src/token-service/index.ts';
import { openStore } from '../../../../src/state/index.ts';
import { FrozenClock, RecordingLog } from '../../../support/authentication.ts';
import { eventually } from '../../../support/eventually.ts';

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-keys-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const clock = { now: Date.now };
const log = new RecordingLog();
const store = openStore({ sqlite: { file: ':memory:' } }, { clock: { now: Date.now }, log });

function pem(curve = 'P-256'): { readonly text: string; readonly privateKey: KeyObject } {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: curve });
  return { text: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(), privateKey };
}

function file(name: string, content: string): { readonly file: string } {
  const path = join(folder, name);
  writeFileSync(path, content, { mode: 0o600 });
  return { file: path };
}

test("two keyrings with one store share a key and verify each other's signatures", async () => {
  const [one, two] = [createKeyring({}, { store, log, clock }), createKeyring({}, { store, log, clock })];
  await Promise.all([one.start(), two.start()]);
  const token = await one.sign('at+jwt', { sub: 'x' });
  expect(await two.verify(token, 'at+jwt')).toMatchObject({ kind: 'payload', payload: { sub: 'x' } });
  expect(await one.publicKeys()).toEqual(await two.publicKeys());
});

/** A shared store in memory that can lose its data. */
function forgetfulStore() {
  const kept = new Map<string, string>();
  const lists = new Map<string, Map<string, number>>();
  let reads = 0;
  return {
    shared: true,
    keepFirst: async (name: string, value: string): Promise<string> => {
      reads += 1;
      if (!kept.has(name)) kept.set(name, value);
      return kept.get(name) ?? value;
    },
    keepUntil: async (name: string, values: ReadonlyMap<string, number>) => {
      const all = new Map([...(lists.get(name) ?? []), ...values]);
      lists.set(name, all);
      return all;
    },
    loseAll(): void {
      kept.clear();
      lists.clear();
    },
    reads: () => reads,
  };
}

const start = async (shared: ReturnType<typeof forgetfulStore>, now = clock): Promise<Keyring> => {
  const keyring = createKeyring({}, { store: shared, log, clock: now });
  onTestFinished(() => keyring.stop());
  await keyring.start();
  return keyring;
};

const kids = async (keyring: Keyring): Promise<unknown[]> =>
  (await keyring.publicKeys()).keys.map(({ kid }) => kid);

test('a running replica writes its key back to a store that has lost its data', async () => {
  const shared = forgetfulStore();
  const old = await start(shared);
  const before = await old.sign('t', {});
  const reads = shared.reads();
  shared.loseAll();
  await eventually('it is read again', () => shared.reads() > reads);
  const young = await start(shared);
  expect(await young.verify(before, 't')).toMatchObject({ kind: 'payload' });
  expect(await kids(young)).toEqual(await kids(old));
});

test('a new replica stores another key first: all adopt it, and tokens of both keys are valid everywhere', async () => {
  const shared = forgetfulStore();
  const [one, two] = [await start(shared), await start(shared)];
  const before = await one.sign('t', {});
  const [previous] = await kids(one);
  shared.loseAll();
  const young = await start(shared);
  // Until another replica has written its keys, the new one cannot know whether the token is valid.
  const early = await young.verify(before, 't');
  if (early.kind !== 'payload') expect(early.kind).toBe('unavailable');
  const after = await young.sign('t', {});
  for (const each of [one, two]) expect(await each.verify(after, 't')).toMatchObject({ kind: 'payload' });
  expect(await young.verify(before, 't')).toMatchObject({ kind: 'payload' });
  const all = await kids(young);
  expect(all).toEqual([all[0], previous]);
  for (const each of [one, two]) expect(await kids(each)).toEqual(all);
  expect(log.lines).toContainEqual({
    level: 'warn',
    message: 'the store contains another signing key, which replaces this one; its tokens stay valid',
    fields: { kid: all[0], previous },
  });
  // A replica that starts later reads both; a second loss loses neither.
  shared.loseAll();
  await eventually('written back', async () => {
    const later = createKeyring({}, { store: shared, log, clock });
    return (await later.verify(before, 't')).kind === 'payload';
  });
});

test('a replaced key is valid for 25 hours', async () => {
  const shared = forgetfulStore();
  const frozen = new FrozenClock();
  const one = await start(shared, frozen);
  const before = await one.sign('t', {});
  shared.loseAll();
  const young = await start(shared, frozen);
  await one.verify(await young.sign('t', {}), 't');
  const { length } = await kids(one);
  expect(length).toBe(2);
  frozen.advance(25 * 3_600_000 - 1);
  expect(await one.verify(before, 't')).toMatchObject({ kind: 'payload' });
  frozen.advance(1);
  const later = performance.now() + 11_000;
  vi.spyOn(performance, 'now').mockReturnValue(later);
  expect(await one.verify(before, 't')).toMatchObject({ kind: 'invalid' });
  expect(await kids(one)).toHaveLength(1);
});

test('many tokens of unknown keys cause few reads of the store', async () => {
  const shared = forgetfulStore();
  const [one, other] = [await start(shared), await start(forgetfulStore())];
  const foreign = await other.sign('t', {});
  const reads = shared.reads();
  await Promise.all(Array.from({ length: 200 }, () => one.verify(foreign, 't')));
  expect(shared.reads() - reads).toBeLessThanOrEqual(3);
});

test('key rotation: the first key signs, all keys verify', async () => {
  const [a, b] = [file('a.pem', pem().text), file('b.pem', pem().text)];
  const [before, during, after] = [[a], [b, a], [b]].map((keys) =>
    createKeyring({ signing: { keys } }, { store, log, clock }),
  );
  await Promise.all([before?.start(), during?.start(), after?.start()]);
  const old = (await before?.sign('t', {})) ?? '';
  const fresh = (await during?.sign('t', {})) ?? '';
  expect(await during?.verify(old, 't')).toMatchObject({ kind: 'payload' });
  expect(await after?.verify(fresh, 't')).toMatchObject({ kind: 'payload' });
  expect(await after?.verify(old, 't')).toMatchObject({ kind: 'invalid' });
  for (const keyring of [before, during, after]) keyring?.stop();
});

test('a key verifies while it is in its file and for one minute after its replacement', async () => {
  const [here, elsewhere] = [file('here.pem', pem().text), createKeyring({}, { store, log, clock })];
  const keyring = createKeyring({ signing: { keys: [here] } }, { store, log, clock });
  await Promise.all([keyring.start(), elsewhere.start()]);
  const kidOf = async (each: Keyring): Promise<string> => {
    const [{ kid } = {}] = (await each.publicKeys()).keys as { kid?: string }[];
    return kid ?? 'none';
  };
  const [old, other] = [await kidOf(keyring), await kidOf(elsewhere)];
  const token = await keyring.sign('t', {});
  expect([keyring.counts(old), keyring.counts(other), elsewhere.counts(other)]).toEqual([true, false, true]);
  file('here.pem', pem().text);
  await eventually('the key is reloaded', async () => (await kidOf(keyring)) !== old, 10_000);
  expect(keyring.counts(old)).toBe(true);
  expect(await keyring.verify(token, 't')).toMatchObject({ kind: 'payload', kid: old });
  // Upstreams may still have to verify assertions that the key has signed.
  const published = async (): Promise<unknown[]> => (await keyring.publicKeys()).keys.map(({ kid }) => kid);
  expect(await published()).toEqual([await kidOf(keyring), old]);
  const later = performance.now() + 61_000;
  vi.spyOn(performance, 'now').mockReturnValue(later);
  expect(keyring.counts(old)).toBe(false);
  expect(await published()).toEqual([await kidOf(keyring)]);
  expect(await keyring.verify(token, 't')).toMatchObject({ kind: 'invalid' });
  keyring.stop();
});

test.each([
  ['a missing file', 'missing.pem', undefined],
  ['a file without a key', 'junk.pem', 'hello'],
  ['another curve', 'p384.pem', pem('P-384').text],
])('a file with %s does not start, and is not quoted', async (_what, name, content) => {
  const named = content === undefined ? { file: join(folder, name) } : file(name, content);
  const error = await createKeyring({ signing: { keys: [named] } }, { store, log, clock })
    .start()
    .catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(GatehouseError);
  expect(error).toMatchObject({ code: 'startup_failed', message: expect.stringContaining(name) as string });
  expect(String(error)).not.toContain('BEGIN');
});

test('an unreachable store: verification is unavailable until the store responds', async () => {
  let away = true;
  const failing = {
    shared: true,
    keepUntil: store.keepUntil,
    keepFirst: (name: string, value: string): Promise<string> =>
      away ? Promise.reject(new GatehouseError('store_unavailable', 'away')) : store.keepFirst(name, value),
  };
  const good = createKeyring({}, { store, log, clock });
  const token = await good.sign('t', {});
  const keyring = createKeyring({}, { store: failing, log, clock });
  await keyring.start();
  expect(await keyring.verify(token, 't')).toEqual({ kind: 'unavailable', detail: 'away' });
  await expect(keyring.sign('t', {})).rejects.toMatchObject({ code: 'store_unavailable' });
  away = false;
  expect(await keyring.verify(token, 't')).toMatchObject({ kind: 'payload' });
});

test('a token that differs from those that the keyring writes is invalid', async () => {
  const key = pem();
  const keyring = createKeyring({ signing: { keys: [file('own.pem', key.text)] } }, { store, log, clock });
  await keyring.start();
  const [{ kid = '' } = {}] = (await keyring.publicKeys()).keys as { kid?: string }[];
  const encode = (part: string | object): string =>
    Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');
  const forge = (header: object, payload: string | object = {}, by = key.privateKey): string => {
    const input = `${encode(header)}.${encode(payload)}`;
    return `${input}.${sign('sha256', Buffer.from(input), { key: by, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
  };
  const good = { alg: 'ES256', kid, typ: 't' };
  expect(await keyring.verify(forge(good), 't')).toMatchObject({ kind: 'payload' });
  const wrong = [
    forge({ ...good, alg: 'none' }),
    forge({ ...good, alg: 'HS256' }),
    forge({ ...good, typ: 'JWT' }),
    forge({ ...good, kid: 'other' }),
    forge({ alg: 'ES256', typ: 't' }),
    forge({ ...good, crit: ['x'], x: 1 }),
    forge({ ...good, jku: 'http://127.0.0.1:9/' }),
    forge({ ...good, jwk: {} }),
    forge(good, '{"sub":"a","sub":"b"}'),
    forge(good, '[]'),
    forge(good, {}, pem().privateKey),
    `${forge(good)}.x`,
    forge(good).split('.').slice(0, 2).join('.'),
    `${forge(good)}=`,
    '',
    '..',
  ];
  for (const token of wrong)
    expect(await keyring.verify(token, 't'), token).toMatchObject({ kind: 'invalid' });
  keyring.stop();
});
