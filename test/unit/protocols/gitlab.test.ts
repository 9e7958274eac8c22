import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { RequestHead } from '../../../src/core/request/request-head.ts';
import { API_METHODS, NEVER, type GitlabEndpoint } from '../../../src/protocols/gitlab/endpoints/endpoint.ts';
import { GITLAB_ENDPOINTS } from '../../../src/protocols/gitlab/endpoints/endpoints.ts';
import { gitlabProtocol } from '../../support/protocols.ts';

const protocol = gitlabProtocol({ path: '/', projects: new Map([['42', 'acme/base-images']]) });

function classify(line: string, hasBody = false, rawHeaders: readonly string[] = []): string {
  const [method = '', target = ''] = line.split(' ');
  const [path = '', query] = target.split('?');
  const requested = protocol.classify({
    method,
    host: 'h',
    path: path as RequestHead['path'],
    query: query === undefined ? '' : `?${query}`,
    hasBody,
    rawHeaders,
  });
  if (requested.kind !== 'operations') return requested.kind;
  const operations = requested.operations
    .map(({ scope, resource, extent }) => `${scope} ${extent === 'one' ? resource : extent}`)
    .join(', ');
  return (
    operations +
    (requested.form === undefined ? '' : ' form') +
    (requested.plan?.rewrite === undefined ? '' : ' rewritten')
  );
}

const P = '/api/v4/projects';

