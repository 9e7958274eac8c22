import { describe, expect, test } from 'vitest';
import { httpProtocol } from '../../support/protocols.ts';
import { headsAt, SCOPE_NOT_GRANTED } from './request-heads.ts';

const head = headsAt('api.example.com');

describe('without operations', () => {
  const { classify } = httpProtocol({ path: '/' });

  test.each([
    ['GET', 'read_api'],
    ['HEAD', 'read_api'],
    ['OPTIONS', 'read_api'],
    ['POST', 'write_api'],
    ['PUT', 'write_api'],
    ['PATCH', 'write_api'],
    ['DELETE', 'write_api'],
  ])('%s requires %s on the path', (method, scope) => {
    expect(classify(head(method, '/orders/1?full=true'))).toEqual({
      kind: 'operations',
      operations: [{ scope, resource: '/orders/1', extent: 'one' }],
    });
  });

  test('a WebSocket handshake requires websocket', () => {
    expect(classify({ ...head('GET', '/events'), webSocket: true })).toMatchObject({
      operations: [{ scope: 'websocket', resource: '/events' }],
    });
  });

  test.each(['PURGE', 'TRACE', 'get'])('%s is not an operation', (method) => {
    expect(classify(head(method, '/orders'))).toEqual({
      kind: 'unknown',
      detail: `no operation of the service matches ${method} on this path`,
    });
  });
});

describe('with operations', () => {
  const { classify } = httpProtocol({
    path: '/shop/',
    operations: [
      { scope: 'admin', methods: ['get', 'POST'], paths: ['/admin/**'] },
      { scope: 'read', methods: ['GET'], paths: ['/orders/*', '/admin/health'] },
      { scope: 'stream', methods: ['GET'], paths: ['/events'], webSocket: true },
      { scope: 'write', methods: ['POST'] },
    ],
  });

  test.each([
    ['the first match wins', 'GET', '/shop/admin/health', 'admin', '/admin/health'],
    ['methods are case-insensitive in the configuration', 'GET', '/shop/admin/x', 'admin', '/admin/x'],
    ['the path below the service is the resource', 'GET', '/shop/orders/1', 'read', '/orders/1'],
    ['an entry without paths covers every path', 'POST', '/shop/orders/1', 'write', '/orders/1'],
    ['an entry for WebSockets covers plain requests too', 'GET', '/shop/events', 'stream', '/events'],
  ])('%s: %s %s', (_rule, method, target, scope, resource) => {
    expect(classify(head(method, target))).toEqual({
      kind: 'operations',
      operations: [{ scope, resource, extent: 'one' }],
    });
  });

  test.each([
    ['GET', '/shop/orders/1/items'],
    ['GET', '/shop/'],
    ['HEAD', '/shop/orders/1'],
    ['DELETE', '/shop/orders/1'],
  ])('%s %s is not an operation', (method, target) => {
    expect(classify(head(method, target))).toMatchObject({ kind: 'unknown' });
  });

  test('a WebSocket handshake matches only entries with webSocket', () => {
    const handshake = (target: string) => classify({ ...head('GET', target), webSocket: true });
    expect(handshake('/shop/events')).toMatchObject({ operations: [{ scope: 'stream' }] });
    expect(handshake('/shop/orders/1')).toEqual({
      kind: 'unknown',
      detail: 'no operation of the service with webSocket: true matches a WebSocket handshake on this path',
    });
  });
});

test.each([
  [undefined, false],
  [false, false],
  [{}, true],
] as const)('webSockets: %j forwards handshakes: %s', (webSockets, forwarded) => {
  expect(httpProtocol({ path: '/', webSockets }).webSockets).toBe(forwarded);
});

describe('the challenge', () => {
  const { challenge } = httpProtocol({ path: '/' });
  const read = { scope: 'read_api', resource: '/a', extent: 'one' } as const;

  test('names the host, the error and each scope once', () => {
    const context = {
      host: 'api.example.com',
      operations: [read, read],
      error: 'invalid_token',
      status: 401,
    };
    expect(challenge(context)).toBe(
      'Bearer realm="api.example.com", error="invalid_token", scope="read_api"',
    );
  });

  test('omits what is not known', () => {
    expect(challenge({ host: 'api.example.com', operations: [], error: undefined, status: 401 })).toBe(
      'Bearer realm="api.example.com"',
    );
  });

  test('contains no quote from the request', () => {
    expect(challenge({ host: 'a"b\\c\nd', operations: [], error: undefined, status: 401 })).toBe(
      'Bearer realm="abcd"',
    );
  });
});

describe('a refusal', () => {
  const { refusal } = httpProtocol({ path: '/' });

  test.each([
    undefined,
    '*/*',
    'text/html, application/json;q=0.5',
    'application/*',
    'application/problem+json',
  ])('is JSON for Accept: %s', (accept) => {
    expect(refusal(SCOPE_NOT_GRANTED, accept)).toEqual({
      contentType: 'application/json',
      body: '{"error":"scope_not_granted","message":"Why.","request_id":"r-1"}\n',
    });
  });

  test('is plain text if the client accepts no JSON', () => {
    expect(refusal(SCOPE_NOT_GRANTED, 'text/plain')).toEqual({
      contentType: 'text/plain; charset=utf-8',
      body: 'Why.\nerror: scope_not_granted\nrequest id: r-1\n',
    });
  });

  test('of a header is a Kubernetes Status', () => {
    const { body } = refusal({ ...SCOPE_NOT_GRANTED, status: 400, error: 'header_refused' }, undefined);
    expect(JSON.parse(body)).toMatchObject({
      kind: 'Status',
      apiVersion: 'v1',
      status: 'Failure',
      code: 400,
    });
  });

  const KUBECTL = 'kubectl/v1.35.0 (linux/amd64) kubernetes/abcdef0';
  const kubernetes = httpProtocol({ path: '/', errorFormat: 'kubernetes' });

  test.each([
    ['errorFormat: kubernetes', kubernetes, undefined, undefined],
    ['kubectl', httpProtocol({ path: '/' }), KUBECTL, 'application/json;as=Table;v=v1,application/json'],
    ['kubectl --raw', httpProtocol({ path: '/' }), KUBECTL, 'application/json, */*'],
  ])('is a Kubernetes Status: %s', (_which, protocol, userAgent, accept) => {
    const { contentType, body } = protocol.refusal({ ...SCOPE_NOT_GRANTED, userAgent }, accept);
    expect(contentType).toBe('application/json');
    expect(JSON.parse(body)).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'Why. (scope_not_granted, request id r-1)',
      reason: 'Forbidden',
      code: 403,
      error: 'scope_not_granted',
      request_id: 'r-1',
    });
  });

  test('is text for the discovery client of kubectl', () => {
    const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json';
    expect(refusal({ ...SCOPE_NOT_GRANTED, userAgent: KUBECTL }, accept)).toEqual({
      contentType: 'text/plain; charset=utf-8',
      body: 'Why. (scope_not_granted, request id r-1)',
    });
  });

  test('is no Status for other clients', () => {
    for (const userAgent of [undefined, 'curl/8', 'x kubectl/v1'])
      expect(refusal({ ...SCOPE_NOT_GRANTED, userAgent }, 'application/json').body).not.toContain('Status');
  });
});
