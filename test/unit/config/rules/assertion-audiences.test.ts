import { expect, test } from 'vitest';
import { configuration, errorsOf } from '../loading.ts';

const OF_UPSTREAMS = 'urn:gatehouse:service:orders';

function withAudiences(tokenTypes: string, audience: string, service = ''): string {
  return configuration({
    issuers: `{ first: { type: oidc, issuer: https://first.example.com, audiences: ["${audience}"], ${tokenTypes} } }`,
    identities: '{ payments: { issuer: first, match: { sub: payments }, roles: [reader] } }',
    services: `{ orders: { type: http, ${service} path: /orders/, upstream: { url: http://orders.internal/ } } }`,
  });
}

const ASSERTIONS = 'tokenTypes: [gatehouse-assertion+jwt]';
const TOKEN_ENDPOINT = 'https://gateway.example.com/oauth/token';

test('assertions that upstreams of another gateway receive are not credentials', () => {
  const message = 'is the audience of assertions that upstreams receive';
  expect(errorsOf(withAudiences(ASSERTIONS, OF_UPSTREAMS))).toEqual([
    expect.stringContaining(`issuers.first.audiences[0]: ${message}`),
  ]);
  const service = `audiences: ["${OF_UPSTREAMS}"],`;
  expect(errorsOf(withAudiences(ASSERTIONS, TOKEN_ENDPOINT, service))).toEqual([
    expect.stringContaining(`services.orders.audiences[0]: ${message}`),
  ]);
});

test('the audience of trusted publishing is none of them', () => {
  const yaml = (tokenTypes: string, issuers = ''): string =>
    configuration({
      server: '{ publicUrl: https://gateway.example.com }',
      issuers: `{ first: { type: oidc, issuer: https://first.example.com, audiences: ["${TOKEN_ENDPOINT}"], ${tokenTypes} }, other: { type: oidc, issuer: https://other.example.com, audiences: [https://gateway.example.com] } }`,
      identities: '{ payments: { issuer: first, match: { sub: payments }, roles: [reader] } }',
      services: `{ orders: { type: http, path: /orders/, upstream: { url: http://orders.internal/ } }, packages: { type: pypi, ${issuers} hosts: [pypi.example.com], trustedPublishing: { audience: "urn:gatehouse:service:packages" }, upstream: { url: http://pypi.internal/ } } }`,
    });
  expect(errorsOf(yaml(ASSERTIONS))).toEqual([
    expect.stringContaining('services.packages.trustedPublishing.audience: is the audience of assertions'),
  ]);
  expect(errorsOf(yaml(''))).toEqual([]);
  expect(errorsOf(yaml(ASSERTIONS, 'issuers: [other],'))).toEqual([]);
});

test('the token endpoint as audience, and issuers without assertions, are accepted', () => {
  expect(errorsOf(withAudiences(ASSERTIONS, TOKEN_ENDPOINT))).toEqual([]);
  expect(errorsOf(withAudiences('', OF_UPSTREAMS))).toEqual([]);
});