describe('endpoints', () => {
  test.each([
    [`GET ${P}/20`, 'read_api id:20 rewritten'],
    [`GET ${P}/42`, 'read_api acme/base-images rewritten'],
    [`GET ${P}/acme%2Fpayments`, 'read_api acme/payments rewritten'],
    [`GET ${P}/acme%2fteam%2Fpayments/issues`, 'read_api acme/team/payments'],
    [`POST ${P}/20/issues`, 'write_api id:20'],
    [`GET ${P}/20/repository/files/src%2Fmain.ts/raw`, 'read_api id:20'],
    [`GET ${P}/20/repository/compare?from=a&to=b`, 'read_api id:20'],
    [
      `GET ${P}/20/repository/compare?from=a&to=b&from_project_id=42`,
      'read_api id:20, read_api acme/base-images',
    ],
    [
      `GET ${P}/20/repository/compare?from_project_id=20&%66rom_project_id]=7`,
      'read_api id:20, read_api id:7',
    ],
    [`POST ${P}/20/merge_requests?target_project_id=acme%2Fweb`, 'write_api id:20, write_api acme/web'],
    [`POST ${P}/20/issues/3/move?to_project_id=42`, 'write_api id:20, write_api acme/base-images'],
    [`GET ${P}/20/packages`, 'read_package_registry id:20'],
    [`GET ${P}/20/dependency_proxy/packages/maven/a/b/1/b-1.jar`, 'read_package_registry id:20'],
    [`GET ${P}/20/dependency_proxy/packages/npm/@acme%2fui`, 'read_package_registry id:20 rewritten'],
    [`PUT ${P}/20/dependency_proxy/packages/npm/ui`, 'admin_api every'],
    [`PUT ${P}/20/packages/generic/a/1.0.0/a.json`, 'write_package_registry id:20'],
    [`GET ${P}/20/packages/generic/a/1.0.0/a.json`, 'read_package_registry id:20'],
    [`GET ${P}/20/packages/npm/@acme%2fui`, 'read_package_registry id:20 rewritten'],
    [`GET ${P}/20/packages/npm/@acme/ui/-/@acme/ui-1.0.0.tgz`, 'read_package_registry id:20'],
    [`PUT ${P}/20/packages/npm/@acme%2fui`, 'write_package_registry id:20 rewritten'],
    [
      `POST ${P}/20/packages/conan/v1/conans/a/1/acme/stable/upload_urls`,
      'write_package_registry id:20 rewritten',
    ],
    [`POST ${P}/20/packages/npm/-/npm/v1/security/advisories/bulk`, 'read_package_registry id:20'],
    [`GET ${P}/20/packages/pypi/simple/app`, 'read_package_registry id:20 rewritten'],
    [`GET ${P}/20/packages/pypi/files/aa/app.whl`, 'read_package_registry id:20'],
    [`POST ${P}/20/packages/pypi`, 'write_package_registry id:20'],
    [`GET ${P}/20/packages/nuget/index.json`, 'read_package_registry id:20 rewritten'],
    [`GET ${P}/20/packages/maven/com/acme/app/1/app-1.pom`, 'read_package_registry id:20'],
    [`GET ${P}/20/packages/helm/stable/index.yaml`, 'read_package_registry id:20 rewritten'],
    [`DELETE ${P}/20/packages/9`, 'write_package_registry id:20'],
    [`PUT ${P}/20/packages/nuget/`, 'write_package_registry id:20'],
    [`POST ${P}/20/packages/helm/api/stable/charts`, 'write_package_registry id:20'],
    [`GET ${P}/20/packages/helm/stable/charts/a-1.tgz`, 'read_package_registry id:20'],
    [`GET ${P}/20/packages/npm/-/package/@acme%2fui/dist-tags`, 'read_package_registry id:20'],
    [`GET ${P}/20/packages/npm/-/user/a`, 'unknown'],
    [`GET ${P}/20/packages/npm/-/something`, 'admin_api every'],
    [`GET ${P}/20/packages/new-format/a`, 'admin_api every'],
    [`GET ${P}/20/packages/protection/rules`, 'admin_api every'],
    [`GET ${P}/20/packages/conan/v1/users/authenticate`, 'unknown'],
    [`POST ${P}/20/access_tokens`, 'unknown'],
    [`POST ${P}/20/access_tokens/3/rotate`, 'unknown'],
    [`POST ${P}/20/access_tokens.json`, 'unknown'],
    [`POST ${P}/20/deploy_tokens`, 'unknown'],
    [`GET ${P}/20/triggers`, 'unknown'],
    [`POST ${P}/20/cluster_agents/5/tokens`, 'unknown'],
    [`POST ${P}/20/cluster_agents/5/tokens.json`, 'unknown'],
    [`POST ${P}/20/runners/reset_registration_token`, 'unknown'],
    [`GET ${P}/20/packages/conan/v2/users/check_credentials`, 'unknown'],
    [`POST ${P}/20/trigger/pipeline`, 'trigger_pipeline id:20 form'],
    [`POST ${P}/20/ref/main/trigger/pipeline`, 'trigger_pipeline id:20 form'],
    [`POST ${P}/20/ref/feature%2Fx/trigger/pipeline`, 'trigger_pipeline id:20 form'],
    [`GET ${P}/20/trigger/pipeline`, 'unknown'],
    [`GET ${P}/20/jobs/7/artifacts`, 'read_artifacts id:20'],
    [`GET ${P}/20/jobs/7/artifacts/a/b.txt`, 'read_artifacts id:20'],
    [`GET ${P}/20/jobs/artifacts/feature%2Fx/download?job=test`, 'read_artifacts id:20'],
    [`DELETE ${P}/20/jobs/7/artifacts`, 'write_api id:20'],
    [`GET ${P}/20/jobs/7`, 'read_api id:20'],
    [`GET ${P}/20/repository/archive.zip`, 'read_api id:20'],
    [`GET ${P}/20/repository/branches/release.json`, 'read_api id:20'],
    [`GET ${P}/20/issues/3/notes/4`, 'read_api id:20'],
    [`DELETE ${P}/20/issues/3/links/4`, 'write_api id:20'],
    // Outside the allow list.
    [`DELETE ${P}/20`, 'admin_api every rewritten'],
    [`PUT ${P}/acme%2Fpayments`, 'admin_api every rewritten'],
    [`POST ${P}/20/fork`, 'admin_api every rewritten'],
    [`GET ${P}/20/members`, 'admin_api every'],
    [`GET ${P}/20/issues/`, 'admin_api every'],
    [`GET ${P}/20/issues/three`, 'admin_api every'],
    [`PATCH ${P}/20/issues/3`, 'admin_api every'],
    [`GET ${P}/20/jobs/artifacts-of/7`, 'admin_api every'],
    [`GET ${P}/20/access_tokens_of_others`, 'admin_api every'],
    [`GET ${P}/20/job_token_scope`, 'admin_api every'],
    [`GET ${P}/20/releases`, 'read_releases id:20'],
    [`POST ${P}/20/releases/v1/assets/links`, 'write_releases id:20'],
    [`GET ${P}/20/terraform/state/production`, 'read_terraform_state id:20'],
    [`POST ${P}/20/terraform/state/production/lock`, 'write_terraform_state id:20'],
    [`DELETE ${P}/20/terraform/state/production/versions/3`, 'write_terraform_state id:20'],
    ['GET /acme/payments.git/info/refs?service=git-upload-pack', 'read_repository acme/payments'],
    ['POST /acme/payments.git/git-receive-pack', 'write_repository acme/payments'],
    [`PUT /acme/payments.git/gitlab-lfs/objects/${'a'.repeat(64)}/3`, 'write_repository acme/payments'],
    ['POST /acme/payments.git/info/lfs/objects/batch', 'in-body'],
  ])('%s: %s', (line, expected) => expect(classify(line)).toBe(expected));
});

