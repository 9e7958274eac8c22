import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { API_METHODS, NEVER, type GitlabEndpoint } from '../../../src/protocols/gitlab/endpoints/endpoint.ts';
import {
  GROUP_ENDPOINTS,
  INSTANCE_ENDPOINTS,
} from '../../../src/protocols/gitlab/endpoints/shared-packages.ts';
import { gitlabProtocol } from '../../support/protocols.ts';
import { describeOperations } from './describe-operations.ts';
import { headsAt } from './request-heads.ts';

const protocol = gitlabProtocol({ path: '/', projects: new Map() });
const head = headsAt('gitlab.example.com', '/api/v4/');

function classify(line: string, rawHeaders: readonly string[] = [], hasBody = false): readonly string[] {
  const [method = '', target = ''] = line.split(' ');
  return describeOperations(protocol.classify({ ...head(method, target), rawHeaders, hasBody }));
}

const ACME = ['read one acme/-', 'read one acme/-/packages'];

describe('packages of a group need a grant for all of its projects', () => {
  test.each([
    'GET groups/acme/-/packages/npm/@acme%2fui',
    'GET groups/acme/-/packages/npm/-/package/@acme%2fui/dist-tags',
    'HEAD groups/acme/-/packages/maven/com/acme/app/1/app-1.pom',
    'GET groups/acme/-/packages/pypi/simple/app',
    'GET groups/acme/-/packages/nuget/index.json',
    'GET groups/acme/-/packages/nuget/query?q=app',
    'GET groups/acme/-/packages/debian/dists/stable/InRelease',
    'GET group/acme/-/packages/composer/packages.json',
    'POST groups/acme/-/packages/npm/-/npm/v1/security/advisories/bulk',
  ])('%s', (line) => expect(classify(line)).toEqual(ACME));

  test('in the path of the group, or with its number', () => {
    expect(classify('GET groups/acme%2Fweb/-/packages/npm/ui')).toEqual([
      'read one acme/web/-',
      'read one acme/web/-/packages',
    ]);
    expect(classify('GET groups/9/-/packages/npm/ui')).toEqual([
      'read one group:9/-',
      'read one group:9/-/packages',
    ]);
  });

  test('another project in the query needs its own grant', () => {
    expect(classify('GET groups/acme/-/packages/npm/ui?project_id=other%2Fapp')).toEqual([
      'read one acme/-',
      'read one other/app',
      'read one acme/-/packages',
    ]);
  });
});

test.each([
  'GET packages/npm/@acme%2fui',
  'GET packages/maven/com/acme/app/1/app-1.pom',
  'GET packages/conan/v1/conans/app/1.0/acme+app/stable/download_urls',
  'GET packages/terraform/modules/v1/acme/vpc/aws/versions',
  'GET virtual_registries/packages/maven/5/com/acme/app/1/app-1.pom',
  'GET virtual_registries/packages/npm/5/@acme%2fui',
  'HEAD virtual_registries/packages/npm/5/@acme/ui/-/@acme/ui-1.0.0.tgz',
])('packages of the instance need a grant for every project: %s', (line) =>
  expect(classify(line)).toEqual(['read every']),
);

