import { expect, test } from 'vitest';
import { configuration, errorsOf, warningsOf } from '../loading.ts';

const AUTH = 'auth: { forwardCredential: true }';
const orders = (more: string): string =>
  configuration({
    services: `{ orders: { type: http, path: /orders/, upstream: { url: https://orders.internal/, ${AUTH} }${more} } }`,
  });

test('a service without audiences refuses ID tokens, and the identities concerned are named', () => {
  expect(errorsOf(orders(''))).toEqual([]);
  expect(warningsOf(orders(''))).toEqual([
    expect.stringContaining(
      'services.orders.upstream.auth.forwardCredential: ID tokens, as of identity "payments", are never forwarded',
    ),
  ]);
  expect(warningsOf(orders(', audiences: [https://orders.internal]'))).toEqual([]);
});

test('where only job tokens come, there is nothing to say', () => {
  const yaml = configuration({
    issuers:
      '{ gitlab: { type: gitlab, issuer: https://gitlab.example.com, jobTokens: {} }, other: { type: gitlab, issuer: https://b.example.com } }',
    identities:
      '{ job: { issuer: gitlab, via: [job_token], match: { project_id: "20" }, roles: [reader] }, b: { issuer: other, match: { project_id: "1" }, roles: [reader] } }',
    services: `{ orders: { type: http, issuers: [gitlab], upstream: { url: https://orders.internal/, ${AUTH} } } }`,
  });
  expect(errorsOf(yaml)).toEqual([]);
  expect(warningsOf(yaml).filter((text) => text.includes('forwardCredential'))).toEqual([]);
});

test('a registry that issues tokens forwards none of them', () => {
  const registry = (challenge: string): string[] =>
    warningsOf(
      configuration({
        roles: '{ reader: [{ service: registry, scopes: [read_registry], resources: ["**"] }] }',
        services: `{ registry: { type: oci, audiences: [https://r.example.com], ${challenge} upstream: { url: https://r.internal, ${AUTH} } } }`,
      }),
    );
  expect(registry('')).toEqual([expect.stringContaining('set `challenge: basic`')]);
  expect(registry('challenge: basic,')).toEqual([]);
});

test('a remote of Conan forwards no credential, because its clients send tokens of the gateway', () => {
  const yaml = configuration({
    roles: '{ reader: [{ service: conan, scopes: [read_package_registry], resources: ["**"] }] }',
    services: `{ conan: { type: conan, audiences: [https://c.example.com], upstream: { url: https://c.internal/, ${AUTH} } } }`,
  });
  expect(warningsOf(yaml)).toEqual([expect.stringContaining('never forwarded; use another kind')]);
});
