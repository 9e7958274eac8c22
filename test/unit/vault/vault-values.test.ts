import { expect, test, vi, onTestFinished } from 'vitest';
import { vaultFault, type Vault, type VaultFault, type VaultSecret } from '../../../src/core/vault.ts';
import { createVaultValues, type LoadedVaultValues } from '../../../src/vault/index.ts';
import { RecordingLog } from '../../support/authentication.ts';

function secret(fields: Readonly<Record<string, unknown>>, seconds = 100): VaultSecret {
  return { kind: 'secret', fields, seconds, lease: undefined };
}

interface Started {
  readonly values: LoadedVaultValues;
  readonly log: RecordingLog;
  /** Paths that were read. */
  readonly reads: string[];
  set(path: string, result: VaultSecret | VaultFault): void;
}

/** With timers of the test. */
function start(): Started {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const results = new Map<string, VaultSecret | VaultFault>();
  const reads: string[] = [];
  const vault: Vault = {
    read(path) {
      reads.push(path);
      return Promise.resolve(results.get(path) ?? vaultFault('absent', `${path} does not exist`));
    },
    logIn: () => Promise.resolve(undefined),
  };
  const log = new RecordingLog();
  const values = createVaultValues(vault, { log });
  return { values, log, reads, set: (path, result) => void results.set(path, result) };
}

test('fields of one path are read together and change together', async () => {
  const { values, reads, set, log } = start();
  const seen: string[] = [];
  set('a', secret({ user: 'u1', password: 'canary-1\n' }));
  const user = values.open({ path: 'a', field: 'user' }, (value) => seen.push(value));
  const password = values.open({ path: 'a', field: 'password' }, (value) => seen.push(value));
  await values.load();
  await values.load();
  expect([user.current(), password.current(), reads, seen]).toEqual([
    'u1',
    'canary-1',
    ['a'],
    ['u1', 'canary-1'],
  ]);
  set('a', secret({ user: 'u2', password: 'canary-2' }));
  await vi.advanceTimersByTimeAsync(89_000);
  expect([user.current(), password.current(), reads]).toEqual(['u2', 'canary-2', ['a', 'a']]);
  expect(JSON.stringify(log.lines)).not.toContain('canary');
});

test('a fault at the first read is an error that names the path; the value is not available', async () => {
  const { values, set } = start();
  const source = values.open({ path: 'a', field: 'user' }, () => undefined);
  await expect(values.load()).rejects.toMatchObject({
    code: 'startup_failed',
    message: 'no secret: a does not exist',
  });
  expect(() => source.current()).toThrow(/has not been read/);
  set('a', secret({ other: 'x' }));
  await expect(values.load()).rejects.toThrow('no secret: a has no field "user"');
  set('a', secret({ user: 'u' }));
  await values.load();
  expect(source.current()).toBe('u');
});

test.each([
  ['a fault', vaultFault('unreachable', 'the vault: ECONNREFUSED')],
  ['a missing field', secret({ other: 'canary' })],
  ['an unusable value', secret({ user: 'canary\ncanary' })],
])('%s of a later read keeps the value, and the log has a warning', async (_, result) => {
  const { values, set, log } = start();
  set('a', secret({ user: 'u1' }));
  const source = values.open({ path: 'a', field: 'user' }, () => undefined);
  await values.load();
  set('a', result);
  await vi.advanceTimersByTimeAsync(89_000);
  expect(source.current()).toBe('u1');
  expect(log.lines.map(({ level }) => level)).toContain('warn');
  expect(JSON.stringify(log.lines)).not.toContain('canary');
  set('a', secret({ user: 'u2' }));
  await vi.advanceTimersByTimeAsync(89_000);
  expect(source.current()).toBe('u2');
});

test('a second reader has the value at once; a path without readers is no longer read', async () => {
  const { values, set, reads } = start();
  set('a', secret({ user: 'u1', key: 'k1' }));
  const first = values.open({ path: 'a', field: 'user' }, () => undefined);
  await values.load();
  const seen: string[] = [];
  const second = values.open({ path: 'a', field: 'key' }, (value) => seen.push(value));
  expect([second.current(), seen]).toEqual(['k1', ['k1']]);
  first.close();
  await vi.advanceTimersByTimeAsync(89_000);
  expect(reads).toHaveLength(2);
  second.close();
  await vi.advanceTimersByTimeAsync(1_000_000);
  expect(reads).toHaveLength(2);
});

test('`close` ends the reads', async () => {
  const { values, set, reads } = start();
  set('a', secret({ user: 'u1' }));
  values.open({ path: 'a', field: 'user' }, () => undefined);
  await values.load();
  values.close();
  await vi.advanceTimersByTimeAsync(1_000_000);
  expect(reads).toHaveLength(1);
});
