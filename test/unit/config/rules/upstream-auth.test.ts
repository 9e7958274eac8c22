import { describe, expect, test } from 'vitest';
import { accepted, configuration, errorsOf, warningsOf } from '../loading.ts';

const BESIDE = { secret: 'x\n', empty: ' \n', lines: 'a\nb\n' };
const auth = (body: string, more = ''): string =>
  configuration({
    services: `{ orders: { type: http, upstream: { url: https://orders.internal/, auth: { ${body} } }${more} } }`,
  });

describe('oauth2', () => {
  const oauth2 = (body: string): string => auth(`oauth2: { ${body} }`);
  const GOOD = 'tokenEndpoint: https://login.example.com/token, clientId: gatehouse';
  test.each([
    ['clientId: a, clientSecret: b', 'oauth2.tokenEndpoint: is missing'],
    [`tokenEndpoint: https://login.example.com/token, clientSecret: b`, 'oauth2.clientId: is missing'],
    [GOOD, 'oauth2: needs clientSecret, clientSecretFile, clientSecretFromVault or clientAssertion'],
    [
      `${GOOD}, clientSecret: b, clientSecretFile: secret`,
      'oauth2.clientSecret: give either clientSecret or clientSecretFile, not both',
    ],
    [`${GOOD}, clientSecret: "a\\nb"`, 'oauth2.clientSecret: must be printable ASCII'],
    [`${GOOD}, clientSecretFile: nowhere`, 'nowhere does not exist'],
    [`${GOOD}, clientSecretFile: empty`, 'empty is empty'],
    [`${GOOD}, clientSecretFile: lines`, 'lines must hold one line of printable ASCII'],
    [
      'tokenEndpoint: http://login.example.com/token, clientId: a, clientSecret: b',
      'oauth2.tokenEndpoint: must be https: the secret travels to it',
    ],
    [
      'tokenEndpoint: https://u:p@x/, clientId: a, clientSecret: b',
      'oauth2.tokenEndpoint: must be an absolute http(s) URL',
    ],
    [`${GOOD}, clientSecret: b, parameters: { scope: x }`, 'oauth2.parameters.scope: is set by the gateway'],
    [
      `${GOOD}, clientSecret: b, parameters: { client_secret: x }`,
      'oauth2.parameters.client_secret: is set by the gateway',
    ],
    [`${GOOD}, clientSecret: b, authentication: header`, 'oauth2.authentication: must be one of basic, form'],
    [`${GOOD}, clientSecret: b, scop: x`, 'oauth2.scop: unknown key; did you mean "scope"?'],
  ])('%s', (body, message) => {
    expect(errorsOf(oauth2(body), {}, BESIDE)).toEqual([expect.stringContaining(message)]);
  });

  test.each([
    `${GOOD}, clientSecretFile: secret, scope: "api://x/.default"`,
    `${GOOD}, clientSecret: b, authentication: form, parameters: { audience: https://api.example.com }`,
    'tokenEndpoint: http://127.0.0.1:9000/token, clientId: a, clientSecret: b',
  ])('%s is accepted', (body) => {
    expect(errorsOf(oauth2(body), {}, BESIDE)).toEqual([]);
  });
});

