import { describe, expect, test } from 'vitest';
import { accepted, configuration, errorsOf, warningsOf } from '../loading.ts';

const UPSTREAM = 'upstream: { url: http://orders.internal/ }';
const service = (body: string): string => configuration({ services: `{ orders: { type: http, ${body} } }` });
const services = (body: string): string =>
  configuration({ services: `{ orders: { type: http, path: /orders/, ${UPSTREAM} }, ${body} }` });
const auth = (body: string): string =>
  service(`upstream: { url: http://orders.internal/, auth: { ${body} } }`);
const headers = (body: string): string => service(`${UPSTREAM}, identityHeaders: { ${body} }`);

describe('places', () => {
  test.each([
    [`path: orders/, ${UPSTREAM}`, 'path: must start and end with /'],
    [`path: /orders, ${UPSTREAM}`, 'path: must start and end with /'],
    [`path: "", ${UPSTREAM}`, 'path: must start and end with /'],
    [`path: /a//b/, ${UPSTREAM}`, 'path: must not have empty segments'],
    [`path: /a/../b/, ${UPSTREAM}`, 'path: must not have dot segments'],
    [`path: /./, ${UPSTREAM}`, 'path: must not have dot segments'],
    [`path: /a%20b/, ${UPSTREAM}`, 'path: must not contain "%"'],
    [`path: /a?b/, ${UPSTREAM}`, 'path: must not contain "?"'],
    [`path: /ä/, ${UPSTREAM}`, 'path: must not contain "ä"'],
    [`hosts: [API.example.com], ${UPSTREAM}`, 'hosts[0]: must be lowercase'],
    [`hosts: [a.example.com, a.example.com], ${UPSTREAM}`, 'hosts[1]: is given twice'],
    [`hosts: ["*.example.com"], ${UPSTREAM}`, 'hosts[0]: wildcards are not supported'],
    [
      `hosts: ["https://a.example.com"], ${UPSTREAM}`,
      'hosts[0]: must be a host such as api.example.com, without scheme',
    ],
    [`hosts: [a.example.com.], ${UPSTREAM}`, 'hosts[0]: must be a host such as'],
    [`hosts: ["a b"], ${UPSTREAM}`, 'hosts[0]: must be a host such as'],
    [`hosts: ["a.example.com:0"], ${UPSTREAM}`, 'hosts[0]: must be a host such as'],
    [`hosts: ["a.example.com:65536"], ${UPSTREAM}`, 'hosts[0]: must be a host such as'],
    [`hosts: ["[::zz]"], ${UPSTREAM}`, 'hosts[0]: must be a host such as'],
    [`issuers: [gitlub], ${UPSTREAM}`, 'issuers[0]: no issuer is named "gitlub"; did you mean "gitlab"?'],
    ['upstream: { url: http://orders.internal }', 'upstream.url: must end in /'],
    ['upstream: { url: http://orders.internal/api }', 'upstream.url: must end in /'],
    ['upstream: { url: http://orders.internal/a/../ }', 'upstream.url: its path must not have dot segments'],
    ['upstream: { url: http://orders.internal//a/ }', 'upstream.url: its path must not have empty segments'],
    [
      'upstream: { url: http://orders.internal/, redirectOrigins: [https://s3.example.com/bucket] }',
      'upstream.redirectOrigins[0]: must be an origin: https://s3.example.com',
    ],
  ])('%s', (body, message) => {
    expect(errorsOf(service(body))).toEqual([expect.stringContaining(`services.orders.${message}`)]);
  });

  test.each([
    `path: /, ${UPSTREAM}`,
    `path: /a-b/v1.2/~x/, ${UPSTREAM}`,
    `hosts: [localhost, a.example.com, "a.example.com:8443", "[::1]:8080", 127.0.0.1, my_host], ${UPSTREAM}`,
    'upstream: { url: "http://[::1]:8080/api/v1/", redirectOrigins: [https://s3.example.com, "https://s4.example.com/"] }',
  ])('%s is accepted', (body) => {
    expect(errorsOf(service(body))).toEqual([]);
  });

  test.each([
    [
      'b: { type: http, path: /orders/, upstream: { url: http://b/ } }',
      ['services.b.path: service "orders" already uses path /orders/ ('],
    ],
    [
      'a: { type: http, hosts: [x.example.com, y.example.com], upstream: { url: http://a/ } }, b: { type: http, hosts: [y.example.com], upstream: { url: http://b/ } }',
      ['services.b.path: service "a" already uses host y.example.com and path / ('],
    ],
    ['b: { type: http, hosts: [x.example.com], path: /orders/, upstream: { url: http://b/ } }', []],
    ['b: { type: http, path: /orders/v2/, upstream: { url: http://b/ } }', []],
    [
      'a: { type: http, hosts: [x.example.com], upstream: { url: http://a/ } }, b: { type: http, hosts: ["x.example.com:8443"], upstream: { url: http://b/ } }',
      [],
    ],
  ])('%s beside /orders/', (body, expected) => {
    expect(errorsOf(services(body))).toEqual(expected.map((each) => expect.stringContaining(each)));
  });

  test.each([
    ['type: http, path: /a/', '; set another path, or other hosts'],
    ['type: oci', '; set another repositoryPrefix, or other hosts'],
    ['type: oci, repositoryPrefix: a/', '; set another repositoryPrefix, or other hosts'],
  ])('two services with %s: the error names the keys that separate them', (body, advice) => {
    const upstream = 'upstream: { url: http://a/ }';
    const [error] = errorsOf(services(`a: { ${body}, ${upstream} }, b: { ${body}, ${upstream} }`));
    expect(error).toMatch(/services\.b\.path: service "a" already uses path /);
    expect(error).toContain(advice);
  });
});

