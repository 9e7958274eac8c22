import { expect, test } from 'vitest';
import { configuration, errorsOf, warningsOf } from '../loading.ts';

const gitlab = (grant: string, anonymous = '[]'): string =>
  configuration({
    roles: `{ reader: [{ service: gitlab, ${grant} }] }`,
    services: `{ gitlab: { type: gitlab, upstream: { url: https://gitlab.example.com/ }, anonymous: ${anonymous} } }`,
  });

test.each(['[acme/payments]', '["acme/**", "acme/*"]'])('admin_api on %s has no effect', (resources) => {
  expect(warningsOf(gitlab(`scopes: [read_api, admin_api], resources: ${resources}`))).toEqual([
    expect.stringMatching(/roles\.reader\[0\]\.scopes\[1\]: admin_api has no effect .*grant it on "\*\*"$/),
  ]);
});

test('admin_api on "**" is granted', () => {
  const yaml = gitlab('scopes: [admin_api], resources: ["**"]');
  expect([errorsOf(yaml), warningsOf(yaml)]).toEqual([[], []]);
});

test('admin_api needs a credential', () => {
  const anonymous = '[{ scopes: [admin_api], resources: ["**"] }]';
  expect(errorsOf(gitlab('scopes: [read_api], resources: ["**"]', anonymous))).toEqual([
    expect.stringContaining(
      'services.gitlab.anonymous[0].scopes[0]: admin_api cannot be granted without a credential',
    ),
  ]);
});

test('admin_api is a scope of type gitlab alone', () => {
  const yaml = configuration({
    roles: '{ reader: [{ service: orders, scopes: [admin_api], resources: ["/v1/**"] }] }',
  });
  expect(errorsOf(yaml)).toEqual([expect.stringContaining('service "orders" has no scope "admin_api"')]);
});
