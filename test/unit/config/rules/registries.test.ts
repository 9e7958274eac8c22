import { expect, test } from 'vitest';
import { configuration, errorsOf } from '../loading.ts';

/** Two registries, `a` and `b`, with these keys; on one host unless they say otherwise. */
function errors(a: string, b: string): string[] {
  const service = (name: string, keys: string): string =>
    `${name}: { type: oci, repositoryPrefix: ${name}/, upstream: { url: http://${name}.internal/ }${keys} }`;
  return errorsOf(
    configuration({
      issuers:
        '{ gitlab: { type: gitlab, issuer: https://gitlab.example.com }, other: { type: oidc, issuer: https://other.example.com } }',
      roles: '{ reader: [{ service: a, scopes: [read_registry], resources: ["a/**"] }] }',
      services: `{ ${service('a', a)}, ${service('b', b)} }`,
    }),
  );
}

const HOST = ', hosts: [registry.example.com]';

// Otherwise an ID token could log in at a host through one registry, for another one that does not accept it.
test.each([
  ['issuers', ', issuers: [gitlab]', ', issuers: [other]'],
  ['issuers', ', issuers: [gitlab]', ''],
  ['audiences', ', audiences: [https://a.example.com]', ', audiences: [https://b.example.com]'],
  ['audiences', '', ', audiences: [https://b.example.com]'],
])('registries of one host have the same %s', (key, a, b) => {
  const message = new RegExp(`services\\.b\\.${key}: must equal the value of service "a"`);
  for (const hosts of ['', HOST]) {
    expect(errors(a + hosts, b + hosts)).toEqual([expect.stringMatching(message)]);
    expect(errors(a + hosts, a + hosts)).toEqual([]);
  }
  expect(errors(a, b + HOST)).toEqual([]);
});