describe('the credential of the upstream', () => {
  test.each([
    [
      '',
      'upstream.auth: must be exactly one of basic, bearer, header, oauth2, tokenExchange, registryToken, githubApp, aws, vault, conanToken, perIdentity, forwardCredential; there is none',
    ],
    [
      'bearer: { token: a }, header: { name: X-Key, value: a }',
      'upstream.auth: must be exactly one of basic, bearer, header, oauth2, tokenExchange, registryToken, githubApp, aws, vault, conanToken, perIdentity, forwardCredential; found bearer and header',
    ],
    [
      'bearer: { token: a }, forwardCredential: true',
      'forwardCredential; found bearer and forwardCredential',
    ],
    ['forwardCredential: false', 'upstream.auth.forwardCredential: must be true'],
    ['bearer: {}', 'upstream.auth.bearer: needs token, tokenFile or tokenFromVault'],
    [
      'bearer: { token: a, tokenFile: secret }',
      'upstream.auth.bearer.token: give either token or tokenFile, not both',
    ],
    ['basic: { username: a }', 'upstream.auth.basic: needs password, passwordFile or passwordFromVault'],
    ['basic: { username: "a:b", password: c }', 'upstream.auth.basic.username: must not hold a colon'],
    ['header: { name: X-Key }', 'upstream.auth.header: needs value, valueFile or valueFromVault'],
    ['header: { name: "X Key", value: a }', 'upstream.auth.header.name: is not a header name'],
    [
      'header: { name: Host, value: a }',
      'upstream.auth.header.name: is a header that the gateway itself sets',
    ],
    [
      'header: { name: X_Auth_Subject, value: a }',
      'upstream.auth.header.name: is a header that the gateway itself sets',
    ],
    ['bearer: { token: "" }', 'upstream.auth.bearer.token: must not be empty'],
    ['bearer: { token: "a\\r\\nX-Evil: b" }', 'upstream.auth.bearer.token: must be printable ASCII'],
    ['bearer: { token: " a" }', 'upstream.auth.bearer.token: must be printable ASCII'],
    ['bearer: { tokenFile: nowhere }', 'nowhere does not exist'],
    ['bearer: { tokenFile: empty }', 'empty is empty'],
    ['bearer: { tokenFile: lines }', 'lines must hold one line of printable ASCII'],
    ['bearer: { tokenFile: . }', 'is not a regular file'],
  ])('%s', (body, message) => {
    const beside = { secret: 'x\n', empty: ' \n', lines: 'a\nb\n' };
    expect(errorsOf(auth(body), {}, beside)).toEqual([expect.stringContaining(message)]);
  });

  test.each([
    'basic: { username: a, passwordFile: secret }',
    'bearer: { token: a }',
    'header: { name: PRIVATE-TOKEN, valueFile: secret }',
  ])('%s is accepted', (body) => {
    expect(errorsOf(auth(body), {}, { secret: 'x\n' })).toEqual([]);
  });

  test('is no identity header too', () => {
    const body =
      'upstream: { url: http://x/, auth: { header: { name: X-Key, value: a } } }, identityHeaders: { x_key: "{identity}" }';
    expect(errorsOf(service(body))).toEqual([
      expect.stringContaining('is also a name in the service’s identityHeaders'),
    ]);
  });
});