describe('requests that are not operations', () => {
  test.each([
    'GET /api/v4/projects',
    'GET /api/v4/user',
    'GET /api/v4/groups/9/packages',
    'GET /api/v4',
    'GET /api/v3/projects/20',
    'POST /api/graphql',
    'GET /oauth/token',
    'GET /jwt/auth',
    'GET /users/sign_in',
    'GET /acme/payments',
    'GET /acme/payments/-/raw/main/x',
    `GET ${P}/`,
    `GET ${P}/payments`,
    `GET ${P}/020`,
    `GET ${P}/%2Facme`,
    `GET ${P}/acme%2Fpayments.git`,
    `GET ${P}/acme%2F.hidden`,
    `GET ${P}/acme%20x%2Fy`,
    `OPTIONS ${P}/20`,
    `PROPFIND ${P}/20`,
    `GET ${P}/20/repository/compare?from_project_id=042`,
    `GET ${P}/20/repository/compare?from_project_id[x]`,
    // Other spellings of an endpoint for routers that accept a format suffix or decode a slash.
    `GET ${P}/20/releases.json`,
    `GET ${P}/20/packages%2F9`,
    `POST ${P}/20/trigger/pipeline.json`,
    `POST ${P}/20/trigger%2Fpipeline`,
    `POST ${P}/20/ref/main/trigger/pipeline.json`,
    `POST ${P}/20/ref/a/b/trigger/pipeline`,
    `GET ${P}/20/jobs/7%2Fartifacts`,
    `GET ${P}/20/jobs/7.json`,
    `GET ${P}/20/terraform/state%2Fproduction`,
  ])('%s', (line) => expect(classify(line)).toMatch(/^(?:unknown|deny)$/));
});

test('a body on GET or HEAD is refused: Rack reads parameters from it', () => {
  expect(classify(`GET ${P}/20/repository/compare?from=a&to=b`, true)).toBe('deny');
  expect(classify(`HEAD ${P}/20`, true)).toBe('deny');
  expect(classify(`DELETE ${P}/20/packages/9`, true)).toBe('write_package_registry id:20');
});

