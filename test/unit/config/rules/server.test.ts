import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../../../src/config/index.ts';
import { accepted, configuration, errorsOf, warningsOf, writeFiles } from '../loading.ts';

const server = (body: string): string =>
  configuration({ server: `{ publicUrl: https://gateway.example.com, ${body} }` });

test.each([
  ['listen: "127.0.0.1:65536"', 'server.listen: the port must be at most 65535'],
  ['admin: { listen: "127.0.0.1:99999" }', 'server.admin.listen: the port must be at most 65535'],
  ['listen: "127.0.0.1:9090"', 'server.admin.listen: is the address of server.listen too'],
  ['listen: "[::]:9090"', 'server.admin.listen: is the address of server.listen too'],
  ['admin: { listen: "0.0.0.0:9090" }', 'server.admin.listen: is reachable from other machines'],
  ['admin: { listen: ":9090" }', 'server.admin.listen: is reachable from other machines'],
  ['admin: { token: a, tokenFile: token }', 'server.admin.token: give either token or tokenFile, not both'],
  ['admin: { tokenFile: none }', 'none does not exist'],
  ['limits: { headerBytes: 512B }', 'server.limits.headerBytes: must be between 1KiB and 1MiB'],
  ['limits: { headerBytes: 2MiB }', 'server.limits.headerBytes: must be between 1KiB and 1MiB'],
  ['tls: { certFile: none, keyFile: token }', 'none does not exist'],
  ['tls: { certFile: token }', 'server.tls.keyFile: is missing'],
])('%s is refused', (body, message) => {
  expect(errorsOf(server(body), {}, { token: 'x' })).toEqual([expect.stringContaining(message)]);
});

test.each([
  'admin: { listen: "0.0.0.0:9090", tokenFile: token }',
  'admin: { listen: "10.0.0.1:9090", token: secret }',
  'admin: { listen: "localhost:9091" }',
  'listen: "127.0.0.1:0", admin: { listen: "127.0.0.1:0" }',
  'tls: { certFile: token, keyFile: token }',
])('%s is accepted', (body) => {
  expect(errorsOf(server(body), {}, { token: 'x' })).toEqual([]);
});

test('failed attempts', () => {
  const limitsOf = (body: string): unknown => accepted(server(body)).server.limits.authFailures;
  expect(limitsOf('limits: {}')).toEqual({ perAddress: 30, perName: 10, window: 60_000 });
  expect(limitsOf('limits: { authFailures: { perAddress: 5, window: 10m } }')).toEqual({
    perAddress: 5,
    perName: 10,
    window: 600_000,
  });
});

describe('warnings', () => {
  test.each([
    [
      'listen: "0.0.0.0:8080"',
      ['server.trustedProxies: is empty: behind a proxy, all clients share its address'],
    ],
    ['listen: "0.0.0.0:8080", trustedProxies: [10.0.0.0/8]', []],
    ['trustedProxies: [0.0.0.0/0]', ['server.trustedProxies[0]: lets every client choose its address']],
    ['trustedProxies: ["::/0"]', ['server.trustedProxies[0]: lets every client choose its address']],
  ])('%s', (body, expected) => {
    expect(warningsOf(server(body))).toEqual(expected.map((each) => expect.stringContaining(each)));
  });

  test.each([
    ['token: fifteen-letters', 'server.admin.token: is shorter than 16 characters'],
    ['tokenFile: short', 'server.admin.tokenFile: is shorter than 16 characters'],
  ])('a short admin token: %s', (setting, expected) => {
    const files = { short: 'short\n', long: `${'x'.repeat(16)}\n` };
    expect(warningsOf(server(`admin: { ${setting} }`), {}, files)).toEqual([
      expect.stringContaining(expected),
    ]);
    expect(warningsOf(server('admin: { tokenFile: long }'), {}, files)).toEqual([]);
    expect(warningsOf(server('admin: { token: sixteen-letters- }'))).toEqual([]);
  });

  test('a secret that every user of the machine can read', () => {
    const directory = writeFiles({ 'a.yaml': server('admin: { tokenFile: token }'), token: 'x'.repeat(16) });
    expect(loadConfig(directory, {}).warnings).toEqual([]);
    chmodSync(join(directory, 'token'), 0o644);
    expect(loadConfig(directory, {}).warnings).toMatchObject([
      {
        severity: 'warning',
        path: 'server.admin.tokenFile',
        message: expect.stringContaining('can be read by every user'),
      },
    ]);
  });
});

test.each([
  ['hosts', 'hosts: [console.example.com]'],
  ['console.write', 'console: { write: true }'],
])('admin.%s without a token is an error', (key, text) => {
  expect(errorsOf(server(`admin: { ${text} }`))).toEqual([
    expect.stringContaining(`server.admin.${key}: requires a login: set server.admin.tokenFile`),
  ]);
  expect(errorsOf(server(`admin: { ${text}, token: secret }`))).toEqual([]);
});

test.each(['console: some', 'console: { read: true }', 'hosts: ["console.example.com:9090"]'])(
  'admin.%s is an error',
  (text) => {
    expect(errorsOf(server(`admin: { ${text}, token: secret }`))).toHaveLength(1);
  },
);
