/** `gatehouse check` in a pipeline: reports, thresholds and the checks that need the network. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAuthority } from '../support/certificates.ts';
import { gatehouse } from '../support/gateway-process.ts';
import { startIssuer, type TestIssuer } from '../support/issuer.ts';
import { needs } from '../support/needs.ts';
import { startRecordingUpstream, type RecordingUpstream } from '../support/recording-upstream.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { ROOT } from '../support/repository.ts';

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-check-'));
let issuer: TestIssuer;
let upstream: RecordingUpstream;

beforeAll(async () => {
  [issuer, upstream] = await Promise.all([startIssuer(), startRecordingUpstream()]);
});
afterAll(async () => {
  await Promise.all([issuer.close(), upstream.close()]);
  rmSync(folder, { recursive: true, force: true });
});

interface Sections {
  readonly match?: string;
  readonly url?: string;
  readonly state?: string;
  readonly upstream?: string;
  /** URL of the issuer, and further keys of the issuer. */
  readonly issuerUrl?: string;
}

function configured(
  name: string,
  { match = '', url, state, upstream: settings = '', issuerUrl }: Sections,
): string {
  const file = join(folder, `${name}.yaml`);
  writeFileSync(
    file,
    `version: 1
server: { listen: 127.0.0.1:0, publicUrl: https://gateway.example.com }
state: ${state ?? `{ sqlite: { file: ${join(folder, 'data', 'gatehouse.db')} } }`}
issuers:
  gitlab: { type: gitlab, issuer: ${issuerUrl ?? issuer.url} }
identities:
  payments:
    issuer: gitlab
    match: { project_id: "20"${match} }
    grants: [{ service: orders, scopes: [read_api], resources: ["/v1/**"] }]
services:
  orders: { type: http, path: /orders/, upstream: { url: "${url ?? upstream.url}/"${settings} } }
`,
    { mode: 0o644 },
  );
  return file;
}

const lastLine = (stdout: string): string => stdout.trimEnd().split('\n').at(-1) ?? '';

describe('--fail-on', () => {
  test('warnings fail the check only with --fail-on warning', async () => {
    const file = configured('typo', { match: ', ref_protcted: true' });
    const lenient = await gatehouse('check', '--config', file);
    expect(lenient).toExitWith(0);
    expect(lastLine(lenient.stdout)).toMatch(/^ok: .*1 service, 1 warning$/);
    const strict = await gatehouse('check', '--config', file, '--fail-on', 'warning');
    expect(strict).toExitWith(1);
    expect(lastLine(strict.stdout)).toMatch(/^failed: .*1 service, 1 warning$/);
    const json = await gatehouse('check', '--config', file, '--fail-on', 'warning', '--json');
    expect({ code: json.code, report: JSON.parse(json.stdout) }).toMatchObject({
      code: 1,
      report: { ok: false, warnings: [{ rule: 'claim-names', severity: 'warning', line: 9 }] },
    });
  });

  test('no warnings pass; another level is a usage error', async () => {
    const file = configured('clean', {});
    expect(await gatehouse('check', '--config', file, '--fail-on', 'warning')).toExitWith(0);
    expect(await gatehouse('check', '--config', file, '--fail-on', 'note')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--fail-on is "note"; write error or warning'),
    });
  });
});

describe('--sarif', () => {
  test('writes the problems with rule, level and position', async () => {
    const file = configured('sarif', { match: ', ref_protcted: true' });
    const report = join(folder, 'report.sarif');
    expect(await gatehouse('check', '--config', file, '--sarif', report)).toExitWith(0);
    expect(JSON.parse(readFileSync(report, 'utf8'))).toMatchObject({
      version: '2.1.0',
      runs: [
        {
          tool: { driver: { name: 'gatehouse check', rules: [{ id: 'claim-names' }] } },
          results: [
            {
              ruleId: 'claim-names',
              level: 'warning',
              message: { text: expect.stringContaining('identities.payments.match.ref_protcted: ') },
              locations: [
                {
                  physicalLocation: {
                    artifactLocation: { uri: `file://${file}` },
                    region: { startLine: 9, startColumn: 32 },
                  },
                },
              ],
            },
          ],
        },
      ],
    });
  });

  test('a valid configuration has no results; errors have level error', async () => {
    const report = join(folder, 'more.sarif');
    await gatehouse('check', '--config', configured('valid', {}), '--sarif', report);
    expect(JSON.parse(readFileSync(report, 'utf8'))).toMatchObject({ runs: [{ results: [] }] });
    const wrong = configured('wrong', { state: '{ sqlte: {} }' });
    expect(await gatehouse('check', '--config', wrong, '--sarif', report)).toExitWith(1);
    expect(JSON.parse(readFileSync(report, 'utf8'))).toMatchObject({
      runs: [{ results: [{ level: 'error', ruleId: 'schema' }] }],
    });
  });

  test('files in the working directory have relative paths', async () => {
    const report = join(folder, 'relative.sarif');
    const child = spawnSync(
      process.execPath,
      [join(ROOT, 'src/main.ts'), 'check', '--config', 'a b.yaml', '--sarif', report],
      { cwd: join(configured('a b', { match: ', ref_protcted: true' }), '..') },
    );
    expect(child.status).toBe(0);
    expect(readFileSync(report, 'utf8')).toContain('"uri": "a%20b.yaml"');
  });

  test('a file that cannot be written: exit 2 with the reason', async () => {
    const outcome = await gatehouse('check', '--config', configured('valid', {}), '--sarif', folder);
    expect(outcome).toMatchObject({ code: 2, stderr: expect.stringContaining('cannot be written (EISDIR)') });
  });
});

