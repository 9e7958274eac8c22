/** Which open WebSockets a reload closes, and which it keeps. */
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { cleanUp, closeAfterTest } from '../support/clean-up.ts';
import { eventually } from '../support/eventually.ts';
import { startIssuer } from '../support/issuer.ts';
import { startScenario } from '../support/scenario.ts';
import { connectChat, expectClosed, startChat } from '../support/scenario/chat.ts';
import { openSocket, startEchoServer } from '../support/web-sockets.ts';
import { promptly } from '../support/promptly.ts';

const keep = cleanUp();

const OTHER = `  other: { type: http, path: /other/, upstream: { url: "http://127.0.0.1:1/" }, anonymous: [{ scopes: [read_api], resources: ["/**"] }] }`;

test('a reload that changes the service ends it; one that does not, does not', async () => {
  const { echo, scenario } = await startChat({ services: OTHER });
  const socket = await connectChat(scenario);
  expect(await scenario.reload((yaml) => yaml.replace('path: /other/', 'path: /another/'))).toBe(true);
  socket.send('still here');
  expect(await socket.next()).toBe('still here');
  expect(
    await scenario.reload((yaml) =>
      yaml.replace('type: http, path: /orders/', 'type: http, keepCookies: true, path: /orders/'),
    ),
  ).toBe(true);
  await expectClosed(socket, echo);
  expect((await scenario.audit())[0]?.gatehouse['detail']).toMatch(/the service changed/);
  const next = await connectChat(scenario);
  next.send('again');
  expect(await next.next()).toBe('again');
});

test.each([
  [
    'its scope is taken away',
    (yaml: string) =>
      yaml.replace('scopes: [read_api, write_api, websocket]', 'scopes: [read_api, write_api]'),
    'scope_not_granted',
  ],
  [
    'its resource is taken away',
    (yaml: string) => yaml.replace('resources: ["**"]', 'resources: ["/else/**"]'),
    'resource_not_granted',
  ],
  [
    'its identity is for another project',
    (yaml: string) => yaml.replace('project_id: "20"', 'project_id: "21"'),
    'no_matching_identity',
  ],
  [
    'its identity has another name, by which the upstream does not know it',
    (yaml: string) => yaml.replace('  payments:', '  billing:'),
    'no_matching_identity',
  ],
  [
    'something about its issuer has changed',
    (yaml: string) =>
      yaml.replace('type: gitlab,', 'type: gitlab, audiences: ["https://elsewhere.example.com"],'),
    'credential_invalid',
  ],
])('a reload of policy alone: %s: it ends within a second', async (_what, edit, reason) => {
  await promptly(1_500, async () => {
    const { echo, scenario } = await startChat();
    const socket = await connectChat(scenario);
    expect(await scenario.reload(edit)).toBe(true);
    const since = performance.now();
    await expectClosed(socket, echo);
    const duration = performance.now() - since;
    const [event] = await scenario.audit();
    expect(event).toMatchObject({ event: { reason }, http: { response: { status_code: 101 } } });
    return duration;
  });
});

test('anonymous access: it closes with the identity under which it opened', async () => {
  const { echo, scenario } = await startChat({
    service: 'anonymous: [{ scopes: [websocket], resources: ["/**"] }]',
  });
  const socket = await connectChat(scenario);
  expect(await scenario.reload((yaml) => yaml.replace('project_id: "20"', 'project_id: "21"'))).toBe(true);
  await expectClosed(socket, echo);
  const next = await connectChat(scenario);
  next.send('anonymous');
  expect(await next.next()).toBe('anonymous');
});

test('another secret of a deploy token: it ends', async () => {
  const echo = keep(await startEchoServer());
  const secretHash = (secret: string): string =>
    `sha256:${createHash('sha256').update(secret).digest('hex')}`;
  const [secret, nextSecret] = ['a', 'b'].map((digit) => `ghdt_edge_${digit.repeat(64)}`);
  const { gateway } = await startScenario({
    backends: { echo },
    config: () => `deployTokens:
  edge: { username: edge, secretHash: "${secretHash(secret ?? '')}", grants: [{ service: orders, scopes: [websocket], resources: ["/**"] }] }
services:
  orders: { type: http, path: /orders/, upstream: { url: "${echo.url}/" } }`,
  });
  const socket = await openSocket(`ws://127.0.0.1:${gateway.port}/orders/chat`, {
    headers: { authorization: `Bearer ${secret}` },
  });
  closeAfterTest(socket);
  const edit = (yaml: string): string => yaml.replace(secretHash(secret ?? ''), secretHash(nextSecret ?? ''));
  expect(await gateway.reload(edit)).toBe(true);
  await expectClosed(socket, echo);
});

test('a token that ends meanwhile ends nothing, at a reload neither', async () => {
  const issuer = keep(await startIssuer());
  const echo = keep(await startEchoServer());
  const clock = { ahead: 0, now: () => Date.now() + clock.ahead };
  const { gateway } = await startScenario({
    backends: { issuer, echo },
    clock,
    config: () => `issuers: { gitlab: { type: gitlab, issuer: "${issuer.url}" } }
identities:
  payments: { issuer: gitlab, match: { project_id: "20" }, grants: [{ service: orders, scopes: [websocket], resources: ["**"] }] }
services:
  orders: { type: http, path: /orders/, upstream: { url: "${echo.url}/" } }
${OTHER}`,
  });
  const url = `ws://127.0.0.1:${gateway.port}/orders/chat`;
  const headers = { authorization: `Bearer ${issuer.mint({}, { lifetime: 14 })}` };
  const socket = await openSocket(url, { headers });
  closeAfterTest(socket);
  // Beyond the skew, and not so far that revocations were too old.
  clock.ahead = 45_000;
  expect(await gateway.reload((yaml) => yaml.replace('path: /other/', 'path: /another/'))).toBe(true);
  // Longer than it takes to end one.
  const until = performance.now() + 1_000;
  while (performance.now() < until) {
    socket.send('still here');
    expect(await socket.next()).toBe('still here');
  }
  await expect(openSocket(url, { headers })).rejects.toThrow('401');
});

test('a handshake that is under way at a reload of its service opens nothing that lasts', async () => {
  const { echo, scenario } = await startChat();
  const held = Promise.withResolvers<void>();
  let asked = 0;
  const answer = async (accept: (ok: boolean) => void): Promise<void> => {
    await held.promise;
    accept(true);
  };
  echo.server.options.verifyClient = (_info: unknown, accept: (ok: boolean) => void): void => {
    asked += 1;
    void answer(accept);
  };
  const opening = connectChat(scenario);
  await eventually('the handshake at the upstream', () => asked === 1);
  expect(await scenario.reload((yaml) => yaml.replace('type: http,', 'type: http, keepCookies: true,'))).toBe(
    true,
  );
  held.resolve();
  await expectClosed(await opening, echo);
  expect((await scenario.audit())[0]?.gatehouse['detail']).toMatch(/the service changed/);
});
