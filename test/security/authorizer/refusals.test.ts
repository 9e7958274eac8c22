/** The authorizer refuses the requests that the forwarder would have rewritten (threats A1, H9, L2, P, S1, U1). */
import { beforeAll, describe, expect, test } from 'vitest';
import {
  CONTRACTS,
  startAuthorizerScenario,
  type AuthorizerScenario,
  type Described,
} from '../../support/authorizer/scenario.ts';

let scenario: AuthorizerScenario;
beforeAll(async () => {
  scenario = await startAuthorizerScenario({
    app: ', operations: [{ scope: read_api, methods: [GET, HEAD] }, { scope: write_api, methods: [POST, PUT] }, { scope: delete_api, methods: [DELETE, PATCH] }], passHeaders: [X-Checksum-Deploy], identityHeaders: { Remote-User: "{subject}" }',
    services: `  open: { type: http, hosts: [open.example], anonymous: [{ scopes: [read_api, write_api], resources: ["/**"] }] }
  packages: { type: npm, hosts: [app.example], path: /npm/, upstream: { url: "http://127.0.0.1:9/" } }
  slash: { type: http, hosts: [slash.example], path: /app/, anonymous: [{ scopes: [read_api], resources: ["/**"] }] }`,
  });
  return () => scenario.close();
});

describe.each(CONTRACTS)('%s', (contract) => {
  async function refusal(described: Described): Promise<{ readonly status: number; readonly error: string }> {
    const response = await scenario.ask(contract, described);
    const { event } = await scenario.audited(response);
    return { status: response.status, error: event.reason };
  }

  test.each([
    ['an unnecessary escape', '/public/%61', 'path_ambiguous'],
    ['an escape in lowercase', '/public/%c3%a9', 'path_ambiguous'],
    ['a dot segment', '/public/../api/x', 'path_ambiguous'],
    ['a literal ./', '/public/./x', 'path_ambiguous'],
    ['an encoded slash', '/public/a%2Fb', 'path_ambiguous'],
    ['an empty segment', '/public//x', 'path_ambiguous'],
    ['a parameter', '/public/a;b', 'path_ambiguous'],
    ['a fragment', '/public/a#b', 'path_ambiguous'],
    ['a backslash', String.raw`/public/a\b`, 'path_ambiguous'],
  ])('%s: 400', async (_name, target, error) => {
    expect(await refusal({ target })).toEqual({ status: 400, error });
  });

  test('a target that is no path: 400', async () => {
    for (const target of ['*', 'http://evil.example/public/x', '@evil.example/public/x']) {
      // nginx combines host and target in one header, so that the second part of an absolute form belongs to the host.
      const response = await scenario.ask(contract, { target });
      expect(response.status, target).toBe(400);
    }
  });

  test.each(['private_token=a', 'job_token=a', 'access_token=a', 'a=1&PRIVATE_TOKEN=a', 'private%5ftoken=a'])(
    'a credential in the query (%s): 400',
    async (query) => {
      expect(await refusal({ target: `/public/x?${query}` })).toEqual({
        status: 400,
        error: 'credential_in_query',
      });
    },
  );

  test('a credential parameter of the service type: 400', async () => {
    expect(await refusal({ target: '/acme/x?token=a', host: 'files.example' })).toEqual({
      status: 400,
      error: 'credential_in_query',
    });
  });

  test.each(['_method=DELETE', 'sudo=root', 'x-http-method-override=PUT'])(
    'a parameter that replaces the method or the user (%s): 400',
    async (query) => {
      expect(await refusal({ target: `/public/x?${query}` })).toEqual({
        status: 400,
        error: 'request_malformed',
      });
    },
  );

  test.each([
    'X-HTTP-Method-Override: DELETE',
    'X_HTTP_Method: DELETE',
    'Sudo: root',
    'Impersonate-User: admin',
    'X-WebAuth-User: admin',
    'X-Forwarded-User: admin',
    'X-Forwarded-Email: admin@app.example',
    'X-Forwarded-Groups: admins',
    'X-Forwarded-Preferred-Username: admin',
    'X-Auth-Username: admin',
    'X-Auth-Request-Email: admin@app.example',
    'X-Host: evil.example',
    'X-HTTP-Host-Override: evil.example',
    'X-Rewrite-Url: /api/x',
    'X-Explode-Archive: true',
    'X_Auth_Identity: admin',
    'X.Auth-Scopes: admin',
    'Private_Token: a',
  ])('the header %s: 400', async (header) => {
    expect(await refusal({ target: '/public/x', headers: [header] })).toEqual({
      status: 400,
      error: 'header_refused',
    });
  });

  test('another spelling of a header that the service sets: 400', async () => {
    expect(await refusal({ target: '/public/x', headers: ['Remote_User: admin'] })).toEqual({
      status: 400,
      error: 'header_refused',
    });
  });

  test('headers that the service forwards or sets are accepted', async () => {
    for (const header of ['X-Checksum-Deploy: true', 'Remote-User: evil']) {
      const response = await scenario.ask(contract, { target: '/public/x', headers: [header] });
      expect(response.status, header).toBe(200);
    }
  });

  test('joined credentials (two headers, joined by Envoy): 400', async () => {
    expect(
      await refusal({ target: '/api/x', headers: [`${scenario.bearer},${scenario.bearer.split(' ')[2]}`] }),
    ).toEqual({ status: 400, error: 'credential_conflict' });
  });

  test('joined hosts: 400', async () => {
    const response = await scenario.ask(contract, { target: '/public/x', host: 'app.example,evil.example' });
    expect(response.status).toBe(400);
  });

  test('an upgrade to another protocol than WebSocket: 400', async () => {
    for (const upgrade of ['h2c', 'TLS/1.0', 'websocket, h2c']) {
      const response = await scenario.ask(contract, {
        target: '/public/x',
        headers: [`Upgrade: ${upgrade}`],
      });
      expect(response.status, upgrade).toBe(400);
    }
  });

  test('a WebSocket handshake needs a separate grant', async () => {
    const headers = [
      scenario.bearer,
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      'Sec-WebSocket-Version: 13',
    ];
    expect(await refusal({ target: '/api/x', headers })).toEqual({ status: 403, error: 'operation_unknown' });
    const upgrade = [scenario.bearer, 'Upgrade: websocket'];
    expect(await refusal({ target: '/api/x', headers: upgrade })).toEqual({
      status: 403,
      error: 'operation_unknown',
    });
  });

  test.each(['TRACE', 'CONNECT'])('the method %s is not allowed', async (method) => {
    if (contract === 'envoy') return;
    expect((await refusal({ method, target: '/public/x' })).status).toBe(400);
  });

  test('a form can replace the method, so every method must be granted: 403', async () => {
    const form = ['Content-Type: application/x-www-form-urlencoded', scenario.bearer];
    expect(await refusal({ method: 'POST', target: '/api/x', headers: form })).toEqual({
      status: 403,
      error: 'operation_in_body',
    });
    // Rack reads a POST body without a media type as a form.
    expect(await refusal({ method: 'POST', target: '/api/x', headers: [scenario.bearer] })).toEqual({
      status: 403,
      error: 'operation_in_body',
    });
    const json = ['Content-Type: application/json', scenario.bearer];
    expect((await scenario.ask(contract, { method: 'POST', target: '/api/x', headers: json })).status).toBe(
      200,
    );
    const open = { method: 'POST', target: '/x', host: 'open.example', headers: form.slice(0, 1) };
    expect((await scenario.ask(contract, open)).status).toBe(200);
  });

  test('a form as the body of a registry request: 400', async () => {
    const response = await scenario.ask(contract, {
      method: 'POST',
      target: '/v2/acme/x/blobs/uploads/',
      host: 'registry.example',
      headers: [scenario.bearer, 'Content-Type: multipart/form-data; boundary=x'],
    });
    expect(response.status).toBe(400);
  });

  test('a mount is decided with its source', async () => {
    const digest = `sha256:${'0'.repeat(64)}`;
    const mount = (query: string): Described => ({
      method: 'POST',
      target: `/v2/acme/x/blobs/uploads/?${query}`,
      host: 'registry.example',
      headers: [scenario.bearer],
    });
    const granted = await scenario.ask(contract, mount(`mount=${digest}&from=acme%2Fy`));
    expect(granted.status).toBe(200);
    expect((await scenario.ask(contract, mount(`mount=${digest}&from=evil%2Fy`))).status).toBe(403);
    expect(await refusal(mount(`mount=${digest}`))).toEqual({ status: 403, error: 'resource_not_granted' });
  });

  test('a type whose operations are in bodies: 404', async () => {
    expect(await refusal({ target: '/npm/left-pad', headers: [scenario.bearer] })).toEqual({
      status: 404,
      error: 'no_service',
    });
  });

  test('the path of a service without its final slash: 404, because the gateway cannot redirect', async () => {
    expect(await refusal({ target: '/app', host: 'slash.example' })).toEqual({
      status: 404,
      error: 'no_service',
    });
  });
});

