/** Protected-resource metadata (RFC 9728) names configured addresses only, and describes no more than a 401 does. */
import { describe, expect, test } from 'vitest';
import { startIssuer } from '../support/issuer.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { useScenario } from '../support/scenario.ts';

const scenario = useScenario({
  backends: { issuer: () => startIssuer(), upstream: () => startRecordingUpstream() },
  config: ({ issuer, upstream }) => `
issuers: { gitlab: { type: gitlab, issuer: "${issuer.url}" } }
identities:
  ci:
    issuer: gitlab
    match: { project_id: "20" }
    grants: [{ service: orders, scopes: [read_api], resources: ["**"] }]
services:
  orders: { type: http, path: /orders/, upstream: { url: "${upstream.url}/" } }
  admin:
    type: http
    path: /orders/admin/
    operations: [{ scope: rotate, methods: [POST] }, { scope: list, methods: [GET] }]
    upstream: { url: "${upstream.url}/" }
  hidden: { type: http, path: /hidden/, deny: conceal, upstream: { url: "${upstream.url}/" } }
  basic: { type: http, path: /basic/, credentialSources: [basic], upstream: { url: "${upstream.url}/" } }
  files: { type: generic, path: /files/, upstream: { url: "${upstream.url}/" } }
  site:
    type: http
    hosts: [site.example.com, "site.example.com:8443"]
    anonymous: [{ scopes: [read_api], resources: ["/**"] }]
    upstream: { url: "${upstream.url}/" }
`,
});

const METADATA = '/.well-known/oauth-protected-resource';
const PUBLIC = 'https://gateway.example.com';

async function get(path: string, host = 'gateway.example.com', headers: readonly string[] = []) {
  const bytes = scenario.request(`GET ${path}`, ['Connection: close', ...headers], '', host);
  const [response] = await scenario.send(bytes);
  return response ?? expect.fail('no response');
}

/** The document of a path, without the members that all documents share. */
async function documentOf(path: string, host?: string, headers?: readonly string[]): Promise<unknown> {
  const { status, body } = await get(METADATA + path, host, headers);
  if (status !== 200) return status;
  const { authorization_servers, bearer_methods_supported, ...rest } = JSON.parse(body) as Record<
    string,
    unknown
  >;
  expect([authorization_servers, bearer_methods_supported]).toEqual([[PUBLIC], ['header']]);
  return rest;
}

const challengeOf = async (path: string, host?: string, headers?: readonly string[]): Promise<unknown> =>
  (await get(path, host, headers)).headers.get('www-authenticate');

describe('each service of type http has a document', () => {
  const scopes_supported = ['read_api', 'write_api', 'websocket'];
  test.each([
    ['/orders', { resource: `${PUBLIC}/orders`, scopes_supported }],
    ['/orders/', { resource: `${PUBLIC}/orders/`, scopes_supported }],
    // A client compares `resource` with the start of its URL, or refuses it.
    ['/orders/v1/mcp', { resource: `${PUBLIC}/orders/`, scopes_supported }],
    ['/orders/admin', { resource: `${PUBLIC}/orders/admin`, scopes_supported: ['rotate', 'list'] }],
    ['/orders/admin/x', { resource: `${PUBLIC}/orders/admin/`, scopes_supported: ['rotate', 'list'] }],
  ])('%s', async (path, document) => {
    expect(await documentOf(path)).toEqual(document);
  });

  test.each(['', '/', '/basic', '/files', '/ordersx', '/nowhere'])('%s: 404', async (path) => {
    expect(await documentOf(path)).toBe(404);
  });

  test.each(['site.example.com', 'site.example.com:8443'])('a document per host: %s', async (host) => {
    const resource = `https://${host}`;
    expect(await documentOf('', host)).toEqual({ resource, scopes_supported });
    expect(await documentOf('/orders', host)).toEqual({ resource: `${resource}/`, scopes_supported });
  });

  test('an upstream cannot replace the document, also where anonymous requests reach it', async () => {
    const before = scenario.upstream.requests.length;
    await documentOf('', 'site.example.com');
    await documentOf('/mcp', 'site.example.com');
    expect(scenario.upstream.requests.length).toBe(before);
  });
});

describe('a hostile Host', () => {
  const HEADERS = ['X-Forwarded-Host: evil.example', 'Forwarded: host=evil.example;proto=http'];
  test.each(['evil.example', 'gateway.example.com:81', 'evil.example:443'])(
    '%s is not in the document or the challenge',
    async (host) => {
      expect(await documentOf('/orders', host, HEADERS)).toMatchObject({ resource: `${PUBLIC}/orders` });
      expect(await challengeOf('/orders/x', host, HEADERS)).toContain(
        `resource_metadata="${PUBLIC}${METADATA}/orders"`,
      );
    },
  );

  test('the port of a request is not in the challenge of a host without a port', async () => {
    const challenge = await challengeOf('/secret?x', 'site.example.com:9', ['Authorization: Bearer x']);
    expect(challenge).toContain(`resource_metadata="https://site.example.com${METADATA}"`);
  });
});

describe('challenges', () => {
  test('a 401 and a 403 for insufficient scope name the document', async () => {
    const named = `resource_metadata="${PUBLIC}${METADATA}/orders"`;
    expect(await challengeOf('/orders/x')).toBe(
      `Bearer realm="gateway.example.com", scope="read_api", ${named}`,
    );
    const token = `Authorization: Bearer ${scenario.issuer.mint()}`;
    const denied = await scenario.respond('POST /orders/x', [token, 'Content-Length: 0']);
    expect([denied.status, denied.headers.get('www-authenticate')]).toEqual([
      403,
      `Bearer realm="gateway.example.com", error="insufficient_scope", scope="write_api", ${named}`,
    ]);
  });

  test('a service that OAuth clients cannot use has none', async () => {
    expect(await challengeOf('/basic/x')).not.toContain('resource_metadata');
    expect(await challengeOf('/files/x')).not.toContain('resource_metadata');
  });

  test('a service with deny: conceal discloses no scopes, and its 404 has no challenge', async () => {
    expect(await documentOf('/hidden')).toEqual({ resource: `${PUBLIC}/hidden` });
    const token = `Authorization: Bearer ${scenario.issuer.mint()}`;
    const concealed = await scenario.respond('GET /hidden/x', [token]);
    expect([concealed.status, concealed.headers.get('www-authenticate')]).toEqual([404, undefined]);
  });
});

test('HEAD has the head of GET; other methods are refused', async () => {
  const [head, read] = [await scenario.respond(`HEAD ${METADATA}/orders`), await get(`${METADATA}/orders`)];
  for (const name of ['content-type', 'content-length', 'cache-control']) {
    expect(head.headers.get(name)).toBe(read.headers.get(name));
  }
  expect([head.status, head.body]).toEqual([200, '']);
  for (const method of ['OPTIONS', 'POST', 'DELETE']) {
    const refused = await scenario.respond(`${method} ${METADATA}/orders`, ['Content-Length: 0']);
    expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'GET']);
  }
});