describe('--online', () => {
  test('ends with a summary that counts what failed', async () => {
    const file = configured('unreachable', { url: 'http://127.0.0.1:1' });
    const { code, stdout, stderr } = await gatehouse('check', '--config', file, '--online');
    expect({ code, stdout, stderr }).toExitWith(1);
    expect(stdout).toContain(
      'error: services.orders.upstream: 127.0.0.1:1: ECONNREFUSED; check upstream.url, and that the upstream runs\n',
    );
    expect(stdout).toMatch(/ok: state\.sqlite: \S+gatehouse\.db can be created\n/);
    expect(lastLine(stdout)).toMatch(/^failed: .*1 service, 1 error, 0 warnings$/);
  });

  test.each([
    ['http://127.0.0.1:1', '/.well-known/openid-configuration: ECONNREFUSED; check issuer'],
    ['http://127.0.0.1:1, jwksUri: "http://127.0.0.1:1/keys"', '/keys: ECONNREFUSED; check jwksUri'],
  ])('an issuer at %s: the key to check, and the next step', async (url, message) => {
    const file = configured('issuer', { issuerUrl: url });
    const { code, stdout, stderr } = await gatehouse('check', '--config', file, '--online');
    expect(stdout).toContain(
      `error: issuers.gitlab: http://127.0.0.1:1${message}, and that the issuer is reachable from here\n`,
    );
    expect({ code, stdout, stderr }).toExitWith(1);
  });

  test('SQLite: a file that is no database, and a directory that cannot be written', async () => {
    const broken = join(folder, 'broken.db');
    writeFileSync(broken, 'not a database, but long enough to have a header of a hundred bytes'.repeat(4));
    const file = configured('broken', { state: `{ sqlite: { file: ${broken} } }` });
    expect(await gatehouse('check', '--config', file, '--online')).toMatchObject({
      code: 1,
      stdout: expect.stringContaining(`error: state.sqlite: ${broken} is not a readable SQLite database`),
    });
    const readOnly = join(folder, 'read-only');
    mkdirSync(readOnly);
    chmodSync(readOnly, 0o555);
    chmodSync(folder, 0o755);
    const other = configured('read-only', { state: `{ sqlite: { file: ${join(readOnly, 'a.db')} } }` });
    const user = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
    const args = [join(ROOT, 'src/main.ts'), 'check', '--config', other, '--online'];
    const child = spawnSync(process.execPath, args, { ...user, encoding: 'utf8' });
    expect({ code: child.status, stdout: child.stdout }).toEqual({
      code: 1,
      stdout: expect.stringContaining(
        `error: state.sqlite: ${readOnly}: the directory cannot be written (EACCES)`,
      ),
    });
    expect(lastLine(child.stdout)).toMatch(/^failed: /);
  });

  needs('openssl').test('an upstream certificate that expires soon is a warning', async () => {
    const authority = createAuthority('Test CA', 20);
    const { cert, key } = authority.issue('DNS:localhost', 'IP:127.0.0.1');
    writeFileSync(join(folder, 'ca.pem'), authority.certificate);
    const tls = createServer({ cert, key }, (_request, response) => response.end('ok'));
    await once(tls.listen(0, '127.0.0.1'), 'listening');
    const url = `https://localhost:${(tls.address() as AddressInfo).port}`;
    const file = configured('tls', { url, upstream: ', caFile: ca.pem' });
    try {
      const { code, stdout } = await gatehouse('check', '--config', file, '--online');
      expect(stdout).toMatch(/warning: services\.orders\.upstream: the certificate of "CN=x" expires on /);
      expect({ code, last: lastLine(stdout) }).toEqual({
        code: 0,
        last: expect.stringMatching(/^ok: .*, 2 warnings$/),
      });
      const strict = await gatehouse('check', '--config', file, '--online', '--fail-on', 'warning');
      expect(strict).toExitWith(1);
    } finally {
      tls.close();
      tls.closeAllConnections();
    }
  });

  needs('redis-server').describe('Redis', () => {
    let redis: TestRedis;
    beforeAll(async () => {
      redis = await startRedis(['--requirepass', 'right']);
    });
    afterAll(() => redis.close());

    const online = (url: string) =>
      gatehouse(
        'check',
        '--config',
        configured('redis', { state: `{ redis: { url: "${url}" } }` }),
        '--online',
      );

    test('the right password', async () => {
      const { code, stdout, stderr } = await online(`redis://:right@127.0.0.1:${redis.port}`);
      expect(stdout).toContain('ok: state.redis: Redis accepts the login and a write\n');
      expect({ code, stdout, stderr }).toExitWith(0);
    });

    test.each([
      [':wrong@', 'Redis refuses the user or the password (WRONGPASS)'],
      ['', 'Redis requires a password: add it to the URL, in a file that urlFile names (NOAUTH)'],
    ])('login "%s"', async (login, reason) => {
      const { code, stdout } = await online(`redis://${login}127.0.0.1:${redis.port}`);
      expect(stdout).toContain(`error: state.redis: Redis: ${reason}\n`);
      expect(stdout).not.toContain('wrong@');
      expect({ code, last: lastLine(stdout) }).toEqual({ code: 1, last: expect.stringMatching(/^failed: /) });
    });

    test('an address where nothing listens', async () => {
      const { code, stdout, stderr } = await online('redis://127.0.0.1:1');
      expect(stdout).toContain('error: state.redis: Redis: ECONNREFUSED\n');
      expect({ code, stdout, stderr }).toExitWith(1);
    });
  });
});
