/** The gateway's token at a Conan server: how often the login is requested, and what a hostile login leads to. */
import { createServer, type ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { FrozenClock } from '../support/authentication.ts';
import { startHttpUpstream } from '../support/http-upstream.ts';
import { rawResponse, type RawResponse } from '../support/raw-client.ts';
import { valuesOf } from '../support/received.ts';
import { OK, startRecordingUpstream } from '../support/recording-upstream.ts';
import { startScenario } from '../support/scenario.ts';

const LOGIN = `Basic ${btoa('gatehouse:canary-conan')}`;

async function start(answer: (count: number, response: ServerResponse) => void) {
  const clock = new FrozenClock();
  const logins: (string | undefined)[] = [];
  const scenario = await startScenario({
    clock,
    backends: {
      server: () =>
        startHttpUpstream((request, response) => {
          logins.push(request.headers.authorization);
          answer(logins.length, response);
        }, createServer()),
      upstream: () => startRecordingUpstream(),
      evil: () => startRecordingUpstream(),
    },
    config: ({ server, upstream }) => `services:
  conan:
    type: conan
    path: /conan/
    anonymous: [{ scopes: [read_package_registry, write_package_registry], resources: ["acme/**"] }]
    upstream:
      url: "${upstream.url}/"
      auth:
        conanToken: { url: "${server.url}/v2/users/authenticate", username: gatehouse, password: canary-conan }
`,
  });
  return {
    ...scenario,
    clock,
    logins,
    ask(method = 'GET'): Promise<RawResponse> {
      const file = method === 'GET' ? 'latest' : 'revisions/0f1e/files/conanfile.py';
      const head = [`${method} /conan/v2/conans/acme/1.0/_/_/${file} HTTP/1.1`, 'Host: gateway.example.com'];
      return rawResponse(scenario.gateway.port, [...head, 'Connection: close', '', ''].join('\r\n'), {
        quiet: 10_000,
      });
    },
    /** Authorization headers that the upstream received since the last call. */
    sent(): readonly string[] {
      const values = scenario.upstream.requests().flatMap((each) => valuesOf(each, 'authorization'));
      scenario.upstream.reset();
      return values;
    },
  };
}

test('one login for all waiting requests; its token is sent as Bearer', async () => {
  const { ask, sent, logins } = await start((count, response) => response.end(`token-${count}`));
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask()));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  expect(new Set(sent())).toEqual(new Set(['Bearer token-1']));
  expect(logins).toEqual([LOGIN]);
});

test('a token that the server refuses is replaced, for a safe request at once', async () => {
  const { ask, sent, upstream } = await start((count, response) => response.end(`token-${count}`));
  expect((await ask()).status).toBe(200);
  sent();
  upstream.respond('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n');
  const put = await ask('PUT');
  expect(put.status).toBe(502);
  expect(put.headers.has('www-authenticate')).toBe(false);
  upstream.respond(OK);
  sent();
  expect((await ask('PUT')).status).toBe(200);
  expect(sent()).toEqual(['Bearer token-2']);
});

test('a refused login is not repeated within 30 s, so that no server locks the account', async () => {
  const { ask, clock, logins, upstream } = await start((_, response) => response.writeHead(401).end());
  for (let second = 0; second < 60; second += 5) {
    expect((await ask()).status).toBe(502);
    clock.advance(5_000);
  }
  expect(logins).toHaveLength(2);
  expect(upstream.bytes()).toBe('');
});

test.each([
  ['an empty body', (response: ServerResponse) => response.end()],
  ['a line break', (response: ServerResponse) => response.end('token\r\nX-Auth-Subject: admin')],
  ['a page', (response: ServerResponse) => response.end('<html>log in</html> here')],
  ['a long body', (response: ServerResponse) => response.end('a'.repeat(17 * 1024))],
  ['an endless body', (response: ServerResponse) => response.end('a'.repeat(1024 ** 2))],
  ['an error', (response: ServerResponse) => response.writeHead(500).end('token')],
  ['no content', (response: ServerResponse) => response.writeHead(204).end()],
  ['a closed connection', (response: ServerResponse) => response.destroy()],
])('a login that responds with %s: 502, and the upstream receives nothing', async (_, answer) => {
  const { ask, upstream } = await start((_count, response) => answer(response));
  const { status, body } = await ask();
  expect(status).toBe(502);
  expect(body).not.toMatch(/canary|token\r|admin/);
  expect(upstream.bytes()).toBe('');
});

test('a redirect of the login is not followed', async () => {
  let location = '';
  const { ask, evil, upstream } = await start((_, response) =>
    response.writeHead(302, { Location: location }).end(),
  );
  location = `${evil.url}/v2/users/authenticate`;
  expect((await ask()).status).toBe(502);
  expect(evil.accepted()).toBe(0);
  expect(upstream.bytes()).toBe('');
});
