/** U5: one plain Host, which alone decides on the service. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { reasonOf, startAttackScenario, type AttackScenario } from '../support/scenario/attack.ts';

let scenario: AttackScenario;
beforeAll(async () => {
  scenario = await startAttackScenario({
    services: `
named:
  type: http
  path: /
  hosts: [named.example.com]
  upstream: { url: UPSTREAM/named/ }
  anonymous: [{ scopes: [read_api], resources: ["**"] }]
port:
  type: http
  path: /
  hosts: ["port.example.com:8443", "[::1]:8443"]
  upstream: { url: UPSTREAM/port/ }
  anonymous: [{ scopes: [read_api], resources: ["**"] }]
`,
  });
});
afterEach(() => scenario.reset());
afterAll(() => scenario.close());

const hosted = (lines: readonly string[], target = '/x', version = 'HTTP/1.1'): string =>
  [`GET ${target} ${version}`, ...lines, 'Connection: close', '', ''].join('\r\n');

test.each([
  ['missing', []],
  ['empty', ['Host:']],
  ['blank', ['Host:   ']],
  ['twice', ['Host: named.example.com', 'Host: evil.example']],
  ['twice, the same', ['Host: named.example.com', 'Host: named.example.com']],
  ['twice, in other spellings', ['Host: named.example.com', 'hOST: evil.example']],
  ['a list', ['Host: named.example.com, evil.example']],
  ['next to one with a blank name', ['Host: named.example.com', 'Host : evil.example']],
  ['with a user', ['Host: a@named.example.com']],
  ['with a path', ['Host: named.example.com/..#?']],
  ['a@b/..#?', ['Host: a@b/..#?']],
  ['with a query', ['Host: named.example.com?x']],
  ['with a fragment', ['Host: named.example.com#x']],
  ['with a backslash', ['Host: named.example.com\\evil.example']],
  ['with an escape', ['Host: named%2eexample.com']],
  ['with a space', ['Host: named.example.com evil.example']],
  ['with a tab', ['Host: named.example.com\tevil.example']],
  ['with NUL', ['Host: named.example.com\0']],
  ['with a semicolon', ['Host: named.example.com;evil']],
  ['with a comma', ['Host: named.example.com,']],
  ['with a scheme', ['Host: http://named.example.com']],
  ['with a port that is none', ['Host: named.example.com:http']],
  ['with an empty port', ['Host: named.example.com:']],
  ['with two ports', ['Host: named.example.com:80:443']],
  ['with a port of six digits', ['Host: named.example.com:800000']],
  ['with a trailing dot', ['Host: named.example.com.']],
  ['with a trailing dot and a port', ['Host: named.example.com.:80']],
  ['with a leading dot', ['Host: .named.example.com']],
  ['with a byte above 0x7f', ['Host: n\xe4med.example.com']],
  ['an open bracket', ['Host: [::1']],
  ['a bracket that holds no address', ['Host: [evil]']],
  ['longer than a name can be', [`Host: ${'a'.repeat(300)}`]],
])('U5 Host %s', async (_, lines) => {
  const answers = await scenario.send(Buffer.from(hosted(lines), 'latin1'));
  expect(answers.map(({ status }) => status)).toEqual([400]);
  await scenario.expectNothingForwarded();
});

test.each(['http://named.example.com/x', 'http://evil.example/x', 'https://named.example.com:443/x'])(
  'U5 Host with the absolute form %s',
  async (target) => {
    for (const host of ['named.example.com', 'evil.example']) {
      const answers = await scenario.send(hosted([`Host: ${host}`], target));
      expect(answers.map((answer) => [answer.status, reasonOf(answer)])).toEqual([
        [400, 'request_malformed'],
      ]);
    }
    await scenario.expectNothingForwarded();
  },
);

test('U5 Host missing in HTTP/1.0 too', async () => {
  const answers = await scenario.send(hosted([], '/x', 'HTTP/1.0'));
  expect(answers.map(({ status }) => status)).toEqual([400]);
  await scenario.expectNothingForwarded();
});

test.each([
  ['named.example.com', '/named/x'],
  ['NAMED.Example.COM', '/named/x'],
  ['named.example.com:1', '/named/x'],
  ['port.example.com:8443', '/port/x'],
  ['PORT.example.com:8443', '/port/x'],
  ['[::1]:8443', '/port/x'],
])('U5 Host case and port: %s is one and the same service', async (host, path) => {
  const answers = await scenario.send(hosted([`Host: ${host}`]));
  expect(answers.map(({ status }) => status)).toEqual([200]);
  const [request] = scenario.upstream.requests();
  expect(request?.requestLine).toBe(`GET ${path} HTTP/1.1`);
  expect(request?.headers.get('host')).toEqual([new URL(scenario.upstream.url).host]);
  expect(request?.headers.get('x-forwarded-host')).toEqual([host.toLowerCase()]);
});

test.each([
  'port.example.com',
  'port.example.com:84430',
  'evil.named.example.com',
  'xnamed.example.com',
  '[::1]',
])('U5 Host near the name of a service: %s sees only what has no host', async (host) => {
  const answers = await scenario.send(hosted([`Host: ${host}`]));
  expect(answers.map((answer) => [answer.status, reasonOf(answer)])).toEqual([[404, 'no_service']]);
  await scenario.expectNothingForwarded();
});
