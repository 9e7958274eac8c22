import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { GatehouseError } from '../../../../src/core/errors.ts';
import type { Keyring } from '../../../../src/core/credentials/keyring.ts';
import { createKeyring } from '../../../../src/token-service/index.ts';
import { openStore } from '../../../../src/state/index.ts';
import { RecordingLog } from '../../../support/authentication.ts';
import { eventually } from '../../../support/eventually.ts';

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-keys-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
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
  const [one, two] = [createKeyring({}, { store, log }), createKeyring({}, { store, log })];
  await Promise.all([one.start(), two.start()]);
  const token = await one.sign('at+jwt', { sub: 'x' });
  expect(await two.verify(token, 'at+jwt')).toMatchObject({ kind: 'payload', payload: { sub: 'x' } });
  expect(await one.publicKeys()).toEqual(await two.publicKeys());
});

test('after the store has lost its data, other replicas adopt the new key and still verify the old one', async () => {
  const kept = new Map<string, string>();
  let asked = 0;
  const forgetful = {
    keepFirst: (name: string, value: string): Promise<string> => {
      asked += 1;
      if (!kept.has(name)) kept.set(name, value);
      return Promise.resolve(kept.get(name) ?? value);
    },
  };
  const old = createKeyring({}, { store: forgetful, log });
  await old.start();
  const before = await old.sign('t', {});
  kept.clear();
  const young = createKeyring({}, { store: forgetful, log });
  await young.start();
  const after = await young.sign('t', {});
  // The store was read a moment ago, so unknown key ids cause no further reads.
  asked = 0;
  for (let i = 0; i < 20; i++) expect(await old.verify(after, 't')).toMatchObject({ kind: 'invalid' });
  expect(asked).toBe(0);
  const later = performance.now() + 31_000;
  vi.spyOn(performance, 'now').mockReturnValue(later);
  expect(await old.verify(after, 't')).toMatchObject({ kind: 'payload' });
  expect(await old.verify(before, 't')).toMatchObject({ kind: 'payload' });
  expect(await young.verify(await old.sign('t', {}), 't')).toMatchObject({ kind: 'payload' });
  expect(asked).toBe(1);
});

test('key rotation: the first key signs, all keys verify', async () => {
  const [a, b] = [file('a.pem', pem().text), file('b.pem', pem().text)];
  const [before, during, after] = [[a], [b, a], [b]].map((keys) =>
    createKeyring({ signing: { keys } }, { store, log }),
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
  const [here, elsewhere] = [file('here.pem', pem().text), createKeyring({}, { store, log })];
  const keyring = createKeyring({ signing: { keys: [here] } }, { store, log });
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
  const error = await createKeyring({ signing: { keys: [named] } }, { store, log })
    .start()
    .catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(GatehouseError);
  expect(error).toMatchObject({ code: 'startup_failed', message: expect.stringContaining(name) as string });
  expect(String(error)).not.toContain('BEGIN');
});

test('an unreachable store: verification is unavailable until the store responds', async () => {
  let away = true;
  const failing = {
    keepFirst: (name: string, value: string): Promise<string> =>
      away ? Promise.reject(new GatehouseError('store_unavailable', 'away')) : store.keepFirst(name, value),
  };
  const good = createKeyring({}, { store, log });
  const token = await good.sign('t', {});
  const keyring = createKeyring({}, { store: failing, log });
  await keyring.start();
  expect(await keyring.verify(token, 't')).toEqual({ kind: 'unavailable', detail: 'away' });
  await expect(keyring.sign('t', {})).rejects.toMatchObject({ code: 'store_unavailable' });
  away = false;
  expect(await keyring.verify(token, 't')).toMatchObject({ kind: 'payload' });
});

test('a token that differs from those that the keyring writes is invalid', async () => {
  const key = pem();
  const keyring = createKeyring({ signing: { keys: [file('own.pem', key.text)] } }, { store, log });
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
