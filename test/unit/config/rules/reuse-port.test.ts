import { expect, test } from 'vitest';
import { configuration, errorsOf, warningsOf } from '../loading.ts';

const REDIS = '{ redis: { url: "redis://127.0.0.1:6379" } }';
const OWN_ADMIN = 'admin: { listen: "127.0.0.1:${ADMIN_PORT}" }';
const ENVIRONMENT = { ADMIN_PORT: '9091', PROCESS: '1' };

function shared(server: string, sections: Readonly<Record<string, string>> = {}): string {
  return configuration({
    server: `{ publicUrl: https://gateway.example.com, reusePort: true, ${server} }`,
    ...sections,
  });
}

test('Redis and an admin port per process are accepted without a warning', () => {
  const audit = '{ file: "audit-${PROCESS}.log" }';
  const yaml = shared(OWN_ADMIN, { state: REDIS, audit });
  expect(errorsOf(yaml, ENVIRONMENT)).toEqual([]);
  expect(warningsOf(yaml, ENVIRONMENT)).toEqual([]);
});

test.each([
  { title: 'the default state', state: '{}', position: /^\d+:\d+ server\.reusePort: / },
  { title: 'SQLite', state: '{ sqlite: { file: state.db } }', position: /^\d+:\d+ state\.sqlite: / },
])('$title is refused, with the fix', ({ state, position }) => {
  const errors = errorsOf(shared(OWN_ADMIN, { state }), ENVIRONMENT);
  expect(errors).toEqual([
    expect.stringContaining(
      'needs state.redis: with SQLite, each process has separate revocations and limits; set state.redis.urlFile',
    ),
  ]);
  expect(errors[0]).toMatch(position);
});

test('a free port is refused, because each process would select another one', () => {
  expect(errorsOf(shared(`listen: "127.0.0.1:0", ${OWN_ADMIN}`, { state: REDIS }), ENVIRONMENT)).toEqual([
    expect.stringContaining('server.reusePort: needs a fixed port in server.listen'),
  ]);
});

test.each([
  { title: 'the default admin port', server: '' },
  { title: 'a fixed admin port', server: 'admin: { listen: "127.0.0.1:9091" }' },
])('$title causes a warning', ({ server }) => {
  expect(warningsOf(shared(server, { state: REDIS }))).toEqual([
    expect.stringContaining(
      'server.admin.listen: is the same for all processes that read this file, and only one of them can start; set a variable, such as "127.0.0.1:${GATEHOUSE_ADMIN_PORT}"',
    ),
  ]);
});

test('a free admin port is accepted', () => {
  expect(warningsOf(shared('admin: { listen: "127.0.0.1:0" }', { state: REDIS }))).toEqual([]);
});

test('an audit file that all processes write causes a warning', () => {
  const yaml = shared(OWN_ADMIN, { state: REDIS, audit: '{ file: audit.log }' });
  expect(warningsOf(yaml, ENVIRONMENT)).toEqual([
    expect.stringContaining('audit.file: is written by all processes that read this file'),
  ]);
});

test('without reusePort, none of this applies', () => {
  const yaml = configuration({ server: '{ publicUrl: https://gateway.example.com, reusePort: false }' });
  expect(errorsOf(yaml)).toEqual([]);
  expect(warningsOf(yaml)).toEqual([]);
});
