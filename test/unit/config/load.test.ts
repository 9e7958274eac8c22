import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { formatProblem, loadConfig } from '../../../src/config/index.ts';
import { unreadable } from '../../../src/util/resources/unreadable.ts';
import { accepted, configuration, errorsOf, load, warningsOf, writeFiles } from './loading.ts';

function problemsIn(directory: string): string[] {
  const result = loadConfig(directory, {});
  return result.kind === 'loaded'
    ? []
    : result.problems.map((each) => formatProblem(each).replaceAll(`${directory}/`, ''));
}

describe('files', () => {
  test('the base of these tests has no problem and no warning', () => {
    expect(load(configuration())).toMatchObject({ kind: 'loaded', warnings: [] });
  });

  test.each<[string, string | Buffer, string]>([
    ['empty', '', 'is empty'],
    ['a byte order mark', `\uFEFF${configuration()}`, 'byte order mark'],
    ['UTF-16', Buffer.from(`\uFEFF${configuration()}`, 'utf16le'), 'is not UTF-8 text'],
    ['more than 1 MiB', `# ${'x'.repeat(1024 * 1024)}\n${configuration()}`, 'is larger than 1 MiB'],
    ['a list', '- 1', 'must be a mapping of sections'],
    ['no version', 'server: {}', 'each file must say "version: 1"'],
    ['another version', 'version: 2', 'each file must say "version: 1"'],
    ['a quoted version', 'version: "1"', 'each file must say "version: 1"'],
  ])('%s', (_name, content, message) => {
    const errors = errorsOf(content);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toContain(message);
    expect(errors[0]).toMatch(/^1:\d+ /);
  });

  test('a path that is not there, or no file', () => {
    const directory = writeFiles({});
    expect(problemsIn(join(directory, 'none'))).toEqual([
      expect.stringContaining('does not exist; name a YAML file, or a directory of YAML files'),
    ]);
    expect(problemsIn(directory)).toEqual([expect.stringContaining('contains no *.yaml file')]);
    mkdirSync(join(directory, 'a.yaml'));
    expect(problemsIn(directory)).toEqual(['a.yaml:1:1: is not a regular file']);
    expect(problemsIn('/dev/null')).toEqual(['/dev/null:1:1: is not a regular file']);
  });

  test('a file that cannot be opened', () => {
    const directory = writeFiles({});
    symlinkSync('a.yaml', join(directory, 'a.yaml'));
    expect(problemsIn(directory)).toEqual(['a.yaml:1:1: cannot be read (ELOOP)']);
    // Root may read everything, so that the mode of a real file proves nothing.
    expect(unreadable({ code: 'EACCES' })).toBe('cannot be read: permission denied');
  });

  test('a ConfigMap volume: symlinks through ..data', () => {
    const directory = writeFiles({ '..2026/gatehouse.yaml': configuration() });
    symlinkSync('..2026', join(directory, '..data'));
    symlinkSync('..data/gatehouse.yaml', join(directory, 'gatehouse.yaml'));
    expect(loadConfig(directory, {})).toMatchObject({
      kind: 'loaded',
      config: { files: [join(directory, 'gatehouse.yaml')] },
    });
  });
});

describe('directories', () => {
  const identity = (id: string): string =>
    `{ issuer: gitlab, match: { project_id: "${id}" }, roles: [reader] }`;

  test('files are merged at the depth of identities.NAME, in name order', () => {
    const directory = writeFiles({
      '20-b.yaml': `version: 1\nserver: { listen: 127.0.0.1:9999 }\nidentities:\n  "7": ${identity('7')}\n  a: ${identity('1')}`,
      '10-a.yaml': configuration({
        identities: `{ z: ${identity('2')}, "10": ${identity('3')}, "9": ${identity('4')} }`,
      }),
      'notes.txt': 'not read',
      '.hidden.yaml': 'not: read',
    });
    const result = loadConfig(directory, {});
    expect(result).toMatchObject({
      kind: 'loaded',
      config: { server: { listen: '127.0.0.1:9999', publicUrl: 'https://gateway.example.com' } },
    });
    // In an object, "7", "9" and "10" would have moved to the front.
    expect(result.kind === 'loaded' && result.config.identities.map(({ name }) => name)).toEqual([
      'z',
      '10',
      '9',
      '7',
      'a',
    ]);
    expect(result.kind === 'loaded' && result.config.files).toEqual(
      ['10-a.yaml', '20-b.yaml'].map((name) => join(directory, name)),
    );
  });

  test('the same key in two files names both places', () => {
    const directory = writeFiles({
      'a.yaml': configuration(),
      'b.yaml': 'version: 1\nserver:\n  publicUrl: https://b.example.com\nroles:\n  reader: []\n',
    });
    expect(problemsIn(directory)).toEqual([
      'b.yaml:3:3: server.publicUrl: is also given at a.yaml:2:11; give it in one file only',
      'b.yaml:5:3: roles.reader: is also given at a.yaml:5:10; give it in one file only',
    ]);
  });

  test('a section that is no mapping in one of them', () => {
    const directory = writeFiles({ 'a.yaml': configuration(), 'b.yaml': 'version: 1\nroles: [x]\n' });
    expect(problemsIn(directory)).toEqual([
      'b.yaml:2:1: roles: is also given at a.yaml:5:1; only mappings can be merged',
    ]);
  });

  test('each file says its version, and *.yml is not passed over in silence', () => {
    const directory = writeFiles({ 'a.yaml': configuration(), 'b.yaml': 'logs: {}\n' });
    expect(problemsIn(directory)).toEqual(['b.yaml:1:1: version: each file must say "version: 1"']);
    const other = writeFiles({ 'a.yaml': configuration(), 'b.yml': 'version: 1\n' });
    expect(problemsIn(other)).toEqual(['b.yml:1:1: is not read: rename it to *.yaml, or move it away']);
  });

  test('a file that is no YAML hides no second one, and causes no messages about the rest', () => {
    const directory = writeFiles({ 'a.yaml': 'version: 1\nidentities: {', 'b.yaml': 'version: 1\nroles: [' });
    expect(problemsIn(directory).map((each) => each.split(':')[0])).toEqual(['a.yaml', 'b.yaml']);
  });
});

