/** `GET /v1/users/me/services`: the services on which the caller has a grant, for scripts that configure clients. */
import { expect, test } from 'vitest';
import { startIssuer } from '../support/issuer.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { useScenario } from '../support/scenario.ts';

const scenario = useScenario({
  backends: {
    gitlab: () => startIssuer(),
    cluster: () => startIssuer({ type: 'kubernetes' }),
    upstream: () => startRecordingUpstream(),
  },
  config: ({ gitlab, cluster, upstream }) => `
issuers:
  gitlab: { type: gitlab, issuer: "${gitlab.url}" }
  cluster: { type: kubernetes, issuer: "${cluster.url}" }
identities:
  payments:
    issuer: gitlab
    match: { project_id: "20" }
    grants:
      - { service: npm, scopes: [read_package_registry], resources: ["@acme/*", "left pad,$(id)"] }
      - { service: npm, scopes: [read_package_registry, write_package_registry], resources: ["{claims.project_path}"] }
      - { service: registry, scopes: [read_registry], resources: ["acme/**"] }
      - { service: odd, scopes: [read_api], resources: ["/**"] }
      - { service: own, scopes: [read_api], resources: ["/**"] }
      - { service: clusters, scopes: [read_api], resources: ["/**"] }
      - { service: maven, scopes: [read_package_registry], resources: ["{claims.missing}"] }
  idle: { issuer: gitlab, match: { project_id: "21" } }
services:
  npm: { type: npm, path: /npm/, upstream: { url: "${upstream.url}/" } }
  pypi: { type: pypi, path: /pypi/, upstream: { url: "${upstream.url}/" } }
  maven: { type: maven, path: /maven/, upstream: { url: "${upstream.url}/" } }
  registry: { type: oci, hosts: [registry.example.com, "registry.example.com:8443"], upstream: { url: "${upstream.url}" } }
  odd: { type: http, path: "/o'$(x)&/", upstream: { url: "${upstream.url}/" } }
  own: { type: http, path: /own/, audiences: ["https://own.example.com"], upstream: { url: "${upstream.url}/" } }
  clusters: { type: http, path: /clusters/, issuers: [cluster], upstream: { url: "${upstream.url}/" } }
`,
});

async function services(claims: Readonly<Record<string, unknown>>, ...headers: readonly string[]) {
  const credential = `Authorization: Bearer ${scenario.gitlab.mint(claims)}`;
  return scenario.respond('GET /v1/users/me/services', [credential, ...headers]);
}

const ORIGIN = 'https://gateway.example.com';

test('lists the services of the grants, with the scopes, resources and the URL for clients', async () => {
  const response = await services({});
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('application/json');
  expect(response.headers.get('cache-control')).toBe('no-store');
  expect(JSON.parse(response.body.toString())).toEqual([
    {
      name: 'npm',
      type: 'npm',
      url: `${ORIGIN}/npm/`,
      scopes: ['read_package_registry', 'write_package_registry'],
      resources: ['@acme/*', 'left pad,$(id)', 'acme/payments'],
    },
    {
      name: 'registry',
      type: 'oci',
      url: 'https://registry.example.com',
      scopes: ['read_registry'],
      resources: ['acme/**'],
    },
    { name: 'odd', type: 'http', url: `${ORIGIN}/o'$(x)&/`, scopes: ['read_api'], resources: ['/**'] },
  ]);
  const event = await scenario.audited(response);
  expect(event).toMatchObject({ event: { outcome: 'success', reason: 'granted' } });
});

test('as TSV, each field contains only characters that no shell interprets', async () => {
  const response = await services({}, 'Accept: text/tab-separated-values');
  expect(response.headers.get('content-type')).toBe('text/tab-separated-values; charset=utf-8');
  const text = response.body.toString();
  expect(text).toBe(
    [
      `npm\tnpm\t${ORIGIN}/npm/\tread_package_registry,write_package_registry\t%40acme%2F%2A,left%20pad%2C%24%28id%29,acme%2Fpayments\n`,
      'registry\toci\thttps://registry.example.com\tread_registry\tacme%2F%2A%2A\n',
      `odd\thttp\t${ORIGIN}/o%27%24%28x%29%26/\tread_api\t%2F%2A%2A\n`,
    ].join(''),
  );
  expect(text).toMatch(/^[A-Za-z0-9._~%:/,\t\n-]*$/);
});

test('a caller without grants has an empty list', async () => {
  const response = await services({ project_id: '21' });
  expect([response.status, response.body.toString()]).toEqual([200, '[]']);
  const tsv = await services({ project_id: '21' }, 'Accept: text/tab-separated-values');
  expect([tsv.status, tsv.body.toString()]).toEqual([200, '']);
});

test('a minted token has the services of its scopes', async () => {
  const body = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: scenario.gitlab.mint(),
    subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
    scope: 'read_registry',
  });
  const exchanged = await fetch(`${scenario.gateway.url}/oauth/token`, { method: 'POST', body });
  const { access_token: token } = (await exchanged.json()) as { access_token: string };
  const response = await fetch(`${scenario.gateway.url}/v1/users/me/services`, {
    headers: { Authorization: `Bearer ${token}` },
  });
  // Reached under another host than `publicUrl`.
  expect(await response.json()).toMatchObject([{ name: 'registry', url: 'https://registry.example.com' }]);
});

test.each([
  ['no credential', [], 401],
  ['an invalid token', ['Authorization: Bearer x.y.z'], 401],
] as const)('%s: %s', async (_name, headers, status) => {
  expect(await scenario.statusOf('GET /v1/users/me/services', headers)).toBe(status);
});

test('a caller without identity: 403; a method other than GET: 405', async () => {
  expect((await services({ project_id: '99' })).status).toBe(403);
  expect(await scenario.statusOf('POST /v1/users/me/services', ['Content-Length: 0'])).toBe(405);
});

test('the URL of a service has the host under which the client reached the gateway', async () => {
  const token = scenario.gitlab.mint();
  const response = await fetch(`${scenario.gateway.url}/v1/users/me/services`, {
    headers: { Authorization: `Bearer ${token}` },
  });
  expect(await response.json()).toMatchObject([
    { url: `${scenario.gateway.url}/npm/` },
    { url: 'https://registry.example.com' },
    { url: `${scenario.gateway.url}/o'$(x)&/` },
  ]);
});
