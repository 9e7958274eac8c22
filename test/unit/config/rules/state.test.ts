import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { accepted, configuration, errorsOf, warningsOf } from '../loading.ts';

const state = (body: string): string => configuration({ state: `{ ${body} }` });
const BESIDE = {
  url: 'rediss://gate:s3cret@redis.example.com:6379/0\n',
  ca: 'certificate',
  page: 'http://redis/',
  empty: '',
};

describe('is in one of the two', () => {
  test.each([configuration(), state('')])('SQLite in the working directory by default', (yaml) => {
    expect(accepted(yaml).state).toEqual({ sqlite: { file: resolve('data/gatehouse.db') } });
  });

  test('SQLite elsewhere', () => {
    expect(accepted(state('sqlite: { file: /var/lib/gatehouse.db }')).state).toEqual({
      sqlite: { file: '/var/lib/gatehouse.db' },
    });
  });

  test('Redis, with its defaults', () => {
    const config = accepted(state('redis: { url: redis://127.0.0.1:6379 }'));
    expect(config.state).toEqual({
      redis: { url: 'redis://127.0.0.1:6379', timeout: 200, prefix: 'gatehouse:' },
    });
  });

  test('Redis, with files', () => {
    const config = accepted(
      state('redis: { urlFile: url, caFile: ca, timeout: 50ms, prefix: "gw1:" }'),
      {},
      BESIDE,
    );
    expect(config.state.sqlite).toBeUndefined();
    expect(config.state.redis).toEqual({
      urlFile: expect.stringMatching(/^\/.*\/url$/),
      caFile: expect.stringMatching(/^\/.*\/ca$/),
      timeout: 50,
      prefix: 'gw1:',
    });
  });
});

test.each([
  [
    'sqlite: { file: a.db }, redis: { url: redis://127.0.0.1 }',
    'state.redis: give either sqlite or redis, not both',
  ],
  ['redis: {}', 'state.redis: needs url or urlFile'],
  [
    'redis: { url: redis://127.0.0.1, urlFile: url }',
    'state.redis.url: give either url or urlFile, not both',
  ],
  ['redis: { url: redis://127.0.0.1, caFile: ca }', 'state.redis.caFile: has no effect with redis://'],
  ['redis: { urlFile: none }', 'none does not exist'],
  ['redis: { urlFile: empty }', 'empty is empty'],
  ['redis: { urlFile: page }', 'page must hold one line: redis://HOST:PORT or rediss://HOST:PORT (TLS)'],
  ['redis: { urlFile: url, caFile: none }', 'none does not exist'],
])('%s is refused', (body, message) => {
  expect(errorsOf(state(body), {}, BESIDE)).toEqual([expect.stringContaining(message)]);
});

describe('the URL of Redis', () => {
  test.each([
    'redis://localhost',
    'redis://[::1]:6379/',
    'rediss://redis.example.com:6380/3',
    'redis://user@redis.example.com',
  ])('%s', (url) => {
    expect(errorsOf(state(`redis: { url: "${url}" }`))).toEqual([]);
    expect(warningsOf(state(`redis: { url: "${url}" }`))).toEqual([]);
  });

  test.each([
    'localhost:6379',
    'http://localhost:6379',
    'redis:///0',
    'redis://local host',
    'redis://localhost/zero',
    'redis://localhost/0/1',
    'redis://localhost?db=1',
    'redis://localhost#0',
    'redis://localhost:99999',
    'redis://:a%zzb@localhost',
    'redis://:a%ffb@localhost',
    'redis://localhost\\n',
  ])('%s is refused', (url) => {
    expect(errorsOf(state(`redis: { url: "${url}" }`))).toEqual([
      expect.stringContaining('state.redis.url: must be redis://HOST:PORT or rediss://HOST:PORT (TLS)'),
    ]);
  });

  test('a password in it belongs into a file', () => {
    expect(warningsOf(state('redis: { url: "rediss://gate:s3cret@redis.example.com" }'))).toEqual([
      expect.stringContaining('state.redis.url: contains a password: put the URL into a file'),
    ]);
    expect(warningsOf(state('redis: { urlFile: url }'), {}, BESIDE)).toEqual([]);
  });
});
