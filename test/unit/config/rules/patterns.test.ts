import { describe, expect, test } from 'vitest';
import { configuration, errorsOf, warningsOf } from '../loading.ts';

const UPSTREAM = 'upstream: { url: http://orders.internal/ }';
const service = (body: string): string => configuration({ services: `{ orders: { type: http, ${body} } }` });
const operations = (body: string): string =>
  service(`${UPSTREAM}, operations: [{ scope: read_api, ${body} }]`);
const grant = (scopes: string, resources: string): string =>
  configuration({
    roles: `{ reader: [{ service: orders, scopes: [${scopes}], resources: [${resources}] }] }`,
  });

describe('operations', () => {
  test.each([
    ['methods: [get]', 'operations[0].methods[0]: must be uppercase: GET'],
    ['methods: ["*"]', 'operations[0].methods[0]: name each method'],
    ['methods: [GET, CONNECT]', 'operations[0].methods[1]: CONNECT is never forwarded'],
    ['methods: ["GET POST"]', 'operations[0].methods[0]: is not an HTTP method'],
    ['methods: [GET], paths: [v1]', 'operations[0].paths[0]: must start with /'],
    [
      'methods: [GET], paths: ["/a+b"]',
      'operations[0].paths[0]: "+" can be sent in several spellings; write * in its place',
    ],
    ['methods: [GET], paths: ["/a%20b"]', 'operations[0].paths[0]: "%" can be sent'],
    ['methods: [GET], paths: ["/ä"]', 'operations[0].paths[0]: "ä" can be sent'],
    [
      'methods: [GET], paths: ["/{claims.x}/**"]',
      'operations[0].paths[0]: operations are the same for every caller',
    ],
    ['methods: [GET], paths: ["/(a+)+$"]', 'operations[0].paths[0]: "+" can be sent'],
    ['methods: [GET], paths: ["/***"]', 'operations[0].paths[0]: "***" is not a wildcard'],
    ['methods: [GET], paths: ["/{a,b}"]', 'operations[0].paths[0]: only {claims.NAME} is allowed in braces'],
    [
      'methods: [GET], paths: ["/a//b"]',
      'operations[0].paths[0]: never matches: paths have no empty segments',
    ],
    [
      'methods: [POST], webSocket: true',
      'operations[0].webSocket: has no effect: a WebSocket handshake is a GET, add it to methods',
    ],
  ])('%s', (body, message) => {
    expect(errorsOf(operations(body))).toEqual([expect.stringContaining(`services.orders.${message}`)]);
  });

  test('a scope is one word', () => {
    const yaml = service(
      `${UPSTREAM}, operations: [{ scope: read_api, methods: [GET] }, { scope: "a b", methods: [PUT] }]`,
    );
    expect(errorsOf(yaml)).toEqual([
      expect.stringContaining('operations[1].scope: must be printable ASCII without spaces'),
    ]);
  });

  test('none at all would deny everything', () => {
    const errors = errorsOf(service(`${UPSTREAM}, operations: []`));
    expect(errors[0]).toContain(
      'roles.reader[0].scopes[0]: service "orders" has no scope "read_api"; there are none',
    );
    expect(errors[1]).toContain('services.orders.operations: is empty');
  });

  test.each([
    'methods: [GET, PROPFIND, M-SEARCH]',
    'methods: [GET], paths: ["/", "/v1/**", "/*/x", "**", "/~a/@b:c=d"]',
    'methods: [POST, GET], webSocket: true',
    'methods: [POST], webSocket: false',
  ])('%s', (body) => {
    expect(errorsOf(operations(body))).toEqual([]);
  });
});

describe('WebSocket handshakes', () => {
  const warnings = (scope: string, body: string): readonly string[] =>
    warningsOf(
      configuration({
        roles: `{ reader: [{ service: orders, scopes: [${scope}], resources: ["/**"] }] }`,
        services: `{ orders: { type: http, ${UPSTREAM}, ${body} } }`,
      }),
    ).map((warning) => warning.replace(/^\S+ /, ''));
  const PLAIN = '{ scope: read, methods: [GET] }';

  test.each([
    ['websocket', 'keepCookies: true', []],
    ['talk', 'operations: [{ scope: talk, methods: [GET], webSocket: true }]', []],
    ['websocket', 'operations: [{ scope: websocket, methods: [GET], webSocket: true }]', []],
    [
      'websocket',
      'webSockets: false',
      ['roles.reader[0].scopes[0]: has no effect: service "orders" sets webSockets: false'],
    ],
    [
      'websocket',
      `operations: [${PLAIN}]`,
      [
        'roles.reader[0].scopes[0]: has no effect: service "orders" has operations; grant the scope of one with webSocket: true',
      ],
    ],
    [
      'talk',
      'webSockets: false, operations: [{ scope: talk, methods: [GET], webSocket: true }]',
      ['services.orders.operations[0].webSocket: has no effect: the service sets webSockets: false'],
    ],
  ])('a grant of %s, with %s', (scope, body, expected) => expect(warnings(scope, body)).toEqual(expected));

  test('the scope is one of type http only', () => {
    const yaml = configuration({
      roles: '{ reader: [{ service: orders, scopes: [websocket], resources: ["**"] }] }',
      services: `{ orders: { type: generic, ${UPSTREAM} } }`,
    });
    expect(errorsOf(yaml)).toEqual([expect.stringContaining('service "orders" has no scope "websocket"')]);
  });
});

