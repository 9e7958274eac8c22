/** P1: path parameters and a literal `./`, on the services that accept them. */
import { beforeEach, describe, expect, test } from 'vitest';
import { startIssuer } from '../support/issuer.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { useScenario } from '../support/scenario.ts';

const scenario = useScenario({
  backends: { issuer: () => startIssuer(), upstream: () => startRecordingUpstream() },
  token: ({ issuer }) => issuer.mint({ project_id: '20' }),
  config: ({ issuer, upstream }) => `
issuers: { gitlab: { type: gitlab, issuer: "${issuer.url}" } }
identities:
  job:
    issuer: gitlab
    match: { project_id: "20" }
    grants:
      - { service: files, scopes: [read_package_registry, write_package_registry], resources: ["acme/**", "**/*.public"] }
      - { service: plain, scopes: [read_package_registry], resources: ["**"] }
      - { service: maven, scopes: [read_package_registry], resources: ["**"] }
      - { service: api, scopes: [read_api], resources: ["/open/**"] }
      - { service: api, scopes: [admin], resources: ["/**"] }
services:
  files: { type: generic, path: /files/, pathParameters: keep, upstream: { url: "${upstream.url}/" } }
  plain: { type: generic, path: /plain/, upstream: { url: "${upstream.url}/" } }
  maven: { type: maven, path: /maven/, pathParameters: keep, upstream: { url: "${upstream.url}/" } }
  api:
    type: http
    path: /api/
    pathParameters: keep
    upstream: { url: "${upstream.url}/" }
    operations:
      - { scope: admin, methods: [GET], paths: ["/admin/**"] }
      - { scope: read_api, methods: [GET] }
`,
});

beforeEach(() => scenario.upstream.reset());

async function statusOf(target: string, method = 'GET'): Promise<number | undefined> {
  const [response] = await scenario.send(scenario.request(`${method} ${target}`));
  return response?.status;
}

const forwarded = (): readonly string[] => scenario.upstream.requests().map(({ requestLine }) => requestLine);

test.each([
  ['PUT', '/files/acme/app.jar;build.number=1;vcs=abc', '/acme/app.jar;build.number=1;vcs=abc'],
  ['GET', '/files/acme;branch=main/app.jar', undefined],
  ['GET', '/maven/libs;build=1/com/acme/app/1.0/app-1.0.jar', '/libs;build=1/com/acme/app/1.0/app-1.0.jar'],
  ['GET', '/api/open/a;v=1', '/open/a;v=1'],
  ['GET', '/plain/debs/./Packages.gz', '/debs/Packages.gz'],
  ['GET', '/files/./acme/Release', '/acme/Release'],
])('%s %s is forwarded as %s', async (method, target, path) => {
  expect(await statusOf(target, method)).toBe(path === undefined ? 403 : 200);
  expect(forwarded()).toEqual(path === undefined ? [] : [`${method} ${path} HTTP/1.1`]);
});

describe('the resource that an upstream without path parameters in names would find must be granted', () => {
  test.each([
    '/files/secret/key;.public',
    '/files/secret;x/key.private;a.public',
    '/files/secret;/key.private;a.public',
    // The reading without parameters is the operation `admin`, the other one `read_api`.
    '/api/admin;v=1/users',
    '/api/open/a;v=1/../../admin',
  ])('%s', async (target) => {
    expect([400, 403]).toContain(await statusOf(target));
    expect(forwarded()).toEqual([]);
  });
});

test.each([
  '/files/acme/..;/secret/key',
  '/files/acme/..;x=1/secret/key',
  '/files/acme/.;/secret/key',
  '/files/acme/%2e%2e;/secret/key',
  '/files/acme/..%3b/secret/key',
  '/files/acme/a%3Bx',
  '/files/acme/;/key',
  '/files/acme/././key',
  '/files/acme/%2e/key',
  '/plain/a;v=1',
  '/plain/a/..;/b',
  '/api/open/./a',
  '/maven/./com/acme/app/1.0/app-1.0.jar',
])('%s is ambiguous', async (target) => {
  expect(await statusOf(target)).toBe(400);
  expect(forwarded()).toEqual([]);
});

test('the audit event contains the path as sent and the authorized resource', async () => {
  await statusOf('/plain/debs/./Packages.gz?token=canary');
  const event = (await scenario.gateway.audit()).at(-1);
  expect(event).toMatchObject({
    url: { path: '/plain/debs/./Packages.gz' },
    gatehouse: { resources: ['debs/Packages.gz'] },
  });
  await statusOf('/maven/./a');
  expect((await scenario.gateway.audit()).at(-1)).toMatchObject({ url: { path: '/maven/./a' } });
});

test('a route that issues credentials is found without its path parameters', async () => {
  for (const target of ['/files/api;x/security;y=1/apiKey', '/files/artifactory;x/api;y/security/token']) {
    expect(await statusOf(target)).toBe(403);
    const event = (await scenario.gateway.audit()).at(-1);
    expect(event?.event.reason).toBe('operation_unknown');
  }
  expect(forwarded()).toEqual([]);
});
