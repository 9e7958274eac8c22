import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { isAdminToken } from '../../../src/admin/admin-token.ts';
import { openAdminToken } from '../../../src/app/endpoints/admin-token.ts';
import { Secret } from '../../../src/core/secret.ts';
import type { VaultValues } from '../../../src/core/vault.ts';
import { recordingLog } from '../../support/audit-events.ts';

let folder: string;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-admin-token-'));
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true });
});

test.each(['\n', ' \r\n', '\u00a0\n', 'two\nlines\n'])(
  'a rotation to %j keeps the last valid token',
  (content) => {
    const tokenFile = join(folder, 'token');
    writeFileSync(tokenFile, 'first-token\n');
    const log = recordingLog();
    const token = openAdminToken({ tokenFile } as Parameters<typeof openAdminToken>[0], log);
    writeFileSync(tokenFile, content);
    vi.advanceTimersByTime(10_000);
    expect(isAdminToken('', token.current())).toBe(false);
    expect(isAdminToken('first-token', token.current())).toBe(true);
    expect(JSON.stringify(log.lines)).toContain('the last valid token stays active');
    writeFileSync(tokenFile, 'another-token\n');
    vi.advanceTimersByTime(10_000);
    expect(isAdminToken('another-token', token.current())).toBe(true);
    token.close();
  },
);

test('an empty token is never the admin token', () => {
  expect(isAdminToken('', new Secret(''))).toBe(false);
});

test('a token of the vault: none is accepted before the first read, and none without a vault', () => {
  const admin = { tokenFromVault: { path: 'a', field: 'token' } } as Parameters<typeof openAdminToken>[0];
  let changed: (value: string) => void = () => undefined;
  const values: VaultValues = {
    open(_field, receive) {
      changed = receive;
      return { current: () => '', close: () => undefined };
    },
  };
  const token = openAdminToken(admin, recordingLog(), values);
  expect(token.current()).toBeDefined();
  expect(isAdminToken('', token.current())).toBe(false);
  changed('from-the-vault');
  expect(isAdminToken('from-the-vault', token.current())).toBe(true);
  expect(() => openAdminToken(admin, recordingLog())).toThrow('the configuration has no vault');
});
