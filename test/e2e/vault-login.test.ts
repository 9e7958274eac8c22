/** Logins at OpenBao: auth methods, renewal, namespaces, a sealed and a restarted server. */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createAuthority } from '../support/certificates.ts';
import { closeAfterTest } from '../support/clean-up.ts';
import { eventually } from '../support/eventually.ts';
import { startIssuer } from '../support/issuer.ts';
import { startOpenBao, VAULT_AUDIENCE, type OpenBao } from '../support/openbao.ts';
import { needsPython } from '../support/python.ts';
import { JWT_LOGIN, startVaultScenario, type VaultScenario } from '../support/scenario/vault.ts';
import { startTokenReviews } from '../support/token-review.ts';
import { useStarted } from '../support/use-started.ts';

const FIELD = 'path: secret/data/orders, field: token';
const ACCEPTED = [200, undefined, 'Bearer canary'];
const REJECTED = [502, 'upstream_unauthorized'];

needsPython.describe('the login at OpenBao', () => {
  const issuer = useStarted(() => startIssuer({ type: 'oidc' }));
  const bao = useStarted(async () => {
    const server = await startOpenBao();
    await server.acceptJwt(issuer);
    await server.write('orders', { token: 'canary' });
    return server;
  });
  const start = (vault: string, files = {}, at: OpenBao = bao): Promise<VaultScenario> =>
    startVaultScenario({ bao: at, issuer, vault, files });

  test.each([
    [
      'an unknown role',
      'auth: { jwt: { role: other, tokenFile: jwt } }',
      /the login with role "other" at jwt with 400$/,
    ],
    [
      'an unknown mount',
      'auth: { jwt: { role: gatehouse, tokenFile: jwt, mount: other } }',
      /at other with 403$/,
    ],
    ['a JWT for another audience', 'auth: { jwt: { role: gatehouse, tokenFile: wrong } }', /with 400$/],
    [
      'a token of the vault that is unknown',
      'auth: { tokenFile: unknown }',
      /the token of tokenFile with 403$/,
    ],
    ['an unknown namespace', `${JWT_LOGIN}, namespace: nowhere`, /with 404$/],
  ])('%s: 502, and no secret in any output', async (_, vault, detail) => {
    const wrong = issuer.mint({ sub: 'gatehouse', aud: 'canary-audience' });
    const { ask, gateway, upstream } = await start(`${vault}, ${FIELD}`, {
      wrong,
      unknown: 'canary-unknown',
    });
    expect(await ask()).toEqual(REJECTED);
    expect(upstream.bytes()).toBe('');
    const [event] = await gateway.audit();
    expect(event?.gatehouse['detail']).toMatch(detail);
    expect(gateway.auditText()).not.toMatch(/canary|eyJ/);
  });

  test('a login without the right to read the path', async () => {
    await bao.call('POST', 'auth/jwt/role/powerless', {
      role_type: 'jwt',
      user_claim: 'sub',
      bound_audiences: [VAULT_AUDIENCE],
    });
    const before = await logins(bao);
    const { ask } = await start(`auth: { jwt: { role: powerless, tokenFile: jwt } }, ${FIELD}`);
    for (let n = 0; n < 5; n++) expect(await ask()).toEqual(REJECTED);
    expect((await logins(bao)) - before).toBe(1);
  });

  test('a changed JWT file is used at once', async () => {
    const valid = issuer.mint({ sub: 'gatehouse', aud: VAULT_AUDIENCE });
    const { ask, gateway } = await start(`${JWT_LOGIN}, ${FIELD}`, { jwt: issuer.mint({ aud: 'other' }) });
    expect(await ask()).toEqual(REJECTED);
    writeFileSync(join(gateway.folder, 'new'), valid);
    renameSync(join(gateway.folder, 'new'), join(gateway.folder, 'jwt'));
    await eventually('the new JWT', async () => (await ask())[0] === 200);
  });

  test('many requests share one login; its token is renewed, and replaced at its maximum lifetime', async () => {
    const role = { token_ttl: '3s', token_max_ttl: '6s', token_type: 'service' };
    const bound = { role_type: 'jwt', user_claim: 'sub', bound_audiences: [VAULT_AUDIENCE] };
    await bao.call('POST', 'auth/jwt/role/brief', { ...bound, token_policies: 'gatehouse', ...role });
    const vault = `auth: { jwt: { role: brief, tokenFile: jwt } }, refresh: 1s, ${FIELD}`;
    const before = await logins(bao);
    const { ask } = await start(vault);
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => ask()));
    expect(new Set(outcomes.map(([status]) => status))).toEqual(new Set([200]));
    expect((await logins(bao)) - before).toBe(1);
    const started = performance.now();
    await eventually('the second login', async () => {
      expect(await ask()).toEqual(ACCEPTED);
      return (await loginsOfRole(bao, 'brief')) > 1;
    });
    // The first token was renewed beyond its lifetime of 3 s.
    expect(performance.now() - started).toBeGreaterThan(3_000);
  });

  test('a token file, rotated', async () => {
    const create = async (): Promise<string> => {
      const { auth } = await bao.call('POST', 'auth/token/create', { policies: ['gatehouse'], ttl: '1h' });
      return auth?.client_token ?? '';
    };
    const first = await create();
    const { ask, gateway } = await start(`auth: { tokenFile: token }, refresh: 1s, ${FIELD}`, {
      token: first,
    });
    expect(await ask()).toEqual(ACCEPTED);
    await bao.call('POST', 'auth/token/revoke', { token: first });
    writeFileSync(join(gateway.folder, 'new'), await create());
    renameSync(join(gateway.folder, 'new'), join(gateway.folder, 'token'));
    expect(await ask()).toEqual(ACCEPTED);
  });

  test('a namespace', async () => {
    const namespace = 'team';
    await bao.call('POST', 'sys/namespaces/team', {});
    await bao.call('POST', 'sys/mounts/secret', { type: 'kv', options: { version: '2' } }, { namespace });
    await bao.acceptJwt(issuer, {}, namespace);
    await bao.write('orders', { token: 'canary-team' }, namespace);
    const { ask } = await start(`${JWT_LOGIN}, namespace: team, ${FIELD}`);
    expect(await ask()).toEqual([200, undefined, 'Bearer canary-team']);
  });

  test('the service account of a pod', async () => {
    const account = { namespace: 'gatehouse', name: 'gateway', uid: '0a1b2c3d-0000-4000-8000-000000000009' };
    const serviceaccount = { name: account.name, uid: account.uid };
    const pod = await startIssuer({ type: 'kubernetes' });
    closeAfterTest(pod);
    const jwt = pod.mint({
      sub: `system:serviceaccount:${account.namespace}:${account.name}`,
      aud: [VAULT_AUDIENCE],
      'kubernetes.io': { namespace: account.namespace, serviceaccount },
    });
    const reviews = await startTokenReviews((token) => token === jwt, account);
    closeAfterTest(reviews);
    await bao.call('POST', 'sys/auth/kubernetes', { type: 'kubernetes' });
    await bao.call('POST', 'auth/kubernetes/config', {
      kubernetes_host: reviews.url,
      kubernetes_ca_cert: createAuthority('cluster').certificate,
      token_reviewer_jwt: 'reviewer',
      disable_local_ca_jwt: true,
    });
    await bao.call('POST', 'auth/kubernetes/role/gatehouse', {
      bound_service_account_names: [account.name],
      bound_service_account_namespaces: [account.namespace],
      audience: VAULT_AUDIENCE,
      token_policies: 'gatehouse',
    });
    const login = (file: string): string => `auth: { kubernetes: { role: gatehouse, tokenFile: ${file} } }`;
    const { ask } = await start(`${login('pod')}, ${FIELD}`, { pod: jwt });
    expect(await ask()).toEqual(ACCEPTED);
    expect(reviews.reviewed).toEqual([jwt]);
    const other = await start(`${login('pod')}, ${FIELD}`, { pod: pod.mint({ aud: [VAULT_AUDIENCE] }) });
    expect(await other.ask()).toEqual(REJECTED);
  });
});

