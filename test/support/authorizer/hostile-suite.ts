import { expect, test } from 'vitest';
import { HOSTILE_TARGETS } from './hostile.ts';
import type { ProxiedScenario } from './proxied.ts';

/** A1, A2: the upstream receives the request that the gateway has decided on, or none. */
export function testHostileRequests(scenario: ProxiedScenario): void {
  const bearer = (): string => `Authorization: Bearer ${scenario.token}`;

  /** Sends a request and checks each request that reached the upstream against its audit event. */
  async function check(line: string, headers: readonly string[]): Promise<number> {
    scenario.received();
    await scenario.send(line, headers);
    const received = scenario.received();
    for (const request of received) {
      const [method = '', target = ''] = request.requestLine.split(' ');
      const ids = request.headers.get('x-request-id') ?? [];
      expect(ids, `${line}: ${request.head}`).toHaveLength(1);
      const event = await scenario.gateway.audited(ids[0]);
      const { http, url } = event as unknown as Decided;
      expect(
        { method: http.request.method, path: url.path, host: url.domain },
        `${line}: ${request.head}`,
      ).toEqual({ method, path: target.split('?')[0], host: request.headers.get('host')?.[0] });
      expect(request.headers.get('host')).toHaveLength(1);
    }
    return received.length;
  }

  test.each([
    ['without a credential', false],
    ['with a credential', true],
  ])('asked equals forwarded, or refused: %s', async (_name, authenticated) => {
    let forwarded = 0;
    for (const target of HOSTILE_TARGETS) {
      forwarded += await check(`GET ${target}`, authenticated ? [bearer()] : []);
    }
    expect(forwarded).toBeGreaterThan(3);
  });

  test('the headers of the contract, sent by the client, have no effect', async () => {
    scenario.received();
    const forged = [
      'X-Original-Method: GET',
      'X-Original-URL: https://app.example/public/x',
      'X-Original-URI: /public/x',
      'X-Forwarded-Method: GET',
      'X-Forwarded-Uri: /public/x',
      'X-Forwarded-Host: app.example',
      'X-Forwarded-Proto: https',
      'X-Forwarded-For: 198.51.100.1',
      'Forwarded: for=198.51.100.1;host=app.example',
    ];
    for (const line of ['GET /api/x', 'POST /public/x', 'DELETE /api/x']) {
      for (const headers of [forged, ...forged.map((each) => [each])]) {
        const response = await scenario.send(line, headers);
        expect([400, 401, 403], `${line} ${headers.join()}`).toContain(response?.status);
      }
    }
    expect(scenario.received()).toEqual([]);
    for (const header of forged.filter((line) => !line.startsWith('X-Original'))) {
      await check('GET /public/x', [header]);
    }
  });

  test('identity headers of the client never reach the upstream', async () => {
    const spoofed = [
      'X-Auth-Identity: admin',
      'x-auth-subject: admin',
      'X-AUTH-SCOPES: admin',
      'X-Auth-Issuer: admin',
      'X-Auth-Credential: admin',
      'X-Auth-Assertion: admin',
      'X_Auth_Identity: admin',
      'X-Auth_Identity: admin',
      'X.Auth.Identity: admin',
      'Remote-User: admin',
      'X-Remote-User: admin',
      'X-Forwarded-User: admin',
      'X-Forwarded-Email: admin@app.example',
      'X-Forwarded-Groups: admin',
      'X-Forwarded-Preferred-Username: admin',
      'X-Auth-Username: admin',
      'X-Auth-Request-Email: admin@app.example',
    ];
    for (const credential of [[], [bearer()]]) {
      for (const header of spoofed) {
        scenario.received();
        await scenario.send('GET /public/x', [...credential, header]);
        for (const { head } of scenario.received()) expect(head, header).not.toContain('admin');
      }
      scenario.received();
      await scenario.send('GET /public/x', [...credential, ...spoofed.slice(0, 6)]);
      for (const { head } of scenario.received()) expect(head).not.toContain('admin');
    }
  });

  test('headers that Connection names: the identity reaches the upstream, or the request is refused', async () => {
    for (const names of ['X-Auth-Identity', 'close, X-Auth-Identity, X-Auth-Scopes', 'Authorization']) {
      scenario.received();
      await scenario.send('GET /api/x', [`Connection: ${names}`, bearer()]);
      for (const request of scenario.received()) {
        expect(request.headers.get('x-auth-identity'), names).toEqual(['payments']);
        expect(request.headers.has('authorization'), names).toBe(false);
      }
    }
  });

  test('overrides of the method and the user never reach the upstream', async () => {
    scenario.received();
    for (const header of [
      'X-HTTP-Method-Override: DELETE',
      'X_HTTP_Method: DELETE',
      'Sudo: root',
      'Impersonate-User: root',
    ]) {
      await scenario.send('GET /public/x', [header]);
    }
    for (const query of ['_method=DELETE', 'sudo=root', 'private_token=a', 'job_token=a']) {
      await scenario.send(`GET /public/x?${query}`);
    }
    for (const { head } of scenario.received()) expect(head).not.toMatch(/DELETE|root|_token/);
  });

  test('two credentials, two hosts and no host: refused', async () => {
    scenario.received();
    await scenario.send('GET /api/x', [bearer(), 'Authorization: Bearer other']);
    await scenario.send('GET /public/x', ['Host: evil.example']);
    for (const { headers } of scenario.received()) expect(headers.get('host')).toEqual(['app.example']);
  });

  test.each(['h2c', 'TLS/1.0', 'SPDY/3.1', 'websocket, h2c', 'h2c\r\nUpgrade: websocket'])(
    'an upgrade to %j does not reach the upstream',
    async (protocol) => {
      scenario.received();
      await scenario.send('GET /public/x', [`Upgrade: ${protocol}`, 'Connection: Upgrade']);
      for (const { headers } of scenario.received()) expect(headers.has('upgrade')).toBe(false);
    },
  );

  test('a WebSocket handshake is not a read', async () => {
    scenario.received();
    const handshake = ['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13'];
    for (const key of [[], ['Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==']]) {
      await scenario.send('GET /api/x', [bearer(), ...handshake, ...key]);
    }
    for (const { headers } of scenario.received()) expect(headers.has('upgrade')).toBe(false);
  });
}

interface Decided {
  readonly http: { readonly request: { readonly method: string } };
  readonly url: { readonly domain: string; readonly path: string };
}
