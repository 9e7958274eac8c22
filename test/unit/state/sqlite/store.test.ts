import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, describe, expect, test } from 'vitest';
import { openStore } from '../../../../src/state/index.ts';
import type { Store } from '../../../../src/core/store.ts';
import { recordingLog } from '../../../support/audit-events.ts';
import { FrozenClock } from '../../../support/authentication.ts';
import { ROOT } from '../../../support/repository.ts';
import { revocation, storeContract } from '../../../support/store-contract.ts';

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-sqlite-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function open(file: string): Store {
  return openStore({ sqlite: { file } }, { clock: { now: Date.now }, log: recordingLog() });
}

describe('every store', () => storeContract(async () => open(join(folder, 'contract.db'))));

test('a file of the first version is migrated with its data', async () => {
  const file = join(folder, 'first-version.db');
  const entry = revocation();
  const db = new DatabaseSync(file);
  db.exec(
    'CREATE TABLE revocations (id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT; PRAGMA user_version = 1;',
  );
  db.prepare('INSERT INTO revocations (id, body) VALUES (?, ?)').run(entry.id, JSON.stringify(entry));
  db.close();
  const store = open(file);
  expect((await store.revocations(undefined))?.revocations.map(({ id }) => id)).toEqual([entry.id]);
  expect(await store.keepFirst('name', 'value')).toBe('value');
  await store.close();
});

test('bound names do not change the version of the file, so that an earlier version opens it', async () => {
  const file = join(folder, 'rollback.db');
  const store = open(file);
  await store.bind('name', 'value', 60_000);
  await store.close();
  const db = new DatabaseSync(file);
  expect(db.prepare('PRAGMA user_version').get()).toEqual({ user_version: 3 });
  db.close();
});

test('claims that end together are removed in steps, and each is free at once', async () => {
  const clock = new FrozenClock();
  const store = openStore({ sqlite: { file: ':memory:' } }, { clock, log: recordingLog() });
  for (let n = 0; n < 300; n++) expect(await store.claim(`name-${n}`, 1_000)).toBe(true);
  expect(await store.claim('name-299', 1_000)).toBe(false);
  clock.advance(1_000);
  for (const name of ['name-299', 'name-0', 'name-150']) {
    expect([await store.claim(name, 1_000), await store.claim(name, 1_000)]).toEqual([true, false]);
  }
  await store.close();
});

test('creates its folder; only the owner can read the file and its log', async () => {
  const file = join(folder, 'new/folder/gatehouse.db');
  const store = open(file);
  await store.putRevocation(revocation());
  const modes = readdirSync(dirname(file)).map((name) => [
    name,
    statSync(join(dirname(file), name)).mode & 0o777,
  ]);
  expect(Object.fromEntries(modes)).toEqual({ 'gatehouse.db': 0o600, 'gatehouse.db-wal': 0o600 });
  await store.close();
});

test('survives kill -9: acknowledged data is kept', async () => {
  const file = join(folder, 'killed.db');
  const child = spawn(process.execPath, [join(ROOT, 'test/support/revoke-in-a-loop.ts'), file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let acknowledged = '';
  const enough = new Promise<void>((resolve) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      acknowledged += text;
      if (acknowledged.split('\n').length > 200) resolve();
    });
  });
  await enough;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;

  const store = open(file);
  const list = await store.revocations(undefined);
  const kept = new Set(list?.revocations.map(({ id }) => id));
  const said = acknowledged.split('\n').slice(0, -1);
  expect(said.length).toBeGreaterThan(100);
  expect(said.filter((id) => !kept.has(id))).toEqual([]);
  await store.close();
});

test('a second process on the same file gets an error', async () => {
  const file = join(folder, 'shared.db');
  const child = spawn(process.execPath, [join(ROOT, 'test/support/revoke-in-a-loop.ts'), file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  expect(() => open(file)).toThrow(/is in use by another process: one gateway per file, or use Redis/);
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
  await open(file).close();
});

test('a file that is something else is refused, and left as it is', () => {
  const file = join(folder, 'notes.txt');
  writeFileSync(file, 'these are my notes, and they are longer than a header of a database would be');
  expect(() => open(file)).toThrow(expect.objectContaining({ code: 'startup_failed' }));
  expect(() => open(file)).toThrow(/is no SQLite database/);
});
