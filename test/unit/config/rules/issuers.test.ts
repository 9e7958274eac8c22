import { describe, expect, test } from 'vitest';
import { accepted, configuration, errorsOf } from '../loading.ts';

const TENANT = '00000000-1111-2222-3333-444444444444';

/** Issuers in addition to the one that the rest of the configuration uses. */
const issuers = (body: string): string =>
  configuration({ issuers: `{ gitlab: { type: gitlab, issuer: https://gitlab.example.com }, ${body} }` });

describe('issuers that are refused', () => {
  test.each([
    [
      'publicUrl',
      'x: { type: oidc, issuer: https://gateway.example.com }',
      'issuers.x.issuer: must not be server.publicUrl',
    ],
    [
      'publicUrl with a slash',
      'x: { type: oidc, issuer: https://gateway.example.com/ }',
      'issuers.x.issuer: must not be server.publicUrl',
    ],
    [
      'publicUrl in capitals',
      'x: { type: oidc, issuer: https://GATEWAY.example.com }',
      'issuers.x.issuer: must not be server.publicUrl',
    ],
    [
      'one of another',
      'x: { type: oidc, issuer: https://gitlab.example.com }',
      'issuers.x.issuer: is the issuer of "gitlab" too (',
    ],
    ['plain http', 'x: { type: oidc, issuer: http://idp.example.com }', 'issuers.x.issuer: must be https'],
    [
      'plain http for the keys',
      'x: { type: oidc, issuer: https://idp.example.com, jwksUri: http://idp.example.com/jwks }',
      'issuers.x.jwksUri: must be https',
    ],
    [
      'keys twice',
      'x: { type: oidc, issuer: https://idp.example.com, jwksUri: https://idp.example.com/jwks, jwksFile: jwks.json }',
      'issuers.x.jwksFile: give either jwksUri or jwksFile, not both',
    ],
    [
      'an algorithm of another type',
      'x: { type: github, issuer: https://idp.example.com, algorithms: [RS256, ES256] }',
      'issuers.x.algorithms[1]: is not an algorithm of github issuers; did you mean "RS256"?',
    ],
    [
      'a symmetric algorithm',
      'x: { type: oidc, issuer: https://idp.example.com, algorithms: [HS256] }',
      'issuers.x.algorithms[0]: is not an algorithm of oidc issuers',
    ],
    [
      'alg none',
      'x: { type: oidc, issuer: https://idp.example.com, algorithms: [none] }',
      'issuers.x.algorithms[0]: is not an algorithm of oidc issuers; known: RS256',
    ],
    [
      'entra: common',
      'x: { type: entra, issuer: https://login.microsoftonline.com/common/v2.0 }',
      'issuers.x.issuer: must be https://login.microsoftonline.com/TENANT/v2.0',
    ],
    [
      'entra: v1 without slash',
      `x: { type: entra, issuer: "https://sts.windows.net/${TENANT}" }`,
      'issuers.x.issuer: must be https://login.microsoftonline.com/TENANT/v2.0',
    ],
    [
      'entra: both forms of one tenant',
      `x: { type: entra, issuer: "https://sts.windows.net/${TENANT}/" }, y: { type: entra, issuer: "https://login.microsoftonline.com/${TENANT}/v2.0" }`,
      'issuers.y.issuer: is the issuer of "x" too',
    ],
    [
      'a refresh without pause',
      'x: { type: oidc, issuer: https://idp.example.com, keys: { refresh: 10ms } }',
      'issuers.x.keys.refresh: must be at least 1s',
    ],
    [
      'a cooldown without pause',
      'x: { type: oidc, issuer: https://idp.example.com, keys: { cooldown: 10ms } }',
      'issuers.x.keys.cooldown: must be at least 1s',
    ],
    [
      'keys that are stale before the next refresh',
      'x: { type: oidc, issuer: https://idp.example.com, keys: { staleLimit: 1m } }',
      'issuers.x.keys.staleLimit: must not be shorter than keys.refresh',
    ],
  ])('%s', (_name, body, message) => {
    expect(errorsOf(issuers(body), {}, { 'jwks.json': '{"keys":[]}' })).toEqual([
      expect.stringContaining(message),
    ]);
  });

  test('without an audience and without publicUrl', () => {
    expect(errorsOf(configuration({ server: '{}' }))).toEqual([
      expect.stringContaining('issuers.gitlab.audiences: is missing: without an audience'),
    ]);
  });
});

test.each([
  'x: { type: oidc, issuer: "http://127.0.0.1:8443" }',
  'x: { type: oidc, issuer: "http://[::1]:8443/realm" }',
  'x: { type: oidc, issuer: http://localhost }',
  `x: { type: entra, issuer: "https://login.microsoftonline.com/${TENANT}/v2.0" }`,
  `x: { type: entra, issuer: "https://sts.windows.net/${TENANT}/" }`,
  'x: { type: oidc, issuer: https://gitlab.example.com/ }',
  'x: { type: oidc, issuer: https://idp.example.com, algorithms: [EdDSA] }',
])('%s is accepted', (body) => {
  expect(accepted(issuers(body)).issuers.map(({ name }) => name)).toEqual(['gitlab', 'x']);
});

test('a missing file of the service account names the setting that mounts it', () => {
  const folder = '/var/run/secrets/kubernetes.io/serviceaccount';
  const cluster = `cluster: { type: kubernetes, issuer: https://kubernetes.example.com, caFile: ${folder}/ca.crt, bearerTokenFile: ${folder}/token }`;
  expect(errorsOf(issuers(cluster))).toEqual(
    ['caFile', 'bearerTokenFile'].map((key) =>
      expect.stringMatching(
        new RegExp(`issuers.cluster.${key}: .* does not exist; .*Helm chart serviceAccount.automount: true`),
      ),
    ),
  );
});