describe('identity headers', () => {
  test.each([
    'X-Auth-Subject',
    'x_auth_whatever',
    'Authorization',
    'Host',
    'Connection',
    'Transfer-Encoding',
    'Content-Length',
    'Content-Type',
    'Cookie',
    'Forwarded',
    'X-Forwarded-For',
    'X_Forwarded_Host',
    'X-Forwarded-Proto',
    'X-Original-URL',
    'X-Rewrite-URL',
    'X-Request-Id',
    'Sudo',
    'Impersonate-User',
    'JOB-TOKEN',
    'Private-Token',
    'Deploy-Token',
    'X-NuGet-ApiKey',
    'X-HTTP-Method-Override',
    'Proxy-Authorization',
    'TE',
  ])('%s is reserved', (name) => {
    expect(errorsOf(headers(`${name}: "{identity}"`))).toEqual([
      expect.stringContaining(`identityHeaders.${name}: is a header that the gateway itself sets or removes`),
    ]);
  });

  test.each([
    ['"a b": x', 'identityHeaders["a b"]: is not a header name'],
    ['"a:b": x', 'identityHeaders["a:b"]: is not a header name'],
    ['X-Team: a, x_team: b', 'identityHeaders.x_team: many servers read it as the same header as X-Team'],
    ['X-Team: ""', 'identityHeaders.X-Team: is empty'],
    [
      'X-Team: "{role}"',
      'identityHeaders.X-Team: braces may contain only {identity}, {subject}, {issuer}, {roles}, {scopes} and {claims.NAME}',
    ],
    ['X-Team: "{claims.}"', 'identityHeaders.X-Team: braces may contain only {identity}'],
    ['X-Team: "{identity"', 'identityHeaders.X-Team: braces may contain only {identity}'],
    ['X-Team: "a\\nb"', 'identityHeaders.X-Team: contains a control character'],
  ])('%s', (body, message) => {
    expect(errorsOf(headers(body))).toEqual([expect.stringContaining(message)]);
  });

  test('what may be told', () => {
    const body =
      'X-Forwarded-User: "{identity}", X-Remote: "{issuer}#{subject}", X-Ns: "{claims./kubernetes.io/namespace}", X-P: "id {claims.project_path}"';
    expect(errorsOf(headers(body))).toEqual([]);
  });
});

describe('a file tree', () => {
  const tree = (body: string): string =>
    configuration({
      roles: '{ reader: [{ service: orders, scopes: [read_package_registry], resources: ["**"] }] }',
      services: `{ orders: { type: generic, ${UPSTREAM}${body} } }`,
    });

  test('is one, with the defaults of every service', () => {
    const { credentialSources, ...service } = accepted(tree('')).services[0] ?? {};
    expect(credentialSources).toBeUndefined();
    expect(service).toMatchObject({
      type: 'generic',
      name: 'orders',
      path: '/',
      mode: 'enforce',
      deny: 'reveal',
    });
  });

  test('may take credentials from the query, or not', () => {
    expect(accepted(tree(', credentialSources: [basic, query]')).services[0]?.credentialSources).toEqual([
      'basic',
      'query',
    ]);
    expect(errorsOf(tree(', credentialSources: [basic, cookie]'))).toEqual([
      expect.stringContaining('services.orders.credentialSources[1]: must be one of bearer, basic,'),
    ]);
  });

  test('is held to the rules of every service', () => {
    expect(errorsOf(tree(', path: /files, issuers: [gitlub]'))).toEqual([
      expect.stringContaining('services.orders.path: must start and end with /'),
      expect.stringContaining('services.orders.issuers[0]: no issuer is named "gitlub"'),
    ]);
  });
});

test('`go` would take a 404 for "ask somebody else"', () => {
  const go = (body: string): string => services(`go: { type: go, ${UPSTREAM}, ${body} }`);
  expect(errorsOf(go('deny: conceal'))).toEqual([
    expect.stringContaining(
      'services.go.deny: must be reveal: after 404, `go` requests the module from the next proxy',
    ),
  ]);
  expect(errorsOf(go('deny: reveal'))).toEqual([]);
});

test('shadow is warned of', () => {
  expect(warningsOf(service(`${UPSTREAM}, mode: shadow`))).toEqual([
    expect.stringContaining('services.orders.mode: policy is not enforced'),
  ]);
});
