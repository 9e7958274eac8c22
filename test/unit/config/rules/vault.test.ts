import { describe, expect, test } from 'vitest';
import { accepted, configuration, errorsOf, warningsOf } from '../loading.ts';

const BESIDE = { jwt: 'x\n', lines: 'a\nb\n' };
const LOGIN = 'address: https://vault.example.com:8200, auth: { jwt: { role: gatehouse, tokenFile: jwt } }';

const service = (auth: string): string =>
  `{ orders: { type: http, upstream: { url: https://orders.internal/, auth: { ${auth} } } } }`;

describe('upstream.auth.vault', () => {
  const vault = (body: string): string => configuration({ services: service(`vault: { ${body} }`) });
  const FIELD = 'path: secret/data/orders, field: token';

  test.each([
    [`${FIELD}, auth: { tokenFile: jwt }`, 'vault.address: is missing'],
    [`${LOGIN}, field: token`, 'vault.path: is missing'],
    [`${LOGIN}, path: secret/data/orders`, 'vault.field: is missing'],
    [
      `${FIELD}, address: http://vault.example.com, auth: { jwt: { role: a, tokenFile: jwt } }`,
      'vault.address: must be https',
    ],
    [
      `${FIELD}, address: https://vault.example.com/v1/, auth: { jwt: { role: a, tokenFile: jwt } }`,
      'vault.address: must not end in /v1',
    ],
    [
      `${FIELD}, address: https://v, auth: {}`,
      'vault.auth: must be exactly one of jwt, kubernetes, tokenFile',
    ],
    [
      `${FIELD}, address: https://v, auth: { jwt: { role: a, tokenFile: jwt }, tokenFile: jwt }`,
      'vault.auth: must be exactly one of jwt, kubernetes, tokenFile',
    ],
    [`${FIELD}, address: https://v, auth: { tokenFile: nowhere }`, 'nowhere does not exist'],
    [
      `${FIELD}, address: https://v, auth: { tokenFile: lines }`,
      'lines must hold one line of printable ASCII',
    ],
    [
      `${FIELD}, address: https://v, auth: { jwt: { role: a, tokenFile: jwt, mount: "../sys" } }`,
      'vault.auth.jwt.mount: must not start or end with a slash',
    ],
    [`${LOGIN}, namespace: "a b", ${FIELD}`, 'vault.namespace: must be printable ASCII without spaces'],
    [`${LOGIN}, field: a, path: v1/secret/data/x`, 'vault.path: is below /v1/: write it without v1/'],
    [`${LOGIN}, field: a, path: /secret/data/x`, 'vault.path: must not start or end with a slash'],
    [`${LOGIN}, field: a, path: secret//x`, 'vault.path: must not start or end with a slash'],
    [`${LOGIN}, field: a, path: secret/../sys/x`, 'vault.path: must not start or end with a slash'],
    [`${LOGIN}, field: a, path: "secret/x?version=1"`, 'vault.path: must not contain control characters'],
    [`${LOGIN}, field: a, path: "secret/{subject}"`, 'vault.path: braces may contain only {identity}'],
    [`${LOGIN}, field: a, path: "secret/{claims.}"`, 'vault.path: braces may contain only {identity}'],
    [
      `${LOGIN}, field: a, path: "secret/data/{claims.namespace}-{claims.name}"`,
      'vault.path: has two placeholders in one segment',
    ],
    [`${LOGIN}, ${FIELD}, as: {}`, 'vault.as: must be exactly one of bearer, basic, header'],
    [
      `${LOGIN}, ${FIELD}, as: { bearer: true, header: X-Key }`,
      'vault.as: must be exactly one of bearer, basic, header',
    ],
    [`${LOGIN}, ${FIELD}, as: { header: "X Key" }`, 'vault.as.header: is not a header name'],
    [
      `${LOGIN}, ${FIELD}, as: { header: X-Auth-Identity }`,
      'vault.as.header: is a header that the gateway itself sets',
    ],
    [
      `${LOGIN}, ${FIELD}, as: { basic: { username: "a:b" } }`,
      'vault.as.basic.username: must not hold a colon',
    ],
  ])('%s', (body, message) => {
    expect(errorsOf(vault(body), {}, BESIDE)).toEqual([expect.stringContaining(message)]);
  });

  test.each([
    `${LOGIN}, ${FIELD}`,
    `${LOGIN}, field: token, path: "secret/data/{identity}/{claims.project_id}", as: { header: PRIVATE-TOKEN }`,
    `${LOGIN}, ${FIELD}, namespace: team/, refresh: 1m, as: { basic: { username: gatehouse } }`,
    `address: http://127.0.0.1:8200, auth: { tokenFile: jwt }, ${FIELD}`,
    `address: https://v, auth: { kubernetes: { role: a, tokenFile: jwt, mount: clusters/eu } }, ${FIELD}`,
  ])('%s is accepted', (body) => {
    expect(errorsOf(vault(body), {}, BESIDE)).toEqual([]);
  });

  test('the mount and the place of the value have defaults', () => {
    const { services } = accepted(vault(`${LOGIN}, ${FIELD}`), {}, BESIDE);
    expect(services[0]?.upstream?.auth?.vault).toMatchObject({
      auth: { jwt: { mount: 'jwt' } },
      as: { bearer: true },
      refresh: 300_000,
    });
  });

  test('passHeaders cannot name the header of the credential', () => {
    const yaml = configuration({
      services: `{ orders: { type: http, passHeaders: [If-Match, Sudo-Key], upstream: { url: https://o/, auth: { vault: { ${LOGIN}, ${FIELD}, as: { header: If-Match } } } } } }`,
    });
    expect(errorsOf(yaml, {}, BESIDE).join('\n')).toContain(
      'is a header that the gateway sets for this service',
    );
  });
});