describe('perIdentity', () => {
  const perIdentity = (body: string, more = ''): string => auth(`perIdentity: { ${body} }`, more);
  test.each([
    [
      'payments: {}',
      'perIdentity.payments: must be exactly one of basic, bearer, header, oauth2, tokenExchange, registryToken, githubApp, aws, vault, conanToken; there is none',
    ],
    [
      'payments: { bearer: { token: a }, header: { name: X-Key, value: b } }',
      'perIdentity.payments: must be exactly one of basic, bearer, header, oauth2, tokenExchange, registryToken, githubApp, aws, vault, conanToken; found bearer and header',
    ],
    [
      'payments: { bearer: { token: a }, forwardCredential: true }',
      'perIdentity.payments.forwardCredential: unknown key',
    ],
    ['payments: { bearer: { tokenFile: nowhere } }', 'nowhere does not exist'],
    [
      'payments: { bearer: { token: "a\\nb" } }',
      'perIdentity.payments.bearer.token: must be printable ASCII',
    ],
    [
      'payments: { header: { name: Host, value: a } }',
      'perIdentity.payments.header.name: is a header that the gateway itself sets',
    ],
    [
      'payment: { bearer: { token: a } }',
      'perIdentity.payment: no identity is named "payment", nor a deploy token (deploy-token:NAME); did you mean "payments"?',
    ],
  ])('%s', (body, message) => {
    expect(errorsOf(perIdentity(body), {}, BESIDE)).toEqual([expect.stringContaining(message)]);
  });

  test('identities without an entry and unused entries are reported', () => {
    expect(warningsOf(perIdentity('payments: { bearer: { token: a } }'))).toEqual([]);
    expect(warningsOf(perIdentity('default: { bearer: { token: a } }'))).toEqual([]);
    const identities =
      '{ payments: { issuer: gitlab, match: { project_id: "20" }, roles: [reader] }, web: { issuer: gitlab, match: { project_id: "21" } } }';
    const yaml = perIdentity(
      'web: { bearer: { token: a } }',
      ', anonymous: [{ scopes: [read_api], resources: ["/public/**"] }]',
    ).replace(/identities: .*/, `identities: ${identities}`);
    expect(warningsOf(yaml).filter((text) => text.includes('perIdentity'))).toEqual([
      expect.stringContaining('perIdentity: "payments" has grants here and no entry'),
      expect.stringContaining('perIdentity: there is no default: what `anonymous` allows is refused'),
      expect.stringContaining('perIdentity.web: is never used: "web" has no grant of this service'),
    ]);
  });

  test('an identity that is named default', () => {
    const yaml = perIdentity('default: { bearer: { token: a } }').replace('{ payments:', '{ default:');
    expect(errorsOf(yaml)).toEqual([expect.stringMatching(/an identity is named "default" too \(.*:4:/)]);
  });

  test('deploy tokens have entries too; files are relative to the file that names them', () => {
    const yaml =
      perIdentity(
        '"deploy-token:edge": { bearer: { tokenFile: secret } }, default: { bearer: { token: a } }',
      ) +
      `\ndeployTokens: { edge: { username: edge, secretHash: "sha256:${'0'.repeat(64)}", grants: [{ service: orders, scopes: [read_api], resources: ["/**"] }] } }`;
    const [service] = accepted(yaml, {}, BESIDE).services;
    expect(service?.upstream?.auth?.perIdentity?.['deploy-token:edge']?.bearer?.tokenFile).toMatch(
      /^\/.*\/secret$/,
    );
  });
});

test('a broken identity is no second problem of its entry', () => {
  const yaml = auth('perIdentity: { payments: { bearer: { token: a } } }').replace(
    'project_id: "20"',
    'ref: {}',
  );
  expect(errorsOf(yaml).filter((text) => text.includes('perIdentity'))).toEqual([]);
});

describe('conanToken', () => {
  const conan = (body: string, type = 'conan'): string =>
    configuration({
      roles: `{ reader: [{ service: c, scopes: [${type === 'conan' ? 'read_package_registry' : 'read_api'}], resources: ["${type === 'conan' ? '' : '/'}**"] }] }`,
      services: `{ c: { type: ${type}, upstream: { url: https://c.internal/, auth: { conanToken: { ${body} } } } } }`,
    });
  const URL = 'url: https://c.internal/v2/users/authenticate';

  test.each([
    [`${URL}, username: a`, 'conanToken: needs password, passwordFile or passwordFromVault'],
    [`${URL}, password: b`, 'conanToken.username: is missing'],
    [`${URL}, username: "a:b", password: c`, 'conanToken.username: must not hold a colon'],
    [`${URL}, username: a, passwordFile: nowhere`, 'nowhere does not exist'],
    [`${URL}, username: a, password: b, caFile: nowhere`, 'nowhere does not exist'],
    [
      'url: http://c.internal/v2/users/authenticate, username: a, password: b',
      'conanToken.url: must be https: the password travels to it',
    ],
  ])('%s', (body, message) => {
    expect(errorsOf(conan(body), {}, BESIDE)).toEqual([expect.stringContaining(message)]);
  });

  test('is for services of type conan', () => {
    const body = `${URL}, username: a, passwordFile: secret`;
    expect(errorsOf(conan(body), {}, BESIDE)).toEqual([]);
    expect(errorsOf(conan(body, 'http'), {}, BESIDE)).toEqual([
      expect.stringContaining('conanToken: is for services of type conan'),
    ]);
  });
});

describe('keepCookies', () => {
  const warned = (yaml: string): readonly string[] =>
    warningsOf(yaml, {}, BESIDE).filter((warning) => warning.includes('keepCookies'));

  test('with an upstream credential gives the session of its account to the clients', () => {
    expect(warned(auth('bearer: { tokenFile: secret }', ', keepCookies: true'))).toEqual([
      expect.stringContaining('services.orders.keepCookies: forwards Set-Cookie to the clients'),
    ]);
  });

  test('is no problem without one, and without it there is no warning', () => {
    expect(warned(auth('bearer: { tokenFile: secret }'))).toEqual([]);
    const services =
      '{ orders: { type: http, upstream: { url: https://orders.internal/ }, keepCookies: true } }';
    expect(warned(configuration({ services }))).toEqual([]);
  });
});
