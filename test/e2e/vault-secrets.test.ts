/** Secrets of keys named …FromVault: Entra service principals at GitLab, rotation, start and reload without the vault. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { closeAfterTest } from '../support/clean-up.ts';
import { curl } from '../support/curl.ts';
import { startEntra } from '../support/entra.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { startGitlabRest, type GitlabAccount } from '../support/gitlab-rest.ts';
import { startIssuer } from '../support/issuer.ts';
import { needs } from '../support/needs.ts';
import { startOpenBao, VAULT_AUDIENCE } from '../support/openbao.ts';
import { needsPython } from '../support/python.ts';
import { ROOT } from '../support/repository.ts';
import { run } from '../support/run.ts';
import { valuesOf } from '../support/received.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { startScenario } from '../support/scenario.ts';
import { startProcessScenario } from '../support/scenario/process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { useStarted } from '../support/use-started.ts';

const TENANT = '00000000-1111-2222-3333-444444444444';
const GATEWAY = '11111111-2222-3333-4444-555555555555';
const PRINCIPALS = {
  'release-bot': {
    clientId: '33333333-0000-4000-8000-000000000001',
    secret: 'canary-entra-1',
    objectId: '22222222-3333-4444-5555-666666666666',
  },
  inventory: {
    clientId: '33333333-0000-4000-8000-000000000002',
    secret: 'canary-entra-2',
    objectId: '44444444-0000-4000-8000-000000000002',
  },
} as const;

const LOGIN = 'auth: { jwt: { role: gatehouse, tokenFile: jwt } }';

needsPython.describe('secrets from OpenBao', () => {
  const issuer = useStarted(() => startIssuer({ type: 'oidc' }));
  const bao = useStarted(async () => {
    const server = await startOpenBao();
    await server.acceptJwt(issuer);
    return server;
  });
  const jwt = (): string => issuer.mint({ sub: 'gatehouse', aud: VAULT_AUDIENCE });

  needs('curl').test(
    'an Entra service principal reaches GitLab with the GitLab token of its identity',
    async () => {
      const accounts: Record<keyof typeof PRINCIPALS, GitlabAccount> = {
        'release-bot': { username: 'svc-release', token: 'glpat-canary-release', scope: 'api' },
        inventory: { username: 'svc-inventory', token: 'glpat-canary-inv', scope: 'read_api' },
      };
      for (const [name, { token }] of Object.entries(accounts)) await bao.write(`gitlab/${name}`, { token });
      const entraIdentity = (name: keyof typeof PRINCIPALS): string => `
  ${name}:
    issuer: entra
    match: { oid: "${PRINCIPALS[name].objectId}", idtyp: app }
    grants: [{ service: gitlab, scopes: [read_api, write_api], resources: ["/user", "/projects/**"] }]`;
      const entry = (name: string): string =>
        `{ header: { name: PRIVATE-TOKEN, valueFromVault: { path: secret/data/gitlab/${name}, field: token } } }`;
      const { gateway, entra, gitlab } = await startProcessScenario({
        backends: {
          entra: () => startEntra(TENANT, GATEWAY, Object.values(PRINCIPALS)),
          gitlab: () => startGitlabRest(Object.values(accounts)),
        },
        files: () => ({ jwt: jwt() }),
        config: (started) => `
vault: { address: "${bao.url}", refresh: 1s, ${LOGIN} }
issuers:
  entra:
    type: entra
    issuer: https://login.microsoftonline.com/${TENANT}/v2.0
    jwksUri: ${started.entra.jwksUri}
    audiences: [${GATEWAY}]
identities:${entraIdentity('release-bot')}${entraIdentity('inventory')}
services:
  gitlab:
    type: http
    path: /gitlab/
    upstream:
      url: ${started.gitlab.apiUrl}
      auth: { perIdentity: { release-bot: ${entry('release-bot')}, inventory: ${entry('inventory')} } }`,
      });
      const userOf = async (name: keyof typeof PRINCIPALS): Promise<unknown> => {
        const { clientId, secret } = PRINCIPALS[name];
        const form = { client_id: clientId, client_secret: secret, grant_type: 'client_credentials' };
        const fields = Object.entries({ ...form, scope: `api://${GATEWAY}/.default` });
        const login = await curl(
          ...fields.flatMap(([key, value]) => ['--data-urlencode', `${key}=${value}`]),
          entra.tokenEndpoint,
        );
        const token = (JSON.parse(login.body) as { access_token: string }).access_token;
        const answer = await curl('--oauth2-bearer', token, `${gateway.url}/gitlab/user`);
        expect(gitlab.seen()).not.toContain(token);
        return (JSON.parse(answer.body) as { username?: string }).username ?? answer.status;
      };
      expect(await userOf('release-bot')).toBe('svc-release');
      expect(await userOf('inventory')).toBe('svc-inventory');

      accounts.inventory.token = 'glpat-canary-rotated';
      await bao.write('gitlab/inventory', { token: accounts.inventory.token });
      await eventually('the rotated token', async () => (await userOf('inventory')) === 'svc-inventory');
      // A deleted secret is not read again; the last value stays active, as with a file.
      await bao.call('DELETE', 'secret/data/gitlab/inventory');
      await eventually('the warning', () =>
        gateway.log().some(({ message }) => message.startsWith('secret not read again from the vault')),
      );
      expect(await userOf('inventory')).toBe('svc-inventory');
      const { stdout, stderr } = gateway.output();
      expect(stdout + stderr).not.toMatch(/canary|eyJ/);
    },
  );

  test('each kind of secret, and a reload that needs an absent one keeps the last configuration', async () => {
    await bao.write('all', { password: 'canary-password', token: 'canary-token', value: 'canary-value' });
    const field = (name: string, path = 'all'): string => `{ path: secret/data/${path}, field: ${name} }`;
    const service = (name: string, auth: string, url: string): string => `
  ${name}:
    type: http
    path: /${name}/
    anonymous: [{ scopes: [read_api], resources: ["/**"] }]
    upstream: { url: "${url}/", auth: { ${auth} } }`;
    const { gateway, upstream, respond } = await startScenario({
      backends: { upstream: () => startRecordingUpstream() },
      files: { jwt: jwt() },
      config: (started) => `
vault: { address: "${bao.url}", ${LOGIN} }
services:${service('basic', `basic: { username: gate, passwordFromVault: ${field('password')} }`, started.upstream.url)}${service('bearer', `bearer: { tokenFromVault: ${field('token')} }`, started.upstream.url)}${service('header', `header: { name: X-Key, valueFromVault: ${field('value')} }`, started.upstream.url)}
`,
    });
    for (const name of ['basic', 'bearer', 'header'])
      expect((await respond(`GET /${name}/a`)).status).toBe(200);
    const sent = upstream.requests();
    const basic = Buffer.from('gate:canary-password').toString('base64');
    expect(sent.flatMap((request) => valuesOf(request, 'authorization'))).toEqual([
      `Basic ${basic}`,
      'Bearer canary-token',
    ]);
    expect(sent.flatMap((request) => valuesOf(request, 'x-key'))).toEqual(['canary-value']);

    const status = async (): Promise<unknown> => (await fetch(`${gateway.adminUrl}/readyz`)).status;
    expect(
      await gateway.reload((yaml) => yaml.replace('data/all, field: token', 'data/none, field: token')),
    ).toBe(false);
    expect((await respond('GET /bearer/a')).status).toBe(200);
    expect(await status()).toBe(200);
    await bao.write('none', { token: 'canary-later' });
    expect(await gateway.reload((yaml) => yaml)).toBe(true);
    upstream.reset();
    expect((await respond('GET /bearer/a')).status).toBe(200);
    expect(upstream.bytes()).toContain('Bearer canary-later');
  });

  test('the admin token, and `check --online`, which prints no secret', async () => {
    await bao.write('admin', { token: 'canary-admin' });
    await bao.write('orders', { token: 'canary-orders' });
    const { gateway } = await startScenario({
      backends: { upstream: () => startRecordingUpstream() },
      files: { jwt: jwt() },
      server: { admin: 'tokenFromVault: { path: secret/data/admin, field: token }' },
      config: ({ upstream }) => `
vault: { address: "${bao.url}", ${LOGIN} }
services:
  orders:
    type: http
    path: /orders/
    upstream: { url: "${upstream.url}/", auth: { perIdentity: { default: { vault: { address: "${bao.url}", ${LOGIN}, path: secret/data/orders, field: token } } } } }
  web:
    type: http
    path: /web/
    upstream: { url: "${upstream.url}/", auth: { vault: { address: "${bao.url}", ${LOGIN}, path: "secret/data/{identity}", field: token } } }
  wrong:
    type: http
    path: /wrong/
    upstream: { url: "${upstream.url}/", auth: { vault: { address: "${bao.url}", ${LOGIN}, path: secret/data/orders, field: key } } }
`,
    });
    const status = async (token: string): Promise<number> =>
      (await fetch(`${gateway.adminUrl}/status`, { headers: { Authorization: `Bearer ${token}` } })).status;
    expect([await status('canary-admin'), await status('other')]).toEqual([200, 401]);
    const checks = (await gateway.gateway.check()).filter(({ name }) => name.includes('vault'));
    expect(checks).toEqual([
      { name: 'vault', ok: true, detail: 'accepts the login, which may read 1 field' },
      {
        name: 'services.orders.upstream.auth.perIdentity.default.vault',
        ok: true,
        detail: 'secret/data/orders, field token: the vault accepts the login, which may read the field',
      },
      {
        name: 'services.web.upstream.auth.vault',
        ok: true,
        detail:
          'secret/data/{identity}, field token: the vault accepts the login; the path depends on the caller',
      },
      {
        name: 'services.wrong.upstream.auth.vault',
        ok: false,
        detail:
          'secret/data/orders, field key: secret/data/orders has no field "key"; check auth and the policy of its role, path and field',
      },
    ]);
  });

  test.each([
    ['an unreachable vault', 'secret/data/all', /the vault: ECONNREFUSED/],
    ['an absent secret', 'secret/data/nowhere', /secret\/data\/nowhere does not exist/],
  ])('the gateway does not start with %s', async (name, path, message) => {
    const folder = temporaryFolder('vault');
    closeAfterTest(folder);
    const address = name === 'an absent secret' ? bao.url : `http://127.0.0.1:${await freePort()}`;
    writeFileSync(join(folder.path, 'jwt'), jwt(), { mode: 0o600 });
    const file = join(folder.path, 'gatehouse.yaml');
    writeFileSync(
      file,
      `version: 1
server: { listen: "127.0.0.1:0", publicUrl: https://gateway.example.com, admin: { listen: "127.0.0.1:0" } }
vault: { address: "${address}", ${LOGIN} }
services:
  orders:
    type: http
    path: /
    upstream: { url: http://127.0.0.1:1/, auth: { bearer: { tokenFromVault: { path: ${path}, field: token } } } }
`,
    );
    const serve = [join(ROOT, 'src/main.ts'), 'serve', '--config', file];
    const { code, stdout, stderr } = await run(process.execPath, serve, { cwd: folder.path });
    expect({ code, stdout, stderr }).not.toExitWith(0);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/eyJ/);
  });
});