describe('the vault of the configuration', () => {
  const VALUE = 'bearer: { tokenFromVault: { path: secret/data/orders, field: token } }';
  const configured = (auth: string, vault = `{ ${LOGIN} }`): string =>
    configuration({ services: service(auth), vault });

  test.each([
    [VALUE, `{ ${LOGIN}`.replace('https', 'http') + ' }', 'vault.address: must be https'],
    [
      'bearer: { tokenFromVault: { path: secret/data/orders } }',
      undefined,
      'tokenFromVault.field: is missing',
    ],
    [
      'bearer: { tokenFromVault: { path: "secret/data/{identity}", field: token } }',
      undefined,
      'tokenFromVault.path: must not contain braces',
    ],
    [
      `bearer: { token: a, tokenFromVault: { path: a, field: token } }`,
      undefined,
      'bearer.token: give either token or tokenFromVault, not both',
    ],
    [
      `basic: { username: a, passwordFile: jwt, passwordFromVault: { path: a, field: token } }`,
      undefined,
      'basic.passwordFile: give either passwordFile or passwordFromVault, not both',
    ],
  ])('%s %s', (auth, vault, message) => {
    expect(errorsOf(configured(auth, vault), {}, BESIDE)).toEqual([expect.stringContaining(message)]);
  });

  test.each([
    VALUE,
    'basic: { username: a, passwordFromVault: { path: secret/data/a, field: password } }',
    'header: { name: X-Key, valueFromVault: { path: secret/data/a, field: key } }',
    'oauth2: { tokenEndpoint: https://login.example.com/, clientId: a, clientSecretFromVault: { path: a, field: b } }',
    `perIdentity: { payments: { ${VALUE} } }`,
  ])('%s', (auth) => {
    expect(errorsOf(configured(auth), {}, BESIDE)).toEqual([]);
    const without = configuration({ services: service(auth) });
    expect(errorsOf(without, {}, BESIDE)).toEqual([
      expect.stringMatching(/FromVault: needs the top-level `vault`$/),
    ]);
  });

  test('a vault that no key uses: a warning', () => {
    expect(warningsOf(configured('bearer: { token: a }'), {}, BESIDE)).toContainEqual(
      expect.stringContaining('vault: is not used: no key takes a secret from it'),
    );
  });
});
