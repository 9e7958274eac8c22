/** C7: a revoked identity is refused on every branch that forwards, in shadow mode too (threats.md). */
import { describe, expect, test } from 'vitest';
import { auditedIn } from '../support/audited.ts';
import { startIssuer } from '../support/issuer.ts';
import { rawResponse, type RawResponse } from '../support/raw-client.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { openSocket, startEchoServer } from '../support/web-sockets.ts';
import { useScenarioPerTest } from '../support/scenario.ts';

const MATCHED = { project_id: '20' };
const UNMATCHED = { project_id: '99', project_path: 'acme/unknown' };
/** Also for git-lfs, whose batch responses are rewritten. */
const ANSWER =
  'HTTP/1.1 200 OK\r\nContent-Type: application/vnd.git-lfs+json\r\nContent-Length: 14\r\n\r\n{"objects":[]}';
const BATCH = '{"operation":"download","transfers":["basic"],"objects":[]}';

const scenario = useScenarioPerTest({
  backends: {
    issuer: () => startIssuer(),
    upstream: () => startRecordingUpstream(ANSWER),
    echo: () => startEchoServer(),
  },
  config: ({ issuer, upstream, echo }) => `
issuers: { gitlab: { type: gitlab, issuer: "${issuer.url}" } }
identities:
  payments:
    issuer: gitlab
    match: { project_id: "20" }
    roles: [reader]
  other: { issuer: gitlab, match: { project_id: "30" }, roles: [reader] }
roles:
  reader: [{ service: listed, scopes: ["orders:read"], resources: ["**"] }]
workloadIdentities:
  ci@workload.example.com: { identity: payments }
services:
  listed:
    type: http
    path: /listed/
    mode: shadow
    operations: [{ scope: "orders:read", methods: [GET], paths: ["/v1/**"] }]
    upstream: { url: "${upstream.url}/" }
  enforced:
    type: http
    path: /enforced/
    operations: [{ scope: "orders:read", methods: [GET], paths: ["/v1/**"] }]
    upstream: { url: "${upstream.url}/" }
  live:
    type: http
    path: /live/
    mode: shadow
    operations: [{ scope: "orders:read", methods: [GET], paths: ["/v1/**"] }]
    upstream: { url: "${echo.url}/" }
  open:
    type: http
    path: /open/
    mode: shadow
    anonymous: [{ scopes: [read_api], resources: ["**"] }]
    upstream: { url: "${upstream.url}/" }
  npm: { type: npm, path: /npm/, mode: shadow, upstream: { url: "${upstream.url}/" } }
  git: { type: git, path: /git/, mode: shadow, upstream: { url: "${upstream.url}/" } }
  registry:
    type: oci
    mode: shadow
    anonymous: [{ scopes: [read_registry], resources: ["public/**"] }]
    upstream: { url: "${upstream.url}" }
`,
});

async function revoke(body: object): Promise<void> {
  const response = await fetch(`${scenario.gateway.adminUrl}/revocations`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ ...body, reason: 'leaked' }),
  });
  expect(response.status).toBe(201);
}

/** Sends one request with this token as Bearer. */
function send(token: string, requestLine: string, body = ''): Promise<RawResponse> {
  return rawResponse(
    scenario.gateway.port,
    [
      `${requestLine} HTTP/1.1`,
      'Host: gateway.example.com',
      `Authorization: ${requestLine.includes(' /git/') ? basic(token) : `Bearer ${token}`}`,
      'Connection: close',
      ...(body === ''
        ? []
        : ['Content-Type: application/vnd.git-lfs+json', `Content-Length: ${body.length}`]),
      '',
      body,
    ].join('\r\n'),
  );
}

/** git and git-lfs send a token as Basic password. */
function basic(token: string): string {
  return `Basic ${Buffer.from(`oauth2:${token}`).toString('base64')}`;
}

const UNKNOWN = [
  ['a path that operations does not list', 'GET /listed/internal'],
  ['a method that operations does not list', 'DELETE /listed/v1/orders'],
  ['a path that is no npm operation', 'GET /npm/-/v1/unknown'],
  ['a path that is no Git operation', 'GET /git/acme/app.git/objects/info/packs'],
  ['a path that is no registry operation', 'GET /v2/acme/app/unknown/x'],
] as const;

const KNOWN = [
  ['a listed operation', 'GET /listed/v1/orders', ''],
  ['an operation that anonymous requests may do', 'GET /open/x', ''],
  ['an operation that the body names', 'POST /git/acme/app.git/info/lfs/objects/batch', BATCH],
] as const;

