/** Paths of services without their final slash. */
import { describe, expect, test } from 'vitest';
import { requestLines, useRecordedScenario } from '../support/scenario/recorded.ts';

const scenario = useRecordedScenario({
  host: 'gateway.example.com',
  config: ({ issuer, upstream }) => `
issuers: { gitlab: { type: gitlab, issuer: "${issuer.url}" } }
identities:
  ci:
    issuer: gitlab
    match: { project_id: "20" }
    grants:
      - { service: pypi, scopes: [read_package_registry, write_package_registry], resources: ["**"] }
      - { service: orders, scopes: [read_api, write_api], resources: ["**"] }
services:
  registry: { type: oci, upstream: { url: "${upstream.url}" } }
  pypi: { type: pypi, path: /pypi/, upstream: { url: "${upstream.url}/repository/" } }
  orders: { type: http, path: /orders/, upstream: { url: "${upstream.url}/api/" } }
  root: { type: http, hosts: [root.example.com], path: /, upstream: { url: "${upstream.url}/" } }
  below: { type: http, hosts: [root.example.com], path: /below/, upstream: { url: "${upstream.url}/b/" } }
`,
});

describe('GET and HEAD are redirected to the service', () => {
  test.each([
    ['GET', '/v2', '/v2/'],
    ['HEAD', '/v2', '/v2/'],
    ['GET', '/pypi', '/pypi/'],
    ['GET', '/orders', '/orders/'],
    ['GET', '/%6frders', '/orders/'],
  ])('%s %s', async (method, path, location) => {
    const response = await scenario.respond(`${method} ${path}`);
    expect([response.status, response.headers.get('location')]).toEqual([301, location]);
    expect(await scenario.audited(response)).toMatchObject({
      event: { reason: 'anonymous' },
      url: { path: decodeURIComponent(path) },
    });
    expect(scenario.upstream.bytes()).toBe('');
  });

  test.each(['//evil.example.com', '/\\evil.example.com', '/orders%2f', '/orders/..', '/.', '/orders;'])(
    'no redirect for %s',
    async (path) => {
      const response = await scenario.respond(`GET ${path}`);
      expect(response.status).toBeGreaterThanOrEqual(400);
      expect(response.headers.has('location')).toBe(false);
    },
  );
});

describe('other requests reach the service', () => {
  test('with another method or with a query, after authorization', async () => {
    expect(await scenario.statusOf('POST /orders', ['Content-Length: 4'], 'body')).toBe(200);
    expect(await scenario.statusOf('GET /orders?page=2')).toBe(200);
    expect(requestLines(scenario.upstream)).toEqual(['POST /api/ HTTP/1.1', 'GET /api/?page=2 HTTP/1.1']);
  });

  test('without a grant they are denied', async () => {
    const bytes =
      'POST /orders HTTP/1.1\r\nHost: gateway.example.com\r\nContent-Length: 0\r\nConnection: close\r\n\r\n';
    const [response] = await scenario.send(bytes);
    expect(response?.status).toBe(401);
    expect(scenario.upstream.bytes()).toBe('');
  });
});

test('a service whose path matches keeps the request', async () => {
  expect(
    (await scenario.send(scenario.request('GET /below', ['Connection: close'], '', 'root.example.com')))[0]
      ?.status,
  ).toBe(403);
});