describe('the headers of a contract (threats A1)', () => {
  const nginx = ['Host: gatehouse', 'X-Original-Method: GET', 'X-Original-URL: https://app.example/public/x'];
  const forward = [
    'Host: gatehouse',
    'X-Forwarded-Method: GET',
    'X-Forwarded-Proto: https',
    'X-Forwarded-Host: app.example',
    'X-Forwarded-Uri: /public/x',
  ];

  test.each<[string, string, readonly string[]]>([
    ...nginx.slice(1).map((line): [string, string, readonly string[]] => ['nginx', line, nginx]),
    ...forward.slice(1).map((line): [string, string, readonly string[]] => ['forward', line, forward]),
  ])('%s: %s missing, empty, repeated or spelled otherwise', async (contract, line, headers) => {
    const [name = '', value = ''] = line.split(': ');
    const without = headers.filter((each) => each !== line);
    const ask = async (lines: readonly string[]): Promise<number> =>
      (await scenario.askRaw(`GET /authorize/${contract}`, lines)).status;

    expect(await ask(headers)).toBe(200);
    expect(await ask(without)).toBe(400);
    expect(await ask([...without, `${name}:`])).toBe(400);
    expect(await ask([...headers, line])).toBe(400);
    expect(await ask([...headers, `${name.replaceAll('-', '_')}: ${value}`])).toBe(400);
    expect(await ask([...headers, `${name.replace('-', '.')}: ${value}`])).toBe(400);
  });

  test('a contract does not read the headers of another one', async () => {
    const bogus = ['X-Original-Method: GET', 'X-Original-URL: https://app.example/public/x'];
    expect((await scenario.askRaw('GET /authorize/forward', ['Host: a', ...bogus])).status).toBe(400);
    const other = forward.map((line) => line.replace('/public/x', '/api/x'));
    expect((await scenario.askRaw('GET /authorize/nginx', [...nginx, ...other.slice(1)])).status).toBe(200);
    expect(
      (await scenario.askRaw('GET /authorize/envoy/api/x', ['Host: app.example', ...bogus])).status,
    ).toBe(400);
  });

  test('X-Auth-* of the client has no effect', async () => {
    const response = await scenario.askRaw('GET /authorize/nginx', [...nginx, 'X-Auth-Identity: admin']);
    expect(response.status).toBe(200);
    expect(response.headers.has('x-auth-identity')).toBe(false);
  });
});
