/** Trusted publishing of crates, gems and NuGet packages: the exchange, then the stock client with the issued token. */
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { cargo, needsCargo, startCrateRegistry, writeCrate, writeWorkspace } from '../support/cargo.ts';
import { buildGem, startGemServer } from '../support/gem-server.ts';
import { needing, needs } from '../support/needs.ts';
import { startNuget } from '../support/nuget-server.ts';
import { createNuget, missingNuget } from '../support/nuget.ts';
import { run } from '../support/run.ts';
import { useJobScenario } from '../support/scenario/job.ts';

/** URLs in responses have this scheme; the clients connect without TLS. */
const SERVER = { publicUrl: 'http://gateway.example.com' };

interface Service {
  readonly type: string;
  readonly audience: string;
  readonly upstream: string;
}

const configuration = (gitlab: string, { type, audience, upstream }: Service, resource: string): string => `
issuers: { gitlab: { type: gitlab, issuer: "${gitlab}" } }
identities:
  ci:
    issuer: gitlab
    match: { project_id: "20" }
    grants: [{ service: packages, scopes: [read_package_registry, write_package_registry], resources: ["${resource}"] }]
  reader:
    issuer: gitlab
    match: { project_id: "21" }
    grants: [{ service: packages, scopes: [read_package_registry], resources: ["**"] }]
services:
  packages:
    type: ${type}
    hosts: [127.0.0.1]
    path: /${type}/
    trustedPublishing: { audience: "${audience}" }
    upstream: ${upstream}
`;

