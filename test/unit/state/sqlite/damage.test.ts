/** A state file that is damaged, empty, deleted or replaced: the gateway does not start, or refuses changes. */
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import type { Store } from '../../../../src/core/store.ts';
import { openStore } from '../../../../src/state/index.ts';
import { recordingLog } from '../../../support/audit-events.ts';
import { eventually } from '../../../support/eventually.ts';
import { revocation } from '../../../support/store-contract.ts';

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-sqlite-damage-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
const newFile = (): string => join(folder, `state-${++files}.db`);

function open(file: string, log = recordingLog()): Store {
  const store = openStore({ sqlite: { file } }, { clock: { now: Date.now }, log });
  onTestFinished(() => store.close());
  return store;
}

const ids = async (store: Store): Promise<readonly string[]> =>
  ((await store.revocations(undefined))?.revocations ?? []).map(({ id }) => id);

/** The files of a process that was killed: the database, and a log with one transaction per revocation. */
function killedFiles(count: number): { readonly file: string; readonly log: string } {
  const source = newFile();
  const db = new DatabaseSync(source);
  db.exec('PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;');
  db.exec(
    'CREATE TABLE revocations (id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT; PRAGMA user_version = 1;',
  );
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  const put = db.prepare('INSERT INTO revocations (id, body) VALUES (?, ?)');
  for (let n = 0; n < count; n++) put.run(`r-${n}`, JSON.stringify(revocation({ id: `r-${n}` })));
  const file = newFile();
  copyFileSync(source, file);
  copyFileSync(`${source}-wal`, `${file}-wal`);
  db.close();
  return { file, log: `${file}-wal` };
}

function flip(file: string, position: number): void {
  const bytes = readFileSync(file);
  bytes.writeUInt8((bytes[position] ?? 0) ^ 0xff, position);
  writeFileSync(file, bytes);
}

const refusal = (file: string): string => {
  try {
    open(file);
  } catch (error) {
    expect(error).toMatchObject({ code: 'startup_failed' });
    return (error as Error).message;
  }
  return 'it starts';
};

test('the log of a killed process is recovered completely', async () => {
  const { file } = killedFiles(200);
  expect(await ids(open(file))).toHaveLength(200);
});

test.each([
  ['a page in its middle', (size: number) => Math.floor(size / 2)],
  ['the first page', () => 32 + 24 + 100],
  ['the head of a frame', (size: number) => 32 + 4120 * Math.floor((size - 32) / 4120 / 2) + 9],
  ['its head', () => 20],
])('a log of which %s is damaged: refused, and left as it is', (_what, position) => {
  const { file, log } = killedFiles(200);
  const { size } = statSync(log);
  flip(log, position(size));
  const before = readFileSync(log);
  expect(refusal(file)).toMatch(/has a damaged write-ahead log \(-wal\), acknowledged revocations/);
  expect(readFileSync(log).equals(before)).toBe(true);
});

test.each([1, 30, 2_000, 5_000])(
  'a log that ends %d bytes early: its last transaction was not acknowledged',
  async (bytes) => {
    const { file, log } = killedFiles(200);
    truncateSync(log, statSync(log).size - bytes);
    const said = recordingLog();
    const kept = await ids(open(file, said));
    expect(kept.length).toBeGreaterThanOrEqual(198);
    expect(kept.length).toBeLessThan(200);
    expect(said.lines.map(({ message }) => message)).toEqual([
      'the write-ahead log ends with an incomplete transaction, which was not acknowledged',
    ]);
  },
);

test('frames of a log from before its last reset are no damage', async () => {
  const source = newFile();
  const db = new DatabaseSync(source);
  db.exec('PRAGMA journal_mode = WAL; CREATE TABLE other (id TEXT) STRICT;');
  for (let n = 0; n < 50; n++) db.prepare('INSERT INTO other VALUES (?)').run('x'.repeat(3_000));
  db.exec('PRAGMA wal_checkpoint(RESTART)');
  db.prepare('INSERT INTO other VALUES (?)').run('y');
  const file = newFile();
  copyFileSync(source, file);
  copyFileSync(`${source}-wal`, `${file}-wal`);
  db.close();
  expect(await ids(open(file))).toEqual([]);
});

test('the log is empty soon after a change', async () => {
  const file = newFile();
  const store = open(file);
  await store.putRevocation(revocation());
  await eventually('the log is empty', () => statSync(`${file}-wal`).size === 0);
  const copy = newFile();
  copyFileSync(file, copy);
  expect(await ids(open(copy))).toHaveLength(1);
});

test('a database with a damaged page: refused', async () => {
  const file = newFile();
  const first = openStore({ sqlite: { file } }, { clock: { now: Date.now }, log: recordingLog() });
  for (let n = 0; n < 200; n++) await first.putRevocation(revocation());
  await first.close();
  const bytes = readFileSync(file);
  for (let page = 2; page < bytes.length / 4096; page++) bytes.fill(0x55, page * 4096, page * 4096 + 64);
  writeFileSync(file, bytes);
  expect(refusal(file)).toMatch(/is damaged: restore it from a backup or salvage it .*runbook/);
});

test('an empty file: refused', () => {
  const file = newFile();
  writeFileSync(file, '');
  expect(refusal(file)).toMatch(/is empty \(0 bytes\), its revocations are lost/);
  expect(statSync(file).size).toBe(0);
});

test('a log without its database: refused', () => {
  const { file, log } = killedFiles(3);
  rmSync(file);
  expect(refusal(file)).toMatch(/does not exist, but its write-ahead log does/);
  expect(existsSync(file)).toBe(false);
  expect(existsSync(log)).toBe(true);
});

test('a new file is reported, and nothing else is left beside it', () => {
  const file = newFile();
  const log = recordingLog();
  open(file, log);
  expect(log.lines.map(({ message }) => message)).toEqual([
    'the state file is new: it contains no revocations',
  ]);
});

test.each([
  ['the state file', ''],
  ['the write-ahead log of the state file', '-wal'],
])('%s is deleted: changes are refused, what is known stays', async (name, suffix) => {
  const file = newFile();
  const log = recordingLog();
  const store = open(file, log);
  await store.putRevocation(revocation());
  const read = await store.revocations(undefined);
  rmSync(`${file}${suffix}`);
  expect(await store.revocations(read?.mark)).toBeUndefined();
  expect(store.health()).toMatchObject({
    degraded: true,
    detail: `${name} was deleted or moved while the gateway runs`,
  });
  const refused = { code: 'store_unavailable', message: expect.stringContaining('was deleted') as string };
  await expect(store.putRevocation(revocation())).rejects.toMatchObject(refused);
  await expect(store.claim('x', 1_000)).rejects.toMatchObject(refused);
  await expect(store.keepFirst('x', 'y')).rejects.toMatchObject(refused);
  expect(log.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
});

test('a file that is replaced, then put back', async () => {
  const file = newFile();
  const store = open(file);
  await store.putRevocation(revocation());
  renameSync(file, `${file}.away`);
  copyFileSync(`${file}.away`, file);
  await expect(store.putRevocation(revocation())).rejects.toThrow(/was replaced while the gateway runs/);
  renameSync(`${file}.away`, file);
  await store.putRevocation(revocation());
  expect(store.health().degraded).toBe(false);
  expect(await ids(store)).toHaveLength(2);
});
