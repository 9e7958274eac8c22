/** Secrets of OpenBao as the upstream credential: engines, leases, rotation and paths per caller. */
import { expect, test } from 'vitest';
import { FrozenClock } from '../support/authentication.ts';
import { closeAfterTest } from '../support/clean-up.ts';
import { eventually } from '../support/eventually.ts';
import { startIssuer } from '../support/issuer.ts';
import { startOpenBao, type OpenBao } from '../support/openbao.ts';
import { needs } from '../support/needs.ts';
import { needsPython } from '../support/python.ts';
import { valuesOf } from '../support/received.ts';
import { OK } from '../support/recording-upstream.ts';
import { startRedis } from '../support/redis.ts';
import {
  JWT_LOGIN,
  startVaultScenario,
  type VaultScenario,
  type VaultScenarioOptions,
} from '../support/scenario/vault.ts';
import { createTokenClient, tokenOf } from '../support/token-client.ts';
import { useStarted } from '../support/use-started.ts';

const UNAUTHORIZED = 'HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n';

needsPython.describe('an upstream credential from OpenBao', () => {
  const issuer = useStarted(() => startIssuer({ type: 'oidc' }));
  const bao = useStarted(async () => {
    const server = await startOpenBao();
    await server.acceptJwt(issuer);
    await server.call('POST', 'sys/mounts/kv1', { type: 'kv', options: { version: '1' } });
    return server;
  });

  function start(
    vault: string,
    options: Partial<Omit<VaultScenarioOptions, 'vault'>> = {},
  ): Promise<VaultScenario> {
    return startVaultScenario({ bao, issuer, vault: `${JWT_LOGIN}, ${vault}`, ...options });
  }

  test('a field of key/value version 2, cached', async () => {
    await bao.write('gitlab', { token: 'canary-1', other: 'canary-other' });
    const { ask, gateway } = await start(
      'path: secret/data/gitlab, field: token, as: { header: PRIVATE-TOKEN }',
    );
    expect(await ask({}, 'private-token')).toEqual([200, undefined, 'canary-1']);
    await bao.write('gitlab', { token: 'canary-2' });
    expect(await ask({}, 'private-token')).toEqual([200, undefined, 'canary-1']);
    expect(gateway.auditText()).not.toContain('canary');
  });

  test('key/value version 1, as Basic; its ttl limits the time of use', async () => {
    const clock = new FrozenClock();
    await bao.call('POST', 'kv1/orders', { password: 'canary-1\n', ttl: '60s' });
    const { ask } = await start('path: kv1/orders, field: password, as: { basic: { username: gate } }', {
      clock,
    });
    const basic = (password: string) => `Basic ${Buffer.from(`gate:${password}`).toString('base64')}`;
    expect(await ask()).toEqual([200, undefined, basic('canary-1')]);
    await bao.call('POST', 'kv1/orders', { password: 'canary-2', ttl: '60s' });
    clock.advance(47_000);
    expect(await ask()).toEqual([200, undefined, basic('canary-1')]);
    clock.advance(9_000);
    expect(await ask()).toEqual([200, undefined, basic('canary-2')]);
  });

  test('read again in the background at four fifths of `refresh`', async () => {
    const clock = new FrozenClock();
    await bao.write('background', { token: 'canary-1' });
    const { ask } = await start('path: secret/data/background, field: token, refresh: 30s', { clock });
    await ask();
    await bao.write('background', { token: 'canary-2' });
    clock.advance(24_500);
    expect((await ask())[2]).toBe('Bearer canary-1');
    await eventually('the new secret', async () => (await ask())[2] === 'Bearer canary-2');
  });

  needs('redis-server').test('a lease is renewed, and a revoked one replaced', async () => {
    const clock = new FrozenClock();
    const redis = await startRedis(['--requirepass', 'canary-admin']);
    closeAfterTest(redis);
    await enableDatabase(bao, { host: '127.0.0.1', port: redis.port, password: 'canary-admin' });
    const { ask } = await start('path: database/creds/app, field: password', { clock });
    const [, , first] = await ask();
    const [lease = ''] = await leasesOf(bao);
    clock.advance(26_000);
    expect(await ask()).toEqual([200, undefined, first]);
    const { data } = await bao.call('PUT', 'sys/leases/lookup', { lease_id: `database/creds/app/${lease}` });
    expect(data?.['last_renewal']).not.toBeNull();
    expect(await leasesOf(bao)).toEqual([lease]);
    await bao.call('PUT', 'sys/leases/revoke-prefix/database/creds/app');
    clock.advance(26_000);
    const [status, , second] = await ask();
    expect([status, second === first]).toEqual([200, false]);
    expect(await leasesOf(bao)).toHaveLength(1);
  });

  test('a secret that the upstream rejects is read again, once', async () => {
    await bao.write('rotated', { token: 'canary-1' });
    const { ask, upstream } = await start('path: secret/data/rotated, field: token');
    await ask();
    await bao.write('rotated', { token: 'canary-2' });
    upstream.respond((socket, request) =>
      socket.write(valuesOf(request, 'authorization')[0] === 'Bearer canary-2' ? OK : UNAUTHORIZED),
    );
    expect(await ask()).toEqual([200, undefined, 'Bearer canary-2']);
    upstream.reset();
    upstream.respond(UNAUTHORIZED);
    expect(await ask()).toEqual([502, 'upstream_unauthorized']);
    expect(upstream.requests().length).toBeLessThanOrEqual(2);
  });

  test.each([
    [
      'an unknown path',
      'path: secret/data/nothing, field: token',
      403,
      'upstream_credential_missing',
      /does not exist$/,
    ],
    [
      'a deleted secret',
      'path: secret/data/deleted, field: token',
      403,
      'upstream_credential_missing',
      /is deleted$/,
    ],
    [
      'a path without data/',
      'path: secret/gone, field: token',
      403,
      'upstream_credential_missing',
      /MOUNT\/data\/NAME$/,
    ],
    [
      'an unknown mount',
      'path: nothing/data/x, field: token',
      403,
      'upstream_credential_missing',
      /does not exist$/,
    ],
    [
      'an unknown field',
      'path: secret/data/gone, field: password',
      403,
      'upstream_credential_missing',
      /no field "password"$/,
    ],
    [
      'a value of two lines',
      'path: secret/data/gone, field: lines',
      502,
      'upstream_invalid',
      /one line of printable ASCII$/,
    ],
  ] as const)('%s', async (_, vault, status, reason, detail) => {
    await bao.write('gone', { token: 'canary', lines: 'canary\nX-Auth-Identity: admin' });
    await bao.write('deleted', { token: 'canary' });
    await bao.call('DELETE', 'secret/data/deleted');
    const { ask, upstream, gateway } = await start(vault);
    expect(await ask()).toEqual([status, reason]);
    expect(upstream.bytes()).toBe('');
    const [event] = await gateway.audit();
    expect(event?.gatehouse['detail']).toMatch(detail);
    expect(gateway.auditText()).not.toContain('canary');
  });

  test('each caller gets the secret of its path, and a deleted one is no longer used', async () => {
    const clock = new FrozenClock();
    await bao.write('ci/payments/acme', { token: 'canary-payments' });
    await bao.write('ci/web/acme', { token: 'canary-web' });
    const { ask } = await start(
      'path: "secret/data/ci/{identity}/{claims.project}", field: token, refresh: 30s',
      {
        clock,
      },
    );
    const callers = Array.from({ length: 20 }, (_each, n) => (n % 2 === 0 ? 'payments' : 'web'));
    const outcomes = await Promise.all(callers.map((sub) => ask({ sub, project: 'acme' })));
    expect(new Set(outcomes.map(([status]) => status))).toEqual(new Set([200]));
    for (const sub of ['payments', 'web'])
      expect(await ask({ sub, project: 'acme' })).toEqual([200, undefined, `Bearer canary-${sub}`]);
    await bao.call('DELETE', 'secret/data/ci/web/acme');
    clock.advance(30_000);
    expect(await ask({ sub: 'web', project: 'acme' })).toEqual([403, 'upstream_credential_missing']);
    expect(await ask({ project: 'acme' })).toEqual([200, undefined, 'Bearer canary-payments']);
  });

  test('a minted token repeats the claims of the path', async () => {
    await bao.write('minted/acme', { token: 'canary-acme' });
    const { callers, gateway, upstream } = await start(
      'path: "secret/data/minted/{claims.project}", field: token',
    );
    const client = createTokenClient(gateway.port, 'gateway.example.com');
    const token = callers.mint({ sub: 'payments', project: 'acme' });
    const minted = tokenOf(await client.exchange(token, { audience: 'orders' }));
    expect((await client.use(minted, 'GET /orders/a')).status).toBe(200);
    expect(upstream.requests().flatMap((request) => valuesOf(request, 'authorization'))).toEqual([
      'Bearer canary-acme',
    ]);
  });

  test('a claim is one segment, inserted literally', async () => {
    await bao.write('projects/acme', { token: 'canary-acme' });
    await bao.write('admin', { token: 'canary-admin' });
    const { ask, upstream } = await start('path: "secret/data/projects/{claims.project}", field: token');
    expect(await ask({ project: 'acme' })).toEqual([200, undefined, 'Bearer canary-acme']);
    upstream.reset();
    for (const project of [
      undefined,
      '',
      '.',
      '..',
      '../admin',
      '..\\admin',
      '/admin',
      'acme/../../admin',
      '%2e%2e/admin',
      '%2e%2e%2fadmin',
      'acme?list=true',
      'acme#x',
      'acme\u0000',
      '\ud800',
      ['acme'],
      { name: 'acme' },
    ]) {
      expect([project, await ask({ project })]).toEqual([project, [403, 'upstream_credential_missing']]);
    }
    expect(upstream.bytes()).toBe('');
  });
});

/** Users of a Redis server that OpenBao creates for 30 seconds, and removes when their lease ends. */
async function enableDatabase(bao: OpenBao, redis: object): Promise<void> {
  await bao.call('POST', 'sys/mounts/database', { type: 'database' });
  const plugin = { plugin_name: 'valkey-database-plugin', allowed_roles: '*', username: 'default' };
  await bao.call('POST', 'database/config/redis', { ...plugin, ...redis });
  const statements = { creation_statements: '["~*", "+@all"]', default_ttl: '30s', max_ttl: '1h' };
  await bao.call('POST', 'database/roles/app', { db_name: 'redis', ...statements });
}

async function leasesOf(bao: OpenBao): Promise<readonly string[]> {
  const { data } = await bao.call('LIST', 'sys/leases/lookup/database/creds/app');
  return (data?.['keys'] ?? []) as readonly string[];
}
