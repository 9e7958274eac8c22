import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { readAddress } from '../../../../src/state/redis/address.ts';

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-redis-address-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const common = { timeout: 200, prefix: 'gatehouse:' };
const CANARY = 'canary-password';

function file(name: string, content: string): string {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

describe('a URL', () => {
  const plain = { username: undefined, password: undefined, database: 0, tls: undefined };
  test.each([
    ['redis://127.0.0.1', { ...plain, host: '127.0.0.1', port: 6379 }],
    ['redis://[::1]:7000/3', { ...plain, host: '::1', port: 7000, database: 3 }],
    ['redis://:p%40ss@cache', { ...plain, host: 'cache', port: 6379, password: 'p@ss' }],
    ['rediss://u:p@10.0.0.1:1', { host: '10.0.0.1', port: 1, username: 'u', password: 'p', tls: {} }],
    ['rediss://cache.example.com', { host: 'cache.example.com', tls: { servername: 'cache.example.com' } }],
  ])('%s', (url, expected) => {
    expect(readAddress({ ...common, url })).toMatchObject(expected);
  });

  test('from a file, with a newline at its end', () => {
    const urlFile = file('url', `redis://:${CANARY}@cache\n`);
    expect(readAddress({ ...common, urlFile })).toMatchObject({ host: 'cache', password: CANARY });
  });
});

describe('L3 what cannot be used is refused without a word of it', () => {
  const refusals = [
    ['another protocol', { url: `http://:${CANARY}@cache` }, 'state.redis.url: is no redis://'],
    ['no URL', { url: CANARY }, 'state.redis.url: is no redis://'],
    ['a bad escape', { url: `redis://:${CANARY}%zz@cache` }, 'state.redis.url: has an escape'],
    [
      'a CA without TLS',
      { url: `redis://:${CANARY}@cache`, caFile: '/nowhere' },
      'state.redis.caFile: is not used',
    ],
    ['no CA', { url: `rediss://:${CANARY}@cache`, caFile: '/nowhere' }, 'state.redis.caFile: /nowhere'],
    ['no file', { urlFile: '/nowhere' }, 'state.redis.urlFile: /nowhere cannot be read (ENOENT)'],
  ] as const;
  test.each(refusals)('%s', (_name, settings, message) => {
    const result = readAddress({ ...common, ...settings });
    expect(result).toEqual({ kind: 'invalid', detail: expect.stringContaining(message) });
    expect(inspect(result, { depth: 9 })).not.toContain(CANARY);
  });
});