describe('C7 a revoked identity in shadow mode', () => {
  test.each(UNKNOWN)('%s', async (_, requestLine) => {
    const token = scenario.issuer.mint(MATCHED);
    const before = await send(token, requestLine);
    expect(before.status).toBe(200);
    expect(await auditedIn(scenario.gateway, before)).toMatchObject({
      user: { name: 'payments' },
      event: { reason: 'shadow' },
      gatehouse: { basis: 'shadow', relaxed: { reason: 'operation_unknown' } },
    });
    scenario.upstream.reset();

    await revoke({ identity: 'payments' });
    const after = await send(token, requestLine);
    expect([after.status, scenario.upstream.bytes()]).toEqual([401, '']);
    expect(await auditedIn(scenario.gateway, after)).toMatchObject({
      user: { name: 'payments' },
      event: { reason: 'revoked' },
    });
  });

  test.each(KNOWN)('%s', async (_, requestLine, body) => {
    await revoke({ identity: 'payments' });
    const answer = await send(scenario.issuer.mint(MATCHED), requestLine, body);
    expect([answer.status, scenario.upstream.bytes()]).toEqual([401, '']);
    expect((await auditedIn(scenario.gateway, answer)).event.reason).toBe('revoked');
  });

  test.each([...UNKNOWN, ...KNOWN])(
    'a token that no identity matches: %s',
    async (_, requestLine, body = '') => {
      const token = scenario.issuer.mint(UNMATCHED);
      expect((await send(token, requestLine, body)).status).toBe(200);
      scenario.upstream.reset();
      await revoke({ project: 'acme/unknown' });
      const answer = await send(token, requestLine, body);
      expect([answer.status, scenario.upstream.bytes()]).toEqual([401, '']);
    },
  );

  test('the revocation of another identity changes nothing', async () => {
    await revoke({ identity: 'other' });
    expect((await send(scenario.issuer.mint(MATCHED), 'GET /listed/internal')).status).toBe(200);
  });
});

test('C7 in enforce mode the status is 401, not 403', async () => {
  const token = scenario.issuer.mint(MATCHED);
  const before = await send(token, 'GET /enforced/internal');
  expect(before.status).toBe(403);
  expect(await auditedIn(scenario.gateway, before)).toMatchObject({
    user: { name: 'payments' },
    event: { reason: 'operation_unknown' },
  });
  await revoke({ identity: 'payments' });
  expect((await send(token, 'GET /enforced/internal')).status).toBe(401);
});

test('C7 a minted token is revoked with its identity, even if the policy no longer has that identity', async () => {
  const response = await fetch(`${scenario.gateway.url}/v1/auth:exchangeToken`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ token: scenario.issuer.mint(MATCHED), email: 'ci@workload.example.com' }),
  });
  const { accessToken } = (await response.json()) as { accessToken: string };
  await revoke({ identity: 'payments' });
  expect(await scenario.gateway.reload((yaml) => yaml.replaceAll('payments', 'renamed'))).toBe(true);
  for (const requestLine of ['GET /listed/internal', 'GET /listed/v1/orders', 'GET /open/x']) {
    const answer = await send(accessToken, requestLine);
    expect([requestLine, answer.status, scenario.upstream.bytes()]).toEqual([requestLine, 401, '']);
    expect((await auditedIn(scenario.gateway, answer)).event.reason).toBe('revoked');
  }
});

test('C7 an anonymous token is treated like no credential on an unknown path', async () => {
  const issued = await rawResponse(
    scenario.gateway.port,
    'GET /token?service=gateway.example.com&scope=repository:public/x:pull HTTP/1.1\r\nHost: gateway.example.com\r\nConnection: close\r\n\r\n',
  );
  const { token } = JSON.parse(issued.body) as { token: string };
  expect((await send(token, 'GET /v2/public/x/tags/list')).status).toBe(200);
  scenario.upstream.reset();
  const answer = await send(token, 'GET /v2/public/x/unknown/y');
  expect([answer.status, scenario.upstream.bytes()]).toEqual([401, '']);
});

test('C7 a WebSocket that shadow mode allowed is closed when its identity is revoked', async () => {
  const headers = { authorization: `Bearer ${scenario.issuer.mint(MATCHED)}`, host: 'gateway.example.com' };
  const socket = await openSocket(`ws://127.0.0.1:${scenario.gateway.port}/live/chat`, { headers });
  // Tunnels are checked every 250 ms: it still echoes after two checks.
  const since = performance.now();
  while (performance.now() - since < 600) {
    socket.send('still open');
    expect(await Promise.race([socket.next(), socket.closed()])).toBe('still open');
  }
  await revoke({ identity: 'payments' });
  expect(await socket.closed()).toBe(1006);
});
