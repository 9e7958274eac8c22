/** Packages of a GitLab group and of the instance, which can belong to any project in it. */
import { describe, expect, test } from 'vitest';
import { rawResponse, type RawResponse } from '../support/raw-client.ts';
import { requestLines, useRecordedScenario } from '../support/scenario/recorded.ts';

const grant = (resource: string): string =>
  `[{ service: gitlab, scopes: [read_package_registry, write_package_registry], resources: ["${resource}"] }]`;

const scenario = useRecordedScenario({
  host: 'gitlab-gw.example.com',
  config: ({ issuer, upstream }) => `
issuers: { gitlab: { type: gitlab, issuer: "${issuer.url}", projects: { "7": acme/ui, "8": other/app } } }
identities:
  group: { issuer: gitlab, match: { project_id: "20" }, grants: ${grant('acme/**')} }
  level: { issuer: gitlab, match: { project_id: "21" }, grants: ${grant('acme/*')} }
  levels: { issuer: gitlab, match: { project_id: "22" }, grants: ${grant('acme/*/*')} }
  project: { issuer: gitlab, match: { project_id: "23" }, grants: ${grant('acme/payments')} }
  number: { issuer: gitlab, match: { project_id: "24" }, grants: ${grant('group:9/**')} }
  all: { issuer: gitlab, match: { project_id: "25" }, grants: ${grant('**')} }
services:
  gitlab: { type: gitlab, path: /, upstream: { url: "${upstream.url}/", auth: { header: { name: PRIVATE-TOKEN, value: canary-upstream } } } }
`,
});

function send(line: string, project: string, more: readonly string[] = []): Promise<RawResponse> {
  const [method = '', target = ''] = line.split(' ');
  const head = [
    `${method} /api/v4/${target} HTTP/1.1`,
    'Host: gitlab-gw.example.com',
    `Authorization: Bearer ${scenario.issuer.mint({ project_id: project })}`,
    'Connection: close',
    ...more,
  ];
  return rawResponse(scenario.gateway.port, Buffer.from(`${head.join('\r\n')}\r\n\r\n`), { quiet: 5_000 });
}

const GROUP = 'GET groups/acme/-/packages/npm/@acme%2fui';
const SUBGROUP = 'GET groups/acme%2Fweb/-/packages/npm/ui';
const NUMBER = 'GET groups/9/-/packages/npm/ui';
const INSTANCE = 'GET packages/npm/@acme%2fui';
const VIRTUAL = 'GET virtual_registries/packages/maven/5/com/acme/app/1/app-1.pom';

describe('allowed and forwarded unchanged', () => {
  test.each<readonly [string, string]>([
    ['20', GROUP],
    ['20', SUBGROUP],
    ['24', NUMBER],
    ...[GROUP, SUBGROUP, NUMBER, INSTANCE, VIRTUAL].map((line) => ['25', line] as const),
  ])('project %s: %s', async (project, line) => {
    expect((await send(line, project)).status).toBe(200);
    expect(requestLines(scenario.upstream)).toEqual([`${line.replace(' ', ' /api/v4/')} HTTP/1.1`]);
  });
});

/** GitLab serves the package of project 7 in any group (lib/api/debian_group_packages.rb). */
const POOL = 'GET groups/acme/-/packages/debian/pool/sid/7/u/ui/1.0/ui_1.0_amd64.deb';

describe('a Debian package of a group needs its project too', () => {
  test.each<readonly [string, string, number]>([
    ['20', POOL, 200],
    ['23', POOL, 403],
    ['25', POOL, 200],
    ['20', POOL.replace('/7/', '/8/'), 403],
    ['20', POOL.replace('/7/', '/9/'), 403],
    ['20', POOL.replace('/7/', '/acme%2Fui/'), 403],
    ['25', POOL.replace('/7/', '/07/'), 403],
    ['20', 'GET groups/acme/-/packages/debian/dists/sid/Release', 200],
  ])('project %s: %s → %i', async (project, line, status) => {
    expect((await send(line, project)).status).toBe(status);
    expect(requestLines(scenario.upstream)).toHaveLength(status === 200 ? 1 : 0);
  });
});

describe('not granted', () => {
  test.each<readonly [string, string]>([
    ...['21', '22', '23', '24'].map((project) => [project, GROUP] as const),
    ...['21', '22', '23', '24'].map((project) => [project, SUBGROUP] as const),
    ['20', 'GET groups/other/-/packages/npm/ui'],
    ['20', 'GET groups/acme-other/-/packages/npm/ui'],
    ['20', 'GET groups/acme%2F..%2Fother/-/packages/npm/ui'],
    ['20', NUMBER],
    ['20', INSTANCE],
    ['20', VIRTUAL],
    ['24', 'GET groups/90/-/packages/npm/ui'],
    ['20', `${GROUP}?project_id=other%2Fapp`],
  ])('project %s: %s → ∅', async (project, line) => {
    expect([400, 403]).toContain((await send(line, project)).status);
    expect(scenario.upstream.bytes()).toBe('');
  });
});

test.each([
  'PUT groups/acme/-/packages/npm/ui',
  'PUT packages/npm/ui',
  'DELETE packages/npm/-/package/ui/dist-tags/latest',
  'GET groups/acme/-/virtual_registries/packages/maven/registries',
  'GET virtual_registries/packages/maven/upstreams/5',
  'GET virtual_registries/packages/maven/registries/5',
  'GET packages/conan/v1/users/authenticate',
  'PUT packages/npm/-/user/org.couchdb.user:a',
])('never forwarded, with any grant: %s', async (line) => {
  const { status, body } = await send(line, '25');
  expect(status).toBe(403);
  expect(body).toContain('operation_unknown');
  expect(scenario.upstream.bytes()).toBe('');
});

test('URLs in metadata lead to the gateway', async () => {
  const tarball = '/api/v4/projects/7/packages/npm/ui/-/ui-1.0.0.tgz';
  const body = JSON.stringify({
    versions: { '1.0.0': { dist: { tarball: scenario.upstream.url + tarball } } },
  });
  scenario.upstream.respond(
    `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  const response = await send(GROUP, '20');
  expect(response.body).toContain(`http://gitlab-gw.example.com${tarball}`);
  expect(response.body).not.toContain(scenario.upstream.url);
});