test.each([
  // Publishing, administration and listings.
  'PUT groups/acme/-/packages/npm/ui',
  'PUT packages/npm/ui',
  'PUT packages/npm/-/package/ui/dist-tags/latest',
  'DELETE packages/npm/-/package/ui/dist-tags/latest',
  'PUT packages/conan/v1/files/app/1.0/acme+app/stable/0/export/conanfile.py',
  'POST packages/conan/v1/conans/app/1.0/acme+app/stable/upload_urls',
  'GET groups/acme/packages',
  'GET groups/acme',
  'GET groups/acme/-/packages',
  'GET groups/acme/-/packages/generic/a/1/a',
  'GET groups/acme/-/packages/composer/packages.json',
  'GET group/acme/-/packages/npm/ui',
  'GET groups/acme/-/debian_distributions',
  'GET groups/acme/-/virtual_registries/packages/maven/registries',
  'POST groups/acme/-/virtual_registries/packages/maven/registries',
  'GET groups/acme/dependency_proxy/cache',
  'GET virtual_registries/packages/maven/registries/5',
  'GET virtual_registries/packages/maven/registries/5/upstreams',
  'GET virtual_registries/packages/maven/upstreams/5',
  'GET virtual_registries/packages/maven/upstreams/5/cache_entries',
  'GET virtual_registries/packages/npm/upstreams/5',
  'DELETE virtual_registries/packages/maven/5/cache',
  'POST virtual_registries/packages/maven/5/upload',
  'GET virtual_registries/packages/maven/05x/a',
  'GET virtual_registries/packages/pypi/5/simple/a',
  'GET virtual_registries/container/5/a',
  // Tokens of the upstream.
  'GET packages/conan/v1/users/authenticate',
  'GET packages/conan/v2/users/check_credentials',
  'PUT packages/npm/-/user/org.couchdb.user:a',
  'GET groups/acme/-/packages/npm/-/v1/login',
  // Names that are no groups, and other spellings.
  'GET groups/009/-/packages/npm/ui',
  'GET groups/0/-/packages/npm/ui',
  'GET groups/%2Facme/-/packages/npm/ui',
  'GET groups/acme%2F/-/packages/npm/ui',
  'GET groups/acme%2F..%2Fother/-/packages/npm/ui',
  'GET groups/acme%252Fweb/-/packages/npm/ui',
  'GET groups/acme%20x/-/packages/npm/ui',
  'GET groups/acme/-%2Fpackages/npm/ui',
  'GET groups/acme/web/-/packages/npm/ui',
  'GET packages%2Fnpm/ui',
  'GET packages.json/npm/ui',
  'OPTIONS groups/acme/-/packages/npm/ui',
])('%s is not an operation', (line) => expect(classify(line)).toEqual(['unknown']));

test('a form is refused, because its field _method can replace POST', () => {
  const form = ['Content-Type', 'application/x-www-form-urlencoded'];
  const line = 'POST packages/npm/-/npm/v1/security/advisories/bulk';
  expect(classify(line, form, true)).toEqual(['unknown']);
  expect(classify(line, ['Content-Type', 'application/json'], true)).toEqual(['read every']);
});

test('a body on GET is refused', () => {
  expect(classify('GET packages/npm/ui', [], true)).toEqual(['request_malformed']);
});

test('URLs in the metadata lead to the gateway', () => {
  for (const target of [
    'groups/acme/-/packages/npm/ui',
    'groups/acme/-/packages/nuget/index.json',
    'groups/acme/-/packages/pypi/simple/a',
    'group/acme/-/packages/composer/p2/acme/a.json',
    'packages/npm/@acme/ui',
    'virtual_registries/packages/npm/5/@acme%2fui',
  ])
    expect(protocol.classify(head('GET', target)), target).toMatchObject({
      plan: { rewrite: { kind: 'urls' } },
    });
});

test.each([
  ['Packages of a group', GROUP_ENDPOINTS],
  ['Packages of the instance', INSTANCE_ENDPOINTS],
])('docs/guides/gitlab-api.md lists "%s"', (area, endpoints) => {
  const text = readFileSync(join(import.meta.dirname, '../../../docs/guides/gitlab-api.md'), 'utf8');
  const section = text.split(`### ${area}\n`)[1]?.split('\n#')[0] ?? '';
  const rows = [...section.matchAll(/^\| `(.*?)` +\| (.+?) +\|$/gm)].map(([, ...cells]) => cells);
  expect(rows).toEqual(endpoints.map(documentedRow));
});

function documentedRow({ path, scopes }: GitlabEndpoint): string[] {
  if (Object.values(scopes).every((scope) => scope === NEVER)) return [path, 'never'];
  const methods = API_METHODS.filter((method) => scopes[method] !== undefined);
  return [path, methods.map((method) => (method === 'GET' ? 'GET, HEAD' : method)).join(', ')];
}