needsPython.describe('an OpenBao that is', () => {
  const issuer = useStarted(() => startIssuer({ type: 'oidc' }));

  test('sealed, unsealed, killed and restarted', async () => {
    const bao = await startOpenBao();
    closeAfterTest(bao);
    const fill = async (): Promise<void> => {
      await bao.acceptJwt(issuer);
      await bao.write('orders', { token: 'canary' });
    };
    await fill();
    const { ask, gateway } = await startVaultScenario({
      bao,
      issuer,
      vault: `${JWT_LOGIN}, refresh: 1s, ${FIELD}`,
    });
    expect(await ask()).toEqual(ACCEPTED);
    await bao.seal();
    expect(await ask()).toEqual([502, 'upstream_unreachable']);
    await bao.unseal();
    await eventually('the unsealed server', async () => (await ask())[0] === 200);
    await bao.kill();
    expect(await ask()).toEqual([502, 'upstream_unreachable']);
    await bao.restart();
    await fill();
    // The new server does not know the token of the gateway, which logs in again.
    await eventually('the restarted server', async () => (await ask())[0] === 200);
    expect(gateway.auditText()).not.toContain('canary');
  });
});

async function accessors(bao: OpenBao): Promise<readonly string[]> {
  const { data } = await bao.call('LIST', 'auth/token/accessors');
  return (data?.['keys'] ?? []) as readonly string[];
}

async function logins(bao: OpenBao): Promise<number> {
  return (await accessors(bao)).length;
}

async function loginsOfRole(bao: OpenBao, role: string): Promise<number> {
  const roles = await Promise.all(
    (await accessors(bao)).map(async (accessor) => {
      const found = await bao.call('POST', 'auth/token/lookup-accessor', { accessor }).catch(() => undefined);
      return (found?.data?.['meta'] as { role?: string } | undefined)?.role;
    }),
  );
  return roles.filter((each) => each === role).length;
}