describe('grants', () => {
  test.each([
    [
      '"orders:read"',
      '"**"',
      'scopes[0]: service "orders" has no scope "orders:read"; known: read_api, write_api',
    ],
    [
      'read_api, wirte_api',
      '"**"',
      'scopes[1]: service "orders" has no scope "wirte_api"; did you mean "write_api"?',
    ],
    ['read_api', '"v1"', 'resources[0]: must start with /'],
    ['read_api', '"*"', 'resources[0]: must start with /'],
    ['read_api', '"/v?"', 'resources[0]: "?" is not allowed in a pattern'],
    ['read_api', '"/v[12]"', 'resources[0]: "[" is not allowed in a pattern'],
    ['read_api', '"/{a,b}"', 'resources[0]: only {claims.NAME} is allowed in braces'],
    ['read_api', '"/{claims.}"', 'resources[0]: {claims.} names no claim'],
    ['read_api', '"/{claims. x}"', 'resources[0]: {claims. x} names no claim'],
    ['read_api', '"/{claims./a~2}"', 'resources[0]: {claims./a~2} is not a JSON pointer'],
    ['read_api', '"/{claim.x}"', 'resources[0]: only {claims.NAME} is allowed in braces'],
    ['read_api', '"/***"', 'resources[0]: "***" is not a wildcard'],
    ['read_api', '"/a%20b"', 'resources[0]: "%" does not stand for an escape'],
    ['read_api', '"/a/../b"', 'resources[0]: never matches: paths have no dot segments'],
    ['read_api', '"/a//b"', 'resources[0]: never matches: paths have no empty segments'],
    ['read_api', '"/a "', 'resources[0]: starts or ends with a space'],
    ['read_api', '"/a\\nb"', 'resources[0]: holds a control character'],
    ['read_api', '"/a\\\\b"', 'resources[0]: "\\" is not allowed'],
  ])('[%s] on [%s]', (scopes, resources, message) => {
    expect(errorsOf(grant(scopes, resources))).toEqual([
      expect.stringContaining(`roles.reader[0].${message}`),
    ]);
  });

  test.each([
    '"**"',
    '"/**"',
    '"/"',
    '"/v1/*/x"',
    '"{claims.path}/**"',
    '"/{claims.project_path}/**"',
    '"/{claims./a~1b/c}-x"',
    '"/ä b"',
    '"/a+b"',
  ])('on %s', (resources) => {
    expect(errorsOf(grant('read_api, write_api', resources))).toEqual([]);
  });

  describe('of file trees', () => {
    const files = (scopes: string, resources: string): string =>
      configuration({
        roles: `{ reader: [{ service: orders, scopes: [${scopes}], resources: [${resources}] }] }`,
        services: `{ orders: { type: generic, path: /files/, ${UPSTREAM} } }`,
      });

    test.each([
      [
        'read_api',
        '"**"',
        'scopes[0]: service "orders" has no scope "read_api"; known: read_package_registry, write_package_registry',
      ],
      [
        'write_pakage_registry',
        '"**"',
        'scopes[0]: service "orders" has no scope "write_pakage_registry"; did you mean "write_package_registry"?',
      ],
      [
        'read_package_registry',
        '"/acme/**"',
        'resources[0]: must not start with /, as only resources of http services do; write acme/**',
      ],
      ['read_package_registry', '"acme/%20"', 'resources[0]: "%" does not stand for an escape'],
      ['read_package_registry', '"acme//a"', 'resources[0]: never matches: paths have no empty segments'],
      ['read_package_registry', '"../a"', 'resources[0]: never matches: paths have no dot segments'],
      ['read_package_registry', '"acme/a?"', 'resources[0]: "?" is not allowed in a pattern'],
    ])('[%s] on [%s]', (scopes, resources, message) => {
      expect(errorsOf(files(scopes, resources))).toEqual([
        expect.stringContaining(`roles.reader[0].${message}`),
      ]);
    });

    test.each(['"**"', '"acme/**"', '"*"', '"{claims.project_path}/**"', '"a b/ä.tgz"', '".well-known/x"'])(
      'on %s',
      (resources) => {
        expect(errorsOf(files('read_package_registry, write_package_registry', resources))).toEqual([]);
      },
    );
  });

  test('of identities and anonymous ones are checked alike', () => {
    const yaml = configuration({
      identities:
        '{ a: { issuer: gitlab, match: { project_id: 1 }, grants: [{ service: ordres, scopes: [x], resources: [y] }] } }',
      services: `{ orders: { type: http, ${UPSTREAM}, anonymous: [{ scopes: [read], resources: ["/{claims.x}", "/a?"] }] } }`,
    });
    expect(errorsOf(yaml).map((error) => error.replace(/^\S+ /, ''))).toEqual([
      'identities.a.grants[0].service: no service is named "ordres"; did you mean "orders"?',
      'services.orders.anonymous[0].scopes[0]: service "orders" has no scope "read"; known: read_api, write_api, websocket',
      'services.orders.anonymous[0].resources[0]: without a credential there are no claims; put {claims.…} into the resources of a grant',
      'services.orders.anonymous[0].resources[1]: "?" is not allowed in a pattern; only * and ** are wildcards',
    ]);
  });
});
