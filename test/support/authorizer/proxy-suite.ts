import { networkInterfaces } from 'node:os';
import { createServer, type AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { snippet } from '../docs.ts';
import { freePort } from '../free-port.ts';
import { generateKey } from '../issuer-keys.ts';
import { needing, needs } from '../needs.ts';
import { exchange, rawRequest } from '../raw-client.ts';
import { OK, startRecordingUpstream } from '../recording-upstream.ts';
import { exchanged, giveBack } from '../revocation-calls.ts';
import { useStarted } from '../use-started.ts';
import { testHostileRequests } from './hostile-suite.ts';
import { startProxiedScenario, type ProxiedScenario } from './proxied.ts';
import { startExternalProxy, type ProxyKind } from './proxies.ts';
import { testRegistryBehind } from './registry-suite.ts';

export interface ProxyExpectations {
  /** The status of a request while the gateway is down. */
  readonly down: number;
  /** Whether a 503 of the gateway keeps its body and `Retry-After`. */
  readonly passesUnable: boolean;
  /** Whether the configuration of the page forwards WebSockets. */
  readonly webSockets: boolean;
}

/** The behaviour that every proxy must have with the configuration of its documentation page. */
export function testExternalProxy(kind: ProxyKind, expectations: ProxyExpectations): void {
  const page = `docs/guides/external-authorization/${kind.name}.md`;
  const missing = kind.program === undefined ? `${kind.name} not installed: ${kind.install}` : undefined;
  needing(missing).describe(`${kind.name}, configured as on its page`, () => {
    needs('docker-registry').describe('with an upstream and a registry', () => {
      const scenario = useStarted(() => startProxiedScenario(kind, page));
      describe('decisions', () => testDecisions(scenario, expectations));
      describe('hostile requests', () => testHostileRequests(scenario));
      describe('WebSockets', () => testWebSockets(scenario, expectations));
      testRegistryBehind(scenario);
      // Last: the address of this machine has too many failures then.
      describe('rate limits', () => testRateLimit(scenario));
    });

    test('without a gateway, nothing is forwarded', async () => {
      const closed = `127.0.0.1:${await freePort()}`;
      expect(await statusWith(closed)).toBe(expectations.down);
    });

    // Traefik waits for 30 s, and the time cannot be configured.
    test('a gateway that does not respond: nothing is forwarded', async () => {
      const silent = createServer((socket) => socket.on('error', () => undefined));
      await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
      onTestFinished(() => void silent.close());
      const { port } = silent.address() as AddressInfo;
      expect(await statusWith(`127.0.0.1:${port}`)).toBe(expectations.down);
    }, 90_000);

    async function statusWith(authorizer: string): Promise<number | undefined> {
      const upstream = await startRecordingUpstream();
      const app = `127.0.0.1:${upstream.port}`;
      const shorter = (name: string): string =>
        snippet(page, 'Configuration', name)
          .replaceAll(/(timeout:? )5s\b/g, (_text, key: string) => `${key}1s`)
          .replaceAll('timeout = 5000', 'timeout = 500');
      const backends = { app, registry: app, authorizer, gateway: authorizer };
      const proxy = await startExternalProxy(kind, shorter, backends);
      try {
        const request = 'GET /public/x HTTP/1.1\r\nHost: app.example\r\nConnection: close\r\n\r\n';
        const [response] = await rawRequest(proxy.port, request, { quiet: 60_000 });
        expect(upstream.requests()).toEqual([]);
        return response?.status;
      } finally {
        await proxy.close();
        await upstream.close();
      }
    }
  });
}

function testDecisions(scenario: ProxiedScenario, { passesUnable }: ProxyExpectations): void {
  const bearer = (): string => `Authorization: Bearer ${scenario.token}`;

  test('allowed: the upstream gets the identity in place of the credential', async () => {
    scenario.received();
    const response = await scenario.send('GET /api/orders?a=1&b=%2F', [bearer(), 'Cookie: session=canary']);
    expect(response, scenario.proxy.log()).toMatchObject({ status: 200, body: 'ok' });

    const [request, ...others] = scenario.received();
    expect(others).toEqual([]);
    expect(request?.requestLine).toBe('GET /api/orders?a=1&b=%2F HTTP/1.1');
    expect(request?.headers.get('host')).toEqual(['app.example']);
    expect(request?.headers.get('x-auth-identity')).toEqual(['payments']);
    expect(request?.headers.get('x-auth-issuer')).toEqual([scenario.issuer.url]);
    expect(request?.headers.get('x-auth-credential')).toEqual(['id_token']);
    expect(request?.headers.get('x-auth-scopes')).toEqual(['read_api']);
    expect(request?.headers.has('authorization')).toBe(false);
    expect(request?.headers.has('cookie')).toBe(false);
    const event = await scenario.gateway.audited(request?.headers.get('x-request-id')?.[0]);
    expect(event).toMatchObject({ event: { reason: 'granted' } });
    expect(ownAddresses()).toContain((event['client'] as { readonly address: string }).address);
  });

  test('every credential header is removed', async () => {
    scenario.received();
    for (const name of ['Job-Token', 'Deploy-Token', 'Private-Token', 'X-Api-Key', 'Proxy-Authorization']) {
      await scenario.send('GET /public/x', [`${name}: canary-${name}`]);
    }
    expect(
      scenario
        .received()
        .map(({ head }) => head)
        .join('\n'),
    ).not.toContain('canary');
  });

  test('a session that the upstream starts does not reach the client', async () => {
    const head =
      'HTTP/1.1 200 OK\r\nX-Other: a\r\nSet-Cookie: session=canary\r\nSet-Cookie2: session=canary\r\n';
    scenario.upstream.respond(`${head}Content-Length: 2\r\n\r\nok`);
    try {
      const response = await scenario.send('GET /api/x', [bearer()]);
      expect(response, scenario.proxy.log()).toMatchObject({ status: 200, body: 'ok' });
      expect(response?.headers.get('x-other')).toBe('a');
      expect([...(response?.headers.keys() ?? [])].filter((name) => name.includes('cookie'))).toEqual([]);
    } finally {
      scenario.upstream.respond(OK);
    }
  });

  test('a body is streamed to the upstream; the gateway gets none of it', async () => {
    scenario.received();
    const body = 'x'.repeat(8 * 1024 * 1024);
    const headers = [bearer(), 'Content-Type: application/json', `Content-Length: ${body.length}`];
    const response = await scenario.send('POST /api/upload', headers, body);
    expect(response?.status, scenario.proxy.log()).toBe(200);
    const [request] = scenario.received();
    expect(request?.body).toHaveLength(body.length);
    const event = await scenario.gateway.audited(request?.headers.get('x-request-id')?.[0]);
    expect(event.gatehouse).toMatchObject({ bytes_in: 0 });
  });

  test('anonymous: forwarded without identity', async () => {
    scenario.received();
    expect((await scenario.send('GET /public/x'))?.status).toBe(200);
    const [request] = scenario.received();
    expect([...(request?.headers.keys() ?? [])].filter((name) => name.startsWith('x-auth'))).toEqual([]);
  });

  test.each([
    ['no credential: 401', 'GET /api/x', [], 401, 'no_credential'],
    ['no grant: 403', 'GET /admin', ['bearer'], 403, 'resource_not_granted'],
    ['a credential in the query: 400', 'GET /public/x?private_token=a', [], 400, 'credential_in_query'],
  ] as const)('%s with the body of the gateway', async (_name, line, credentials, status, error) => {
    scenario.received();
    const response = await scenario.send(line, credentials.length === 0 ? [] : [bearer()]);
    expect(response?.status, scenario.proxy.log()).toBe(status);
    expect(JSON.parse(unchunked(response?.body ?? ''))).toMatchObject({ error });
    expect(response?.headers.get('content-type')).toContain('application/json');
    expect(scenario.received()).toEqual([]);
    if (status !== 401) return;
    expect(response?.headers.get('www-authenticate')).toMatch(
      /^Bearer realm="app\.example", scope="read_api", resource_metadata="https?:\/\/app\.example\/\.well-known\/oauth-protected-resource"$/,
    );
  });

  test('a challenge of a 403 passes', async () => {
    const response = await scenario.send('DELETE /public/x', [bearer()]);
    expect(response?.status).toBe(403);
    expect(JSON.parse(unchunked(response?.body ?? ''))).toMatchObject({ error: 'resource_not_granted' });
  });

  test('a revoked token: 401', async () => {
    // 127.0.0.1 is the host of the registry.
    const url = `http://localhost:${scenario.gateway.port}`;
    const token = await exchanged({ ...scenario.gateway, url }, scenario.token);
    const send = () => scenario.send('GET /api/x', [`Authorization: Bearer ${token}`]);
    expect((await send())?.status).toBe(200);
    expect((await giveBack(scenario.gateway, token)).status).toBe(200);
    const response = await send();
    expect(response?.status).toBe(401);
    expect(JSON.parse(unchunked(response?.body ?? ''))).toMatchObject({ error: 'revoked' });
  });

  test('a denied upload that waits for 100 Continue is answered', async () => {
    scenario.received();
    const headers = ['Expect: 100-continue', 'Content-Length: 10', 'Content-Type: application/json'];
    const response = await scenario.send('PUT /api/x', headers);
    expect(response?.status, scenario.proxy.log()).toBe(401);
    expect(scenario.received()).toEqual([]);
  });

  test('no decision: 503', async () => {
    scenario.received();
    const key = generateKey('unknown', 'RS256');
    const unknown = `Authorization: Bearer ${scenario.issuer.mint({ aud: 'http://gateway.example.com' }, { key })}`;
    await scenario.send('GET /api/x', [unknown]);
    const response = await scenario.send('GET /api/x', [unknown]);
    expect(response?.status, scenario.proxy.log()).toBe(503);
    expect(scenario.received()).toEqual([]);
    if (passesUnable) expect(Number(response?.headers.get('retry-after'))).toBeGreaterThan(0);
  });
}

function testWebSockets(scenario: ProxiedScenario, { webSockets }: ProxyExpectations): void {
  test(webSockets ? 'an allowed handshake switches' : 'no handshake switches', async () => {
    scenario.upstream.respond(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\nhello',
    );
    const head = [
      'GET /ws/chat HTTP/1.1',
      'Host: app.example',
      'Upgrade: websocket',
      'Connection: Upgrade',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ];
    const received = await exchange(scenario.proxy.port, `${head.join('\r\n')}\r\n\r\n`);
    scenario.upstream.respond(OK);
    if (webSockets) expect(received).toMatch(/^HTTP\/1\.1 101 [^]*hello$/);
    else expect(received).not.toMatch(/^HTTP\/1\.1 101/);
  });
}

/** Envoy reports the address of the machine for a client on loopback. */
function ownAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((each = []) => each.map(({ address }) => address));
}

function testRateLimit(scenario: ProxiedScenario): void {
  test('too many failures: 429 with Retry-After', async () => {
    let response;
    for (let i = 0; i < 30 && response?.status !== 429; i++) {
      const [head = '', payload = ''] = scenario.issuer.mint({ jti: String(i) }).split('.');
      response = await scenario.send('GET /api/x', [`Authorization: Bearer ${head}.${payload}.AAAA`]);
    }
    expect(response?.status, scenario.proxy.log()).toBe(429);
    expect(Number(response?.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(JSON.parse(unchunked(response?.body ?? ''))).toMatchObject({ error: 'rate_limited' });
  });
}

/** The content of a body that may have chunk framing. */
function unchunked(body: string): string {
  return /^[0-9a-f]+\r\n/i.test(body)
    ? body.replaceAll(/(?:^|\r\n)[0-9a-f]+\r\n/gi, '').replace(/\r\n$/, '')
    : body;
}
