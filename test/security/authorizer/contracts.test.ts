/** The contracts of the authorizer: decisions, denials, identity headers and audit events (threats A1, A4). */
import { beforeAll, describe, expect, test } from 'vitest';
import {
  CONTRACTS,
  startAuthorizerScenario,
  type AuthorizerScenario,
} from '../../support/authorizer/scenario.ts';

let scenario: AuthorizerScenario;
beforeAll(async () => {
  scenario = await startAuthorizerScenario();
  return () => scenario.close();
});

describe.each(CONTRACTS)('the contract of %s', (contract) => {
  test('an allowed request: 200, an empty body and the identity', async () => {
    const response = await scenario.ask(contract, { target: '/api/orders?a=1', headers: [scenario.bearer] });

    expect(response).toMatchObject({ status: 200, body: '' });
    expect(response.headers.get('content-length')).toBe('0');
    expect(response.headers.get('x-auth-identity')).toBe('payments');
    expect(response.headers.get('x-auth-issuer')).toBe(scenario.issuer.url);
    expect(response.headers.get('x-auth-credential')).toBe('id_token');
    expect(response.headers.get('x-auth-scopes')).toBe('read_api');
    expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('the audit event has the request and the address of the client', async () => {
    const response = await scenario.ask(contract, {
      method: 'POST',
      target: '/api/orders?a=1',
      headers: [scenario.bearer, 'User-Agent: curl/8', 'Content-Type: application/json'],
    });

    expect(await scenario.audited(response)).toMatchObject({
      event: { reason: 'granted', outcome: 'success' },
      http: { request: { method: 'POST' }, response: { status_code: 200 } },
      url: { domain: 'app.example', path: '/api/orders' },
      client: { address: '192.0.2.7' },
      user_agent: { original: 'curl/8' },
      gatehouse: { service: 'app' },
    });
  });

  test('an anonymous request: 200 without identity', async () => {
    const response = await scenario.ask(contract, { target: '/public/logo.png' });

    expect(response.status).toBe(200);
    expect([...response.headers.keys()].filter((name) => name.startsWith('x-auth-'))).toEqual([]);
  });

  test('without a credential: 401 with the challenge and the error format of the service', async () => {
    const response = await scenario.ask(contract, { target: '/api/orders' });

    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe(
      'Bearer realm="app.example", scope="read_api", resource_metadata="https://app.example/.well-known/oauth-protected-resource"',
    );
    expect(JSON.parse(response.body)).toMatchObject({ error: 'no_credential' });
  });

  test('without a grant: 403 with the reason', async () => {
    const response = await scenario.ask(contract, { target: '/admin', headers: [scenario.bearer] });

    expect(response.status).toBe(403);
    expect(JSON.parse(response.body)).toMatchObject({ error: 'resource_not_granted' });
    expect(response.headers.has('x-auth-identity')).toBe(false);
  });

  test('registries: the challenge names the token endpoint of the host', async () => {
    const response = await scenario.ask(contract, { target: '/v2/', host: 'registry.example' });

    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toContain(
      'Bearer realm="https://registry.example/token",service="registry.example"',
    );
    expect(response.headers.get('docker-distribution-api-version')).toBe('registry/2.0');
  });

  test('a refusal keeps the connection of the proxy open', async () => {
    const described = { method: 'POST', target: '/api/x' };
    const response = await scenario.ask(contract, described, 'keep-alive');
    expect(response.status).toBe(401);
    expect(response.headers.get('connection')).toBe('keep-alive');

    const refused = await scenario.ask(contract, { target: '/api/../x' }, 'keep-alive');
    expect(refused.status).toBe(400);
    expect(refused.headers.get('connection')).toBe('keep-alive');
  });
});

test('nginx: the body of a refusal is also in a header', async () => {
  const response = await scenario.ask('nginx', { target: '/api/orders' });
  expect(response.headers.get('x-gatehouse-body')).toBe(response.body.trim());
  for (const contract of ['forward', 'envoy'] as const) {
    const other = await scenario.ask(contract, { target: '/api/orders' });
    expect(other.headers.has('x-gatehouse-body')).toBe(false);
  }
});

describe('the target selects the contract by its bytes (threats A4)', () => {
  test.each([
    '/authorize/envoy/../forward',
    '/authorize/envoy/%2e%2e/forward',
    '/authorize/envoy/..%2fforward',
    '/authorize/envoy/./../nginx',
  ])('%s stays with Envoy', async (target) => {
    const response = await scenario.askRaw(`GET ${target}`, [
      'Host: app.example',
      'X-Forwarded-Method: GET',
      'X-Forwarded-Uri: /public/x',
      'X-Forwarded-Host: app.example',
      'X-Original-Method: GET',
      'X-Original-URL: https://app.example/public/x',
    ]);
    expect(response.status).toBe(400);
  });

  test.each(['/', '/authorize', '/authorize/', '/authorize/nginx/', '/authorize/forward/x', '/healthz'])(
    '%s is no contract',
    async (target) => {
      const response = await scenario.askRaw(`GET ${target}`, ['Host: app.example', scenario.bearer]);
      expect(response.status).toBe(404);
    },
  );

  test('Caddy: the query of the client at the URL of the contract has no effect', async () => {
    const response = await scenario.askRaw('GET /authorize/forward?X-Forwarded-Uri=/public/x', [
      'Host: gatehouse',
      'X-Forwarded-Method: GET',
      'X-Forwarded-Proto: https',
      'X-Forwarded-Host: app.example',
      'X-Forwarded-Uri: /api/x',
    ]);
    expect(response.status).toBe(401);
  });

  test('the contracts are not on the public listener', async () => {
    for (const path of ['nginx', 'forward', 'envoy/public/x']) {
      const status = await scenario.statusOf(`GET /authorize/${path}`, [
        'X-Original-Method: GET',
        'X-Original-URL: https://app.example/public/x',
      ]);
      expect(status).toBe(404);
    }
  });
});

describe('services without an upstream on the public listener', () => {
  const publicRequest = (line: string, host: string, headers: readonly string[] = []) =>
    scenario.send(scenario.request(line, ['Connection: close', ...headers], '', host));

  test.each([
    ['GET /api/orders', 'app.example'],
    ['GET /public/logo.png', 'app.example'],
    ['GET /v2/', 'registry.example'],
    ['PUT /acme/x.tgz', 'files.example'],
  ])('%s at %s is 404', async (line, host) => {
    const [response] = await publicRequest(line, host, [scenario.bearer]);
    expect(response?.status).toBe(404);
  });

  test('the token endpoint of a registry is there', async () => {
    const [response] = await publicRequest(
      'GET /token?service=registry.example&scope=repository:acme/x:pull',
      'registry.example',
      [scenario.bearer],
    );
    expect(response?.status).toBe(200);
    const { token } = JSON.parse(response?.body ?? '') as { readonly token: string };

    const allowed = await scenario.ask('forward', {
      target: '/v2/acme/x/manifests/1',
      host: 'registry.example',
      headers: [`Authorization: Bearer ${token}`],
    });
    expect(allowed.status).toBe(200);
    const push = await scenario.ask('forward', {
      method: 'PUT',
      target: '/v2/acme/x/manifests/1',
      host: 'registry.example',
      headers: [`Authorization: Bearer ${token}`],
    });
    expect(push.status).toBe(401);
  });
});
