/** The gateway's token at an upstream, from a third-party authorization server. */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FrozenClock } from '../support/authentication.ts';
import { startAuthorizationServer, type AuthorizationServer } from '../support/authorization-server.ts';
import { eventually } from '../support/eventually.ts';
import type { TestGateway } from '../support/gateway.ts';
import { rawResponse, type RawResponse } from '../support/raw-client.ts';
import { valuesOf } from '../support/received.ts';
import { OK, startRecordingUpstream, type RecordingUpstream } from '../support/recording-upstream.ts';
import { startScenario } from '../support/scenario.ts';

const AUDIENCE = 'https://orders.example.com';
/** What form encoding is for: a colon, a percent sign, spaces, a plus. */
const SECRET = 'canary:100% of it + more/&=?';

interface Started {
  readonly server: AuthorizationServer;
  readonly upstream: RecordingUpstream;
  readonly gateway: TestGateway;
  readonly clock: FrozenClock;
  ask(path?: string, ...lines: readonly string[]): Promise<RawResponse>;
  /** Tokens that the upstream has got since the last look. */
  tokens(): readonly string[];
}

async function start(more = '', options: { lifetime?: number; secret?: string } = {}): Promise<Started> {
  const clients = [
    { id: 'gate house', secret: SECRET, method: 'client_secret_basic' },
    { id: 'poster', secret: SECRET, method: 'client_secret_post' },
  ] as const;
  const clock = new FrozenClock();
  const client = more === '' ? 'clientId: "gate house", scope: orders' : more;
  const { server, upstream, gateway } = await startScenario({
    backends: {
      server: () => startAuthorizationServer(clients, options.lifetime),
      upstream: () => startRecordingUpstream(),
    },
    files: { secret: `${options.secret ?? SECRET}\n` },
    clock,
    config: ({ server: { tokenEndpoint }, upstream: { url } }) => `services:
  orders:
    type: http
    path: /orders/
    anonymous: [{ scopes: [read_api, write_api], resources: ["/**"] }]
    upstream:
      url: "${url}/"
      auth:
        oauth2: { tokenEndpoint: "${tokenEndpoint}", clientSecretFile: secret, parameters: { resource: "${AUDIENCE}" }, ${client} }
`,
  });
  return {
    server,
    upstream,
    gateway,
    clock,
    ask(path = 'a', ...lines) {
      const [method = 'GET', target = path] = path.split(' ').length > 1 ? path.split(' ') : ['GET', path];
      const head = [`${method} /orders/${target} HTTP/1.1`, 'Host: gateway.example.com', ...lines];
      return rawResponse(gateway.port, [...head, 'Connection: close', '', ''].join('\r\n'), {
        quiet: 10_000,
      });
    },
    tokens() {
      const values = upstream.requests().flatMap((request) => valuesOf(request, 'authorization'));
      upstream.reset();
      return values.map((value) => value.replace(/^Bearer /, ''));
    },
  };
}

test.each([
  ['basic', ''],
  ['form', 'clientId: poster, scope: orders, authentication: form'],
])('the token that client credentials get, by %s: one for all who come at once', async (_, more) => {
  const { server, ask, tokens } = await start(more);
  const answers = await Promise.all(Array.from({ length: 30 }, (_each, n) => ask(String(n))));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  const [token = '', ...others] = new Set(tokens());
  expect(others).toEqual([]);
  expect(await server.verify(token, AUDIENCE)).toMatchObject({ scope: 'orders' });
  expect(server.grants()).toBe(1);
  expect((await ask()).status).toBe(200);
  expect(tokens()).toEqual([token]);
  expect(server.grants()).toBe(1);
});

test('the client’s Authorization is never sent with it', async () => {
  const { ask, upstream, server } = await start();
  const answer = await ask('a', 'Authorization_: Bearer canary-client', 'X-Authorization: y');
  expect(answer.status).toBe(200);
  const [request] = upstream.requests();
  const sent = (request && valuesOf(request, 'authorization')) ?? [];
  expect(sent).toHaveLength(1);
  expect(await server.verify(sent[0]?.slice('Bearer '.length) ?? '', AUDIENCE)).toBeDefined();
});

test('renewed in the background at four fifths of its lifetime, and never used after its expiry', async () => {
  const { server, clock, ask, tokens } = await start();
  await ask();
  const [first] = tokens();
  clock.advance(239_000);
  await ask();
  expect(tokens()).toEqual([first]);
  expect(server.grants()).toBe(1);

  clock.advance(2_000);
  await ask();
  expect(tokens()).toEqual([first]);
  await eventually('the renewal', () => server.grants() === 2);
  await eventually('the new token in use', async () => {
    await ask();
    return tokens()[0] !== first;
  });

  // After a long pause, the next request waits for a new token.
  clock.advance(3_600_000);
  await ask();
  expect(server.grants()).toBe(3);
});

test('an upstream that refuses it gets another one, and no third', async () => {
  const { server, upstream, clock, ask, tokens } = await start();
  await ask();
  const [first] = tokens();
  const refusing = 'HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n';
  upstream.respond((socket, request) =>
    socket.write(valuesOf(request, 'authorization')[0] === `Bearer ${first}` ? refusing : OK),
  );
  expect((await ask()).status).toBe(200);
  const [refused, second] = tokens();
  expect(refused).toBe(first);
  expect(second).not.toBe(first);
  expect(server.grants()).toBe(2);

  // Whatever it is shown: the authorization server is not asked for each request.
  upstream.respond(refusing);
  clock.advance(6_000);
  for (let n = 0; n < 5; n++) expect((await ask()).status).toBe(502);
  expect(server.grants()).toBe(3);
});

test('a secret that was refused rests for seconds, also where the clock is set back by an hour', async () => {
  const { server, clock, ask } = await start('', { secret: 'wrong' });
  expect((await ask()).status).toBe(502);
  expect((await ask()).status).toBe(502);
  expect(server.refusals()).toBe(1);
  clock.advance(-3_600_000);
  expect((await ask()).status).toBe(502);
  expect(server.refusals()).toBe(2);
});

test('a request that is not repeatable is sent once', async () => {
  const { upstream, ask, server } = await start();
  await ask();
  upstream.reset();
  upstream.respond('HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n');
  expect((await ask('POST a', 'Content-Length: 0')).status).toBe(502);
  expect(upstream.requests()).toHaveLength(1);
  expect(server.grants()).toBe(1);
});

test('a wrong secret: 502, asked for once, and again as soon as its file has changed', async () => {
  const { server, gateway, upstream, ask } = await start('', { secret: 'canary-wrong' });
  for (let n = 0; n < 5; n++) {
    const answer = await ask();
    expect([answer.status, (JSON.parse(answer.body) as { error: string }).error]).toEqual([
      502,
      'upstream_unauthorized',
    ]);
    expect(answer.head + answer.body).not.toMatch(/canary|invalid_client/);
  }
  expect([server.refusals(), server.grants(), upstream.bytes()]).toEqual([1, 0, '']);
  writeFileSync(join(gateway.folder, 'new'), SECRET);
  renameSync(join(gateway.folder, 'new'), join(gateway.folder, 'secret'));
  await eventually('the new secret', async () => (await ask()).status === 200);
  expect(gateway.auditText()).not.toContain('canary');
});