/** Requests of the exchange actions; fetch sends a User-Agent. */
function exchangeAt({ gateway }: { readonly gateway: { readonly url: string } }, path: string) {
  return async (
    method: 'POST' | 'DELETE',
    body: object | undefined,
    bearer?: string,
  ): Promise<{ status: number; headers: Headers; body: string }> => {
    const response = await fetch(`${gateway.url}${path}`, {
      method,
      headers: {
        ...(body && { 'Content-Type': 'application/json' }),
        ...(bearer !== undefined && { Authorization: `Bearer ${bearer}` }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    return { status: response.status, headers: response.headers, body: await response.text() };
  };
}

needsCargo.describe('crates', () => {
  const audience = 'crates.example.com';
  const scenario = useJobScenario({
    server: SERVER,
    backends: () => ({ registry: () => startCrateRegistry() }),
    config: ({ gitlab, registry }) =>
      configuration(
        gitlab.url,
        { type: 'cargo', audience, upstream: `{ url: "${registry.url}/" }` },
        'acme-*',
      ),
  });
  const exchange = (...args: Parameters<ReturnType<typeof exchangeAt>>) =>
    exchangeAt(scenario, '/api/v1/trusted_publishing/tokens')(...args);
  const tokenOf = (body: string): string => (JSON.parse(body) as { token: string }).token;

  test('cargo publishes with the token until it is revoked', async () => {
    const issued = await exchange('POST', { jwt: scenario.job.idToken({ aud: audience }) });
    expect(issued.status, issued.body).toBe(200);
    const token = tokenOf(issued.body);
    const publish = async (name: string) => {
      const place = join(scenario.folder, name);
      writeCrate(place, name);
      const host = `127.0.0.1:${scenario.gateway.port}`;
      return cargo(place, { host, token }, 'publish', '--registry', 'acme', '--no-verify', '--allow-dirty');
    };
    const published = await publish('acme-api');
    expect(published).toExitWith(0);
    expect((await publish('other')).stderr).toContain('resource_not_granted');
    const second = await publish('acme-web');
    expect(second.stderr).toContain('This publishing token covers "acme-api" only');
    expect(second.stderr).toContain('package_not_covered');

    expect(await exchange('DELETE', undefined, token)).toMatchObject({ status: 204, body: '' });
    expect((await publish('acme-late')).stderr).toContain('revoked');
    expect((await exchange('DELETE', undefined)).body).toMatch(/^\{"errors":\[\{"detail":"/);
    expect(scenario.registry.received()).not.toContain(token);
  }, 60_000);

  test('cargo publishes a workspace with one token, if packages: granted', async () => {
    const publish = async (...crates: readonly string[]) => {
      const { body } = await exchange('POST', { jwt: scenario.job.idToken({ aud: audience }) });
      const place = join(scenario.folder, `workspace-${crates[0]}`);
      writeWorkspace(place, crates);
      const registry = { host: `127.0.0.1:${scenario.gateway.port}`, token: tokenOf(body) };
      const options = ['--workspace', '--registry', 'acme', '--no-verify', '--allow-dirty'];
      return cargo(place, registry, 'publish', ...options);
    };
    const limited = await publish('acme-one', 'acme-two');
    expect(limited).not.toExitWith(0);
    expect(limited.stderr).toContain('package_not_covered');
    const key = `trustedPublishing: { audience: "${audience}"`;
    const edit = (yaml: string) => yaml.replace(key, `${key}, packages: granted`);
    expect(await scenario.gateway.reload(edit)).toBe(true);
    const published = await publish('acme-three', 'acme-four');
    expect(published).toExitWith(0);
  }, 120_000);

  test('a refused exchange has the error format of crates.io', async () => {
    const once = scenario.job.idToken({ aud: audience });
    expect((await exchange('POST', { jwt: once })).status).toBe(200);
    for (const jwt of [
      once,
      scenario.job.idToken(),
      scenario.job.idToken({ aud: audience, project_id: '21' }),
    ]) {
      const { status, body } = await exchange('POST', { jwt });
      expect([status, body]).toEqual([
        400,
        expect.stringMatching(/^\{"errors":\[\{"detail":".*not accepted/),
      ]);
    }
    expect((await exchange('POST', { token: once })).status).toBe(400);
  });
});

needs('gem').describe('gems', () => {
  const audience = 'rubygems.example.com';
  const scenario = useJobScenario({
    server: SERVER,
    backends: () => ({ gems: () => startGemServer() }),
    config: ({ gitlab, gems }) => {
      const upstream = `{ url: "${gems.url}/", auth: { basic: { username: gatehouse, password: canary-gems-upstream } } }`;
      return configuration(gitlab.url, { type: 'rubygems', audience, upstream }, 'acme*');
    },
  });
  const exchange = (...args: Parameters<ReturnType<typeof exchangeAt>>) =>
    exchangeAt(scenario, '/api/v1/oidc/trusted_publisher/exchange_token')(...args);

  test('gem pushes with the API key', async () => {
    const issued = await exchange('POST', { jwt: scenario.job.idToken({ aud: audience }) });
    expect(issued.status, issued.body).toBe(201);
    const key = JSON.parse(issued.body) as { rubygems_api_key: string; expires_at: string };
    expect(key).toMatchObject({ name: expect.any(String), scopes: ['push_rubygem'] });
    expect(new Date(key.expires_at).getTime()).toBeGreaterThan(Date.now());
    for (const [name, text] of [
      ['acme', 'Accepted by the gem server.'],
      ['other', 'resource_not_granted'],
      ['acme-web', 'package_not_covered'],
    ] as const) {
      const file = await buildGem(scenario.folder, name);
      const host = `${scenario.gateway.url}/rubygems`;
      const { stdout, stderr } = await run('gem', ['push', file, '--host', host], {
        cwd: dirname(file),
        env: { PATH: process.env['PATH'], HOME: scenario.folder, GEM_HOST_API_KEY: key.rubygems_api_key },
      });
      expect(stdout + stderr).toContain(text);
    }
    expect(JSON.stringify(scenario.gems.requests)).not.toContain(key.rubygems_api_key);
  }, 60_000);

  test('an ID token is exchanged once, for its audience', async () => {
    const jwt = scenario.job.idToken({ aud: audience });
    expect((await exchange('POST', { jwt })).status).toBe(201);
    for (const refused of [jwt, scenario.job.idToken(), 'x']) {
      const { status, body } = await exchange('POST', { jwt: refused });
      expect([status, body]).toEqual([401, expect.stringMatching(/^\{"error":"/)]);
    }
  });
});

describe('NuGet packages', () => {
  const audience = 'https://nuget.example.com';
  const scenario = useJobScenario({
    server: SERVER,
    backends: () => ({ feed: () => startNuget() }),
    config: ({ gitlab, feed }) => {
      const auth = `auth: { basic: { username: ${feed.username}, password: ${feed.password} } }`;
      return configuration(
        gitlab.url,
        { type: 'nuget', audience, upstream: `{ url: "${feed.url}/", ${auth} }` },
        '**',
      );
    },
  });
  const exchange = (...args: Parameters<ReturnType<typeof exchangeAt>>) =>
    exchangeAt(scenario, '/api/v2/token')(...args);
  const BODY = { username: 'acme', tokenType: 'ApiKey' };

  needing(missingNuget()).test(
    'nuget pushes with the API key',
    async () => {
      const issued = await exchange('POST', BODY, scenario.job.idToken({ aud: audience }));
      expect(issued.status, issued.body).toBe(200);
      const { apiKey, ...others } = JSON.parse(issued.body) as { apiKey: string };
      expect(others).toEqual({ tokenType: 'ApiKey', expires: expect.stringMatching(/^\d{4}-.*Z$/) });
      const source = `${scenario.gateway.url}/nuget/v3/index.json`;
      const nuget = createNuget(scenario.folder, source);
      const file = await nuget.pack('Acme.Tools', '1.0.0');
      const credential = { username: 'oidc', password: apiKey };
      const pushed = await nuget.run(credential, 'push', file, '-Source', 'gatehouse', '-ApiKey', apiKey);
      expect(pushed).toExitWith(0);
      expect(scenario.feed.requests.map(({ line }) => line)).toContain('PUT /api/v2/package/');
      expect(JSON.stringify(scenario.feed.requests)).not.toContain(apiKey);

      const other = await nuget.pack('Acme.Web', '1.0.0');
      const refused = await nuget.run(credential, 'push', other, '-Source', 'gatehouse', '-ApiKey', apiKey);
      expect(refused).not.toExitWith(0);
      expect(refused.stdout + refused.stderr).toContain('package_not_covered');
    },
    180_000,
  );

  test('a refused exchange has the error format of NuGet', async () => {
    const jwt = scenario.job.idToken({ aud: audience });
    expect((await exchange('POST', BODY, jwt)).status).toBe(200);
    for (const bearer of [jwt, scenario.job.idToken(), undefined]) {
      const { status, headers, body } = await exchange('POST', BODY, bearer);
      expect([status, headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
      expect(body).toMatch(/^\{"error":"/);
    }
    expect((await exchange('POST', { ...BODY, tokenType: 'x' }, jwt)).status).toBe(400);
  });
});