describe('whether the body is read before the decision', () => {
  const form = ['Content-Type', 'application/x-www-form-urlencoded'];
  test.each<[string, readonly string[], string]>([
    [`POST ${P}/20/repository/commits`, [], 'in-body'],
    [`PUT ${P}/20/issues/3`, ['Content-Type', 'application/json'], 'in-body'],
    [`POST ${P}/20/pipeline`, form, 'in-body'],
    [`POST ${P}/20/pipeline`, ['content_type', 'multipart/form-data; boundary=b'], 'in-body'],
    [`POST ${P}/20/pipeline`, [], 'in-body'],
    [`POST ${P}/20/pipeline`, ['Content-Type', 'application/json', 'Content-Type', 'text/plain'], 'in-body'],
    [`POST ${P}/20/pipeline`, ['Content-Type', 'application/json'], 'write_api id:20'],
    [`PUT ${P}/20/packages/generic/a/1/a`, form, 'write_package_registry id:20'],
    [`POST ${P}/20/packages/pypi`, form, 'write_package_registry id:20'],
    [`POST ${P}/20/trigger/pipeline`, form, 'trigger_pipeline id:20 form'],
    [`POST ${P}/20/members`, form, 'admin_api every'],
  ])('%s %j: %s', (line, headers, expected) => expect(classify(line, true, headers)).toBe(expected));
});

test('every endpoint of the list matches its path', () => {
  for (const { path, scopes } of Object.values(GITLAB_ENDPOINTS).flat()) {
    const below = path
      .replaceAll(/:\w*id(?=\/|$)/g, '7')
      .replaceAll(/:\w+/g, 'a')
      .replace('/**', '/b/c');
    for (const method of API_METHODS) {
      const scope = scopes[method];
      if (scope === undefined) continue;
      const found = classify(`${method} ${P}/20${below === '' ? '' : `/${below}`}`);
      expect(found.split(' ')[0], `${method} ${path}`).toBe(scope === NEVER ? 'unknown' : scope);
    }
  }
});

test('an upload that is not buffered is at a path with no other method, so that _method in the form has no effect', () => {
  const endpoints = Object.values(GITLAB_ENDPOINTS).flat();
  const uploads = endpoints.filter(({ upload }) => upload === true);
  expect(uploads.length).toBeGreaterThan(0);
  for (const { path, scopes } of uploads) {
    expect(Object.keys(scopes), path).toEqual(['POST']);
    expect(endpoints.filter((other) => other.path === path)).toHaveLength(1);
  }
});

test('docs/guides/gitlab-api.md lists every endpoint and its scopes in this order', () => {
  const text = readFileSync(join(import.meta.dirname, '../../../docs/guides/gitlab-api.md'), 'utf8');
  const documented = Object.keys(GITLAB_ENDPOINTS).map((area) => {
    const [, section = ''] = text.split(`### ${area}\n`);
    const rows = (section.split('\n#')[0] ?? '').matchAll(/^\| `(.*?)` +\| (.+?) +\| (.+?) +\| (.+?) +\|$/gm);
    return [area, [...rows].map(([, ...cells]) => cells)];
  });
  expect(Object.fromEntries(documented)).toEqual(
    Object.fromEntries(
      Object.entries(GITLAB_ENDPOINTS).map(([area, endpoints]) => [area, endpoints.map(documentedRow)]),
    ),
  );
});

function documentedRow({ path, scopes, body, form, upload }: GitlabEndpoint): string[] {
  const cell = (scope: string): string => (scope === NEVER ? 'never' : `\`${scope}\``);
  const writes = API_METHODS.filter((method) => method !== 'GET' && scopes[method] !== undefined);
  const write = new Set(writes.map((method) => cell(scopes[method] ?? '')));
  const isNever = Object.values(scopes).every((scope) => scope === NEVER);
  return [
    path === '' ? '(the project itself)' : path,
    scopes.GET === undefined ? '–' : cell(scopes.GET),
    isNever ? 'never' : writes.length === 0 ? '–' : `${[...write].join(', ')} (${writes.join(', ')})`,
    body ?? (form === true ? 'form' : upload === true ? 'upload' : '–'),
  ];
}
