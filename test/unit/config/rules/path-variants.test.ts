import { describe, expect, test } from 'vitest';
import { configuration, warningsOf } from '../loading.ts';

const NARROW = '{ scope: admin, methods: [GET], paths: ["/admin/**"] }';
const WIDE = '{ scope: read, methods: [GET] }';

function warnings(
  operations: readonly string[],
  grants: readonly string[],
  { anonymous = '[]', match = '{ project_id: "20" }' } = {},
): string[] {
  return warningsOf(
    configuration({
      roles: '{}',
      services: `{ api: { type: http, anonymous: ${anonymous}, operations: [${operations.join(', ')}], upstream: { url: http://a/ } } }`,
      identities: `{ ci: { issuer: gitlab, match: ${match}, grants: [${grants.map((each) => `{ service: api, ${each} }`).join(', ')}] } }`,
    }),
  );
}

const READ_ALL = 'scopes: [read], resources: ["**"]';

describe('other spellings of a path need another scope', () => {
  test('case, format suffix and space', () => {
    expect(warnings([NARROW, WIDE], [READ_ALL])).toEqual([
      expect.stringMatching(
        /services\.api\.operations\[0\]\.paths\[0\]: does not match \/ADMIN\/x, \/admin\.json, \/admin%20\/x, which need only the scope "read" of operations\[1\] \(\S+\); .* as \/admin\/x, to identity "ci" too\. List the paths of operations\[1\]/,
      ),
    ]);
  });

  test.each([
    ['{ scope: admin, methods: [GET], paths: ["/admin"] }', '/ADMIN, /admin.json, /admin%20,'],
    ['{ scope: admin, methods: [POST, GET], paths: ["/v1/*/keys"] }', '/V1/x/KEYS,'],
    ['{ scope: admin, methods: [GET], paths: ["/ADMIN/**"] }', '/admin/x, /ADMIN.json, /ADMIN%20/x,'],
  ])('%s', (narrow, examples) => {
    expect(warnings([narrow, WIDE], [READ_ALL])).toEqual([
      expect.stringContaining(`match ${examples} which`),
    ]);
  });

  test('without a credential', () => {
    expect(
      warnings([NARROW, WIDE], ['scopes: [admin, read], resources: ["**"]'], {
        anonymous: '[{ scopes: [read], resources: ["/**"] }]',
      }),
    ).toEqual([expect.stringContaining('to callers without a credential too')]);
  });

  test.each<[string, string[], string[]]>([
    ['another method', [NARROW, '{ scope: read, methods: [POST] }'], [READ_ALL]],
    ['the same scope', [NARROW, '{ scope: admin, methods: [GET] }'], ['scopes: [admin], resources: ["**"]']],
    [
      'a wide entry with listed paths',
      [NARROW, '{ scope: read, methods: [GET], paths: ["/v1/**"] }'],
      [READ_ALL],
    ],
    ['callers that have both scopes', [NARROW, WIDE], ['scopes: [admin, read], resources: ["**"]']],
    ['narrow resources', [NARROW, WIDE], ['scopes: [read], resources: ["/v1/**"]']],
    ['a later narrow entry, which never applies', [WIDE, NARROW], [READ_ALL]],
  ])('no warning: %s', (_, operations, grants) => {
    expect(warnings(operations, grants)).toEqual([]);
  });
});
