/** K4, K9, C2: admin endpoints are not on the public port; no start on a vulnerable runtime; no decision is reused. */
import { writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run } from '../../src/cli/index.ts';
import { loadConfig } from '../../src/config/index.ts';
import { reasonOf, startAttackScenario, type AttackScenario } from '../support/scenario/attack.ts';

const CLOSE = 'Connection: close';

let scenario: AttackScenario;
beforeAll(async () => {
  scenario = await startAttackScenario({
    resources: ['/foo', '/foo/**'],
    services: `
root:
  type: http
  hosts: [root.example.com]
  upstream: { url: UPSTREAM/ }
  anonymous: [{ scopes: [read_api], resources: ["/metrics"] }]
`,
  });
});
afterAll(() => scenario.close());

const ADMIN_PATHS = ['/metrics', '/livez', '/readyz', '/status', '/revocations', '/healthz', '/debug/pprof/'];

describe('K4 admin exposure', () => {
  test.each(ADMIN_PATHS)('K4: %s on the public port is 404, with and without a token', async (path) => {
    for (const token of [undefined, scenario.token]) {
      const [answer] = await scenario.send(scenario.requestAs(token, `GET ${path} HTTP/1.1`, [CLOSE]));
      expect(answer && [answer.status, reasonOf(answer)]).toEqual([404, 'no_service']);
      expect(answer?.body).not.toContain('gatehouse_');
    }
    await scenario.expectNothingForwarded();
  });

  test('K4: a service at / has these paths for itself, by its own policy', async () => {
    const ask = (path: string) =>
      scenario.send(`GET ${path} HTTP/1.1\r\nHost: root.example.com\r\n${CLOSE}\r\n\r\n`);
    const [metrics] = await ask('/metrics');
    expect([metrics?.status, metrics?.body]).toEqual([200, 'ok']);
    expect(scenario.upstream.requests().map(({ requestLine }) => requestLine)).toEqual([
      'GET /metrics HTTP/1.1',
    ]);
    scenario.upstream.reset();
    const [readyz] = await ask('/readyz');
    expect(readyz?.status).toBe(401);
    await scenario.expectNothingForwarded();
  });

  test('K4: no service is on the admin port', async () => {
    const answer = await fetch(`${scenario.gateway.adminUrl}/api/foo`, {
      headers: { Authorization: `Bearer ${scenario.token}` },
    });
    expect(answer.status).toBe(404);
    await scenario.expectNothingForwarded();
  });

  test('K4: the admin listener is on loopback by default', () => {
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-test-'));
    const file = join(folder, 'gatehouse.yaml');
    const load = (text: string) => {
      writeFileSync(file, text);
      return loadConfig(file, {});
    };
    const plain = load('version: 1\nserver: { listen: "0.0.0.0:8080", publicUrl: "https://a.example" }\n');
    expect(plain.kind === 'loaded' && plain.config.server.admin.listen).toBe('127.0.0.1:9090');
    const open = load(
      'version: 1\nserver: { publicUrl: "https://a.example", admin: { listen: "0.0.0.0:9090" } }\n',
    );
    expect(open.kind === 'loaded').toBe(false);
    rmSync(folder, { recursive: true });
  });
});

describe('C2 cached authorisation', () => {
  const get = async (path: string, token = scenario.token, method = 'GET'): Promise<readonly unknown[]> => {
    const [answer] = await scenario.send(
      scenario.requestAs(token, `${method} /api${path} HTTP/1.1`, ['Content-Length: 0', CLOSE]),
    );
    return answer?.status === 200 ? [200] : [answer?.status, answer && reasonOf(answer)];
  };
  const DENIED = [403, 'resource_not_granted'];

  test('C2: after /foo, /bar is 403, again and again, in either order', async () => {
    for (let round = 0; round < 3; round++) {
      expect(await get('/foo')).toEqual([200]);
      scenario.upstream.reset();
      for (const path of ['/bar', '/fo', '/foobar', '/foo2/x', '/bar/foo']) {
        expect([path, ...(await get(path))]).toEqual([path, ...DENIED]);
      }
      await scenario.expectNothingForwarded();
      expect(await get('/foo/deep')).toEqual([200]);
    }
  });

  test('C2: one token does not get the permissions of another', async () => {
    const stranger = scenario.mint({ project_id: '99' });
    for (let round = 0; round < 3; round++) {
      expect(await get('/foo')).toEqual([200]);
      scenario.upstream.reset();
      expect(await get('/foo', stranger)).toEqual([403, 'no_matching_identity']);
      await scenario.expectNothingForwarded();
    }
  });
});

describe('K9 runtime floor', () => {
  async function start(nodeVersion: string, env: Readonly<Record<string, string>> = {}) {
    let [out, err] = ['', ''];
    const code = await run({
      args: ['version'],
      env,
      nodeVersion,
      out: (text) => void (out += text),
      err: (text) => void (err += text),
      stopSignal: () => Promise.resolve(),
      onReloadSignal: () => undefined,
      endWithin: () => undefined,
      onUncaught: () => undefined,
    });
    return { code, out, err };
  }

  test.each([
    '18.20.8',
    '20.19.5',
    '21.7.3',
    '22.23.1',
    '22.9.9',
    '23.99.0',
    '24.18.0',
    '24.9.0',
    '25.99.9',
    '26.5.0',
    '26.4.9',
    '26.0.0',
    '',
    'x',
  ])('K9: no start on Node %s', async (version) => {
    const { code, out, err } = await start(version);
    expect([code, out]).toEqual([1, '']);
    expect(err).toContain(`Node ${version} has known vulnerabilities`);
  });

  test.each(['22.23.2', '22.24.0', '24.18.1', '24.19.0', '26.5.1', '26.6.0', '26.10.0', '27.0.0', '28.1.2'])(
    'K9: Node %s is good',
    async (version) => {
      const { code, err } = await start(version);
      expect([code, err]).toEqual([0, '']);
    },
  );

  test('K9: every command that does something asks first', async () => {
    for (const args of [
      ['serve', '--config', 'x'],
      ['check', '--config', 'x'],
      ['demo', '--once'],
      ['schema'],
    ]) {
      let err = '';
      const code = await run({
        args,
        env: {},
        nodeVersion: '26.5.0',
        out: () => undefined,
        err: (text) => void (err += text),
        stopSignal: () => Promise.resolve(),
        onReloadSignal: () => undefined,
        endWithin: () => undefined,
        onUncaught: () => undefined,
      });
      expect([args[0], code, err]).toEqual([args[0], 1, expect.stringContaining('known vulnerabilities')]);
    }
  });

  test('K7: no start where the environment turns off the checks of TLS', async () => {
    const { code, err } = await start('26.10.0', { NODE_TLS_REJECT_UNAUTHORIZED: '0' });
    expect([code, err]).toEqual([1, expect.stringContaining('NODE_TLS_REJECT_UNAUTHORIZED')]);
  });
});