describe('the loaded configuration', () => {
  test('paths are absolute, from the file that names them', () => {
    const files = { 'sub/jwks.json': '{"keys":[]}', token: 'secret\n' };
    const config = accepted(
      configuration({
        server: '{ publicUrl: https://gateway.example.com, admin: { tokenFile: ./token } }',
        issuers:
          '{ gitlab: { type: gitlab, issuer: https://gitlab.example.com, jwksFile: "${DIR}/jwks.json" } }',
        state: '{ sqlite: { file: data/state.db } }',
        audit: '{ file: /var/log/audit.jsonl }',
      }),
      { DIR: 'sub' },
      files,
    );
    const directory = (config.files[0] ?? '').replace('/gatehouse.yaml', '');
    expect(config.issuers[0]?.jwksFile).toBe(join(directory, 'sub/jwks.json'));
    expect(config.server.admin.tokenFile).toBe(join(directory, 'token'));
    expect(config.state.sqlite?.file).toBe(join(directory, 'data/state.db'));
    expect(config.audit.file).toBe('/var/log/audit.jsonl');
  });

  test.each([
    ['{}', 'http://127.0.0.1:8080'],
    ['{ listen: "[::1]:81" }', 'http://[::1]:81'],
    ['{ listen: ":81", admin: { listen: "127.0.0.1:82" } }', 'http://localhost:81'],
    ['{ tls: { certFile: c, keyFile: k } }', 'https://127.0.0.1:8080'],
    ['{ publicUrl: https://gw.example.com/ }', 'https://gw.example.com/'],
  ])('server %s is found at %s', (server, publicUrl) => {
    const config = accepted(
      configuration({
        server,
        issuers: '{ gitlab: { type: gitlab, issuer: https://gitlab.example.com, audiences: [x] } }',
      }),
      {},
      { c: 'certificate', k: 'key' },
    );
    expect(config.server.publicUrl).toBe(publicUrl);
    expect(config.issuers[0]?.audiences).toEqual(['x']);
  });

  test('the audience of an issuer is publicUrl where that is given', () => {
    expect(accepted(configuration()).issuers[0]?.audiences).toEqual(['https://gateway.example.com']);
  });

  test('units become numbers', () => {
    const config = accepted(
      configuration({
        server: '{ publicUrl: https://x.example.com, limits: { headerBytes: 16KiB, drain: 5s } }',
      }),
    );
    expect(config.server.limits).toMatchObject({ headerBytes: 16_384, drain: 5_000, headerCount: 100 });
  });

  test('the hash follows the content and the names, not the place', () => {
    const [first, same, other] = [configuration(), configuration(), `${configuration()}\n`].map(
      (text) => accepted(text).hash,
    );
    expect(first).toMatch(/^[0-9a-f]{12}$/);
    expect(same).toBe(first);
    expect(other).not.toBe(first);
  });

  test('a variable of digits is text where text is wanted, a number where a number is', () => {
    const services = `\n  orders:\n    type: http\n    upstream:\n      url: http://orders.internal/\n      connections: \${N}\n      auth:\n        basic:\n          username: gate\n          password: \${PW}\n`;
    const config = accepted(configuration({ services }), { PW: '12345', N: '7' });
    expect(config.services[0]?.upstream).toMatchObject({
      connections: 7,
      auth: { basic: { password: '12345' } },
    });
  });

  test('warnings come with a configuration that works', () => {
    expect(warningsOf('version: 1')).toEqual([
      '1:1 identities: there are none: only anonymous requests can be allowed',
      '1:1 issuers: there are none: no token will be accepted',
      '1:1 services: there are none: every request will be answered 404',
    ]);
  });
});
