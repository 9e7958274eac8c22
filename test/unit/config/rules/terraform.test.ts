import { expect, test } from 'vitest';
import { configuration, errorsOf, warningsOf } from '../loading.ts';

const OTHER = 'hosts: [other.example.com]';

const services = (first: string, second = OTHER): string =>
  configuration({
    roles: '{}',
    identities: `{ ci: { issuer: gitlab, match: { project_id: "20" }, grants: [{ service: a, scopes: [read_package_registry], resources: ["**"] }, { service: b, scopes: [read_package_registry], resources: ["**"] }] } }`,
    services: `{ ${[first, second].map((keys, index) => `${'ab'[index]}: { type: terraform, upstream: { url: http://a/ }, ${keys} }`).join(', ')} }`,
  });

test('a service without hosts loads, with a warning about discovery', () => {
  const yaml = services('path: /a/');
  expect(errorsOf(yaml)).toEqual([]);
  expect(warningsOf(yaml)).toEqual([expect.stringMatching(/services\.a: needs `hosts` for its registries/)]);
});

test('the first service of a host announces its registries', () => {
  const yaml = services('hosts: [tf.example.com], path: /a/', 'hosts: [tf.example.com], path: /b/');
  expect(errorsOf(yaml)).toEqual([]);
  expect(warningsOf(yaml)).toEqual([
    expect.stringMatching(/services\.b: its registries are not announced on host tf\.example\.com.*"a"/),
  ]);
});

test.each([
  ['modulesPath: v1/, providersPath: v1/providers/', /modulesPath: must not contain/],
  ['modulesPath: states/', /modulesPath: is a path of states/],
  ['modulesPath: /v1/modules/', /modulesPath: .*relative path that ends in \//],
  ['providersPath: v1/providers', /providersPath: .*relative path that ends in \//],
  ['providersPath: ../', /providersPath: .*relative path that ends in \//],
])('%s is an error', (keys, message) => {
  expect(errorsOf(services(`hosts: [tf.example.com], ${keys}`))).toEqual([expect.stringMatching(message)]);
});
