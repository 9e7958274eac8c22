/** Limits of identities: rate, requests in flight, and their release at every end of a request. */
import { hash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { formatExplanation } from '../../src/policy/tools.ts';
import { startAuthorizerScenario } from '../support/authorizer/scenario.ts';
import { openConversation } from '../support/conversation.ts';
import { eventually } from '../support/eventually.ts';
import { startIssuer } from '../support/issuer.ts';
import { rawResponse } from '../support/raw-client.ts';
import { OK, startRecordingUpstream } from '../support/recording-upstream.ts';
import { startScenario } from '../support/scenario.ts';

const SECRET = `ghdt_edge_${'7b'.repeat(32)}`;

interface Limits {
  readonly identity?: string;
  readonly token?: string;
  readonly service?: string;
}

async function scene({ identity, token, service }: Limits) {
  const time = { now: Date.now() };
  const limits = (text: string | undefined): string => (text === undefined ? '' : `, limits: { ${text} }`);
  const grants = (...services: string[]): string =>
    `grants: [${services.map((name) => `{ service: ${name}, scopes: [read_api, write_api, websocket], resources: ["/**"] }`).join(', ')}]`;
  const scenario = await startScenario({
    backends: { issuer: () => startIssuer(), upstream: () => startRecordingUpstream() },
    token: ({ issuer }) => issuer.mint({ project_id: '20' }),
    clock: { now: () => time.now },
    config: ({ issuer, upstream }) => `
issuers: { gitlab: { type: gitlab, issuer: "${issuer.url}" } }
identities:
  job: { issuer: gitlab, match: { project_id: "20" }, ${grants('api', 'other')}${limits(identity)} }
  second: { issuer: gitlab, match: { project_id: "30" }, ${grants('api', 'other')} }
deployTokens:
  edge: { username: edge, secretHash: "sha256:${hash('sha256', SECRET)}", ${grants('api')}${limits(token)} }
services:
  api: { type: http, path: /api/, upstream: { url: "${upstream.url}/" }, anonymous: [{ scopes: [read_api], resources: ["/open/**"] }]${limits(service)} }
  other: { type: http, path: /other/, upstream: { url: "${upstream.url}/" } }
`,
  });
  const { gateway, issuer } = scenario;
  const second = issuer.mint({ project_id: '30' });
  return {
    ...scenario,
    time,
    second,
    /** Opens a connection and sends a request to it. */
    async open(line: string, headers: readonly string[] = [], token = scenario.token) {
      const conversation = await openConversation(gateway.port);
      const credential = token === '' ? [] : [`Authorization: Bearer ${token}`];
      conversation.write(
        [`${line} HTTP/1.1`, 'Host: gateway.example.com', ...credential, ...headers, '', ''].join('\r\n'),
      );
      return conversation;
    },
    /** The status of a request, and its `Retry-After`. */
    async get(path = '/api/a', token = scenario.token) {
      const credential = token === '' ? [] : [`Authorization: Bearer ${token}`];
      const response = await rawResponse(
        gateway.port,
        [
          `GET ${path} HTTP/1.1`,
          'Host: gateway.example.com',
          ...credential,
          'Connection: close',
          '',
          '',
        ].join('\r\n'),
        { quiet: 10_000 },
      );
      const wait = response.headers.get('retry-after');
      return wait === undefined ? response.status : [response.status, Number(wait)];
    },
    async metric(series: string) {
      const text = await (await fetch(`${gateway.adminUrl}/metrics`)).text();
      return text
        .split('\n')
        .find((line) => line.startsWith(`${series} `))
        ?.slice(series.length + 1);
    },
  };
}

describe('requestsPerSecond', () => {
  test('of an identity applies to all services, and to no other identity', async () => {
    const { get, time, second, metric } = await scene({ identity: 'requestsPerSecond: 2' });
    expect(await get()).toBe(200);
    expect(await get('/other/a')).toBe(200);
    expect(await get('/other/a')).toEqual([429, 1]);
    expect(await get('/api/a', second)).toBe(200);
    time.now += 499;
    expect(await get()).toEqual([429, 1]);
    time.now += 1;
    expect(await get()).toBe(200);
    expect(await get()).toEqual([429, 1]);
    expect(await metric('gatehouse_identity_limited_total{service="api",kind="rate"}')).toBe('2');
  });

  test('of a service applies to each identity at that service', async () => {
    const { get, second } = await scene({ service: 'requestsPerSecond: 1' });
    expect(await get()).toBe(200);
    expect(await get()).toEqual([429, 1]);
    expect(await get('/other/a')).toBe(200);
    expect(await get('/api/a', second)).toBe(200);
  });

  test('of a service applies to anonymous requests by the network of the client', async () => {
    const { get } = await scene({ service: 'requestsPerSecond: 0.1' });
    expect(await get('/api/open/a', '')).toBe(200);
    expect(await get('/api/open/a', '')).toEqual([429, 10]);
    expect(await get('/api/open/a')).toBe(200);
  });

  test('of an identity does not apply to anonymous requests', async () => {
    const { get } = await scene({ identity: 'requestsPerSecond: 1' });
    for (let request = 0; request < 3; request++) expect(await get('/api/open/a', '')).toBe(200);
  });

  test('of a deploy token', async () => {
    const { get } = await scene({ token: 'requestsPerSecond: 1' });
    expect(await get('/api/a', SECRET)).toBe(200);
    expect(await get('/api/a', SECRET)).toEqual([429, 1]);
    expect(await get()).toBe(200);
  });

  test('a refused request counts in none of the limits', async () => {
    const { get, time } = await scene({ identity: 'requestsPerSecond: 3', service: 'requestsPerSecond: 1' });
    expect(await get()).toBe(200);
    for (let request = 0; request < 5; request++) expect(await get()).toEqual([429, 1]);
    expect(await get('/other/a')).toBe(200);
    expect(await get('/other/a')).toBe(200);
    expect(await get('/other/a')).toEqual([429, 1]);
    time.now += 1_000;
    expect(await get()).toBe(200);
  });

  test('names the limit and the caller: message, audit event', async () => {
    const scenario = await scene({ identity: 'requestsPerSecond: 0.5' });
    expect(await scenario.get()).toBe(200);
    const response = await scenario.respond('GET /api/a');
    expect(JSON.parse(response.body)).toMatchObject({
      error: 'identity_limited',
      message: expect.stringContaining('The limit of requests for your identity is 0.5 per second.'),
    });
    const event = await scenario.audited(response);
    expect(event).toMatchObject({
      event: { reason: 'identity_limited', outcome: 'failure', type: ['access', 'denied'] },
      user: { name: 'job' },
    });
  });

  test('a denied request does not count', async () => {
    const { get, statusOf } = await scene({ identity: 'requestsPerSecond: 1' });
    for (let request = 0; request < 3; request++) expect(await statusOf('DELETE /api/../x')).toBe(400);
    for (let request = 0; request < 3; request++) expect(await get('/none')).toBe(404);
    expect(await get()).toBe(200);
  });
});

describe('concurrent', () => {
  test('counts a request until the client has the response', async () => {
    const { get, open, upstream } = await scene({ identity: 'concurrent: 1' });
    let respond = (): void => undefined;
    upstream.respond((socket) => (respond = () => void socket.write(OK)));
    const first = await open('GET /api/a');
    await eventually('the request arrives', () => upstream.requests().length === 1);
    expect(await get()).toEqual([429, 1]);
    expect(await get('/other/a')).toEqual([429, 1]);
    upstream.respond(OK);
    respond();
    await eventually('the response', () => first.received().includes('ok'));
    expect(await get()).toBe(200);
    first.destroy();
  });

  test('refuses an upload before its body is read', async () => {
    const { open, upstream } = await scene({ service: 'concurrent: 1' });
    const first = await open('PUT /api/a', ['Content-Length: 10']);
    first.write('abc');
    await eventually('the head arrives', () => upstream.bytes().includes('PUT /a'));
    const second = await open('PUT /api/b', ['Content-Length: 1000000', 'Expect: 100-continue']);
    const [answer] = await second.answers();
    expect(answer?.status).toBe(429);
    expect(second.received()).not.toContain('100 Continue');
    expect(upstream.bytes()).not.toContain('PUT /b');
    first.destroy();
  });

  test.each([
    [
      'the client aborts an upload',
      ['PUT /api/a', 'Content-Length: 10'],
      (client: { destroy(): void }) => client.destroy(),
    ],
    ['the client aborts a download', ['GET /api/a'], (client: { destroy(): void }) => client.destroy()],
  ] as const)('is released when %s', async (_, [line, ...headers], end) => {
    const { get, open, upstream } = await scene({ service: 'concurrent: 1', identity: 'concurrent: 1' });
    upstream.respond(() => undefined);
    const client = await open(line, headers);
    if (headers.length > 0) client.write('abc');
    await eventually('the head arrives', () => upstream.bytes().includes(' /a HTTP'));
    expect(await get()).toEqual([429, 1]);
    end(client);
    upstream.respond(OK);
    await eventually('the place is free', async () => (await get()) === 200);
  });

  test('is released when the upstream fails', async () => {
    const { get, upstream } = await scene({ service: 'concurrent: 1' });
    upstream.respond((socket) => socket.destroy());
    for (let request = 0; request < 3; request++) expect(await get()).toBe(502);
    upstream.respond('HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n');
    for (let request = 0; request < 3; request++) expect(await get()).toBe(502);
    upstream.respond(OK);
    expect(await get()).toBe(200);
  });

  test('counts a WebSocket until it ends', async () => {
    const { get, open, upstream } = await scene({ service: 'concurrent: 1' });
    upstream.respond(
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n',
    );
    const socket = await open('GET /api/a', [
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ]);
    await eventually('the handshake', () => socket.received().startsWith('HTTP/1.1 101'));
    upstream.respond(OK);
    expect(await get()).toEqual([429, 1]);
    socket.destroy();
    await eventually('the place is free', async () => (await get()) === 200);
  });
});

describe('a reload', () => {
  test('keeps the bucket and the requests in flight, and releases those of the earlier configuration', async () => {
    const { get, open, gateway, upstream } = await scene({ identity: 'requestsPerSecond: 3, concurrent: 1' });
    expect(await get()).toBe(200);
    upstream.respond(() => undefined);
    const client = await open('GET /api/held');
    await eventually('the request arrives', () => upstream.requests().length === 2);
    upstream.respond(OK);
    expect(await gateway.reload((yaml) => yaml.replace('path: /other/', 'path: /another/'))).toBe(true);
    expect(await get()).toEqual([429, 1]);
    expect(await gateway.reload((yaml) => yaml.replace('concurrent: 1', 'concurrent: 2'))).toBe(true);
    expect(await get()).toBe(200);
    // The bucket is empty.
    expect(await get()).toEqual([429, 1]);
    expect(
      await gateway.reload((yaml) => yaml.replace('requestsPerSecond: 3, concurrent: 2', 'concurrent: 1')),
    ).toBe(true);
    expect(await get()).toEqual([429, 1]);
    client.destroy();
    await eventually('the place is free', async () => (await get()) === 200);
    expect(await gateway.reload((yaml) => yaml.replace(', limits: { concurrent: 1 }', ''))).toBe(true);
    for (let request = 0; request < 5; request++) expect(await get()).toBe(200);
  });
});

test('the authorizer applies the rate, and no limit of requests in flight', async () => {
  const scenario = await startAuthorizerScenario({
    app: ', limits: { requestsPerSecond: 2, concurrent: 1 }',
  });
  for (const contract of ['nginx', 'forward'] as const) {
    const response = await scenario.ask(contract, { target: '/api/a', headers: [scenario.bearer] });
    expect(response.status).toBe(200);
  }
  const response = await scenario.ask('envoy', { target: '/api/a', headers: [scenario.bearer] });
  expect(response.status).toBe(429);
  expect(response.headers.get('retry-after')).toBe('1');
});

test('explain names the limits that apply to the caller', async () => {
  const { gateway } = await scene({ identity: 'concurrent: 3', service: 'requestsPerSecond: 2' });
  const explain = async (path: string, project: string): Promise<string> => {
    const result = await gateway.gateway.explain({
      method: 'GET',
      url: `http://gateway.example.com${path}`,
      credential: { kind: 'claims', issuer: 'gitlab', class: 'id_token', claims: { project_id: project } },
    });
    if (result.kind !== 'explained') throw new Error(result.refusal.detail);
    return formatExplanation(result.explanation);
  };
  expect(await explain('/api/a', '20')).toContain(
    'limits      identities.job.limits: 3 at a time; services.api.limits: 2 per second\n',
  );
  expect(await explain('/other/a', '30')).not.toContain('limits');
});
