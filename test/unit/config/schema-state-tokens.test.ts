import { expect, test } from 'vitest';
import { configuration, errorsOf } from './loading.ts';

const issuer = (body: string): string => configuration({ issuers: `{ gitlab: { ${body} } }` });
const state = (body: string): string => configuration({ state: `{ ${body} }` });
const failures = (body: string): string =>
  configuration({
    server: `{ publicUrl: https://gateway.example.com, limits: { authFailures: { ${body} } } }`,
  });
const deployTokens = (body: string): string => configuration({ deployTokens: `{ ${body} }` });
const gitlab = 'type: gitlab, issuer: https://gitlab.example.com';
const HASH = 'a591a6d40bf420404a011733cfb7b190d62c65bf0bcda32b57b277d9ad9f146e';
const GRANT = '{ service: orders, scopes: [read_api], resources: ["**"] }';
const SECRET = `secretHash: "sha256:${HASH}", grants: [${GRANT}]`;
const TOKEN = `{ username: a, ${SECRET} }`;

const cases: [yaml: string, messages: string[]][] = [
  [state('redis: { url: http://127.0.0.1:6379 }'), ['state.redis.url: must be redis://HOST:PORT or']],
  [state('redis: { url: redis://127.0.0.1, prefix: "a b" }'), ['state.redis.prefix: must be at most 64']],
  [state('redis: { url: redis://127.0.0.1, prefix: "" }'), ['state.redis.prefix: must be at most 64']],
  [state('redis: { url: redis://127.0.0.1, timeout: 5 }'), ['state.redis.timeout: must be a duration']],
  [state('redis:'), ['state.redis: expected a mapping, found nothing']],
  [state('rediss: {}'), ['state.rediss: unknown key; did you mean "redis"?']],
  [state('sqlite: {}'), ['state.sqlite.file: is missing (Database file; created if missing)']],
  [failures('perAddress: 0'), ['limits.authFailures.perAddress: must be at least 1']],
  [failures('perName: 1.5'), ['limits.authFailures.perName: expected a whole number, found a number']],
  [failures('window: 60'), ['limits.authFailures.window: must be a duration such as']],
  [failures('perUser: 5'), ['limits.authFailures.perUser: unknown key']],
  [
    issuer(`${gitlab}, jobTokens: true`),
    ['jobTokens: expected a mapping, found true or false; write {} for the defaults'],
  ],
  [issuer(`${gitlab}, jobTokens: { cache: 0s }`), ['jobTokens.cache: must be more than 0']],
  [issuer(`${gitlab}, apiUrl: gitlab.internal`), ['apiUrl: must be an absolute http(s) URL']],
  [deployTokens(`-a: ${TOKEN}`), ['deployTokens.-a: the key must be a name']],
  [deployTokens(`a@b: ${TOKEN}`), ['deployTokens.a@b: the key must be a name']],
  [deployTokens(`${'a'.repeat(65)}: ${TOKEN}`), ['the key must be a name']],
  [deployTokens(`a: { username: "a b", ${SECRET} }`), ['a.username: must be a user name: letters']],
  [deployTokens(`a: { username: "${'a'.repeat(256)}", ${SECRET} }`), ['a.username: must be a user name']],
  [deployTokens(`a: { username: "", ${SECRET} }`), ['a.username: must be a user name']],
  [deployTokens(`a: { username: "a:b", ${SECRET} }`), ['a.username: must be a user name']],
  [deployTokens(`a: { username: a, ${SECRET}, secret: x }`), ['a.secret: unknown key; known: username']],
  [
    deployTokens(`a: { username: a, grants: [${GRANT}] }`),
    ['a.secretHash: is missing (SHA-256 of a generated'],
  ],
  [deployTokens(`a: { username: a, secretHash: "sha256:${HASH}" }`), ['a.grants: is missing']],
  [
    deployTokens(`a: { username: a, secretHash: "sha256:${HASH}", grants: [] }`),
    ['a.grants: must not be an empty list'],
  ],
  ...[HASH, `sha512:${HASH}`, `sha256:${HASH}0`, `sha256:${HASH.toUpperCase()}`, 'sha256:', 'hunter2'].map(
    (hash): [string, string[]] => [
      deployTokens(`a: { username: a, secretHash: "${hash}", grants: [${GRANT}] }`),
      ['a.secretHash: must be "sha256:" and 64 lowercase hex digits; generate one: gatehouse token create'],
    ],
  ),
  ...['2027', '2027-1-1', '2027-01-01T00:00:00Z', '01.02.2027', 'never'].map((date): [string, string[]] => [
    deployTokens(`a: { username: a, ${SECRET}, expires: ${date} }`),
    ['a.expires: must be a date such as 2027-12-31'],
  ]),
  ...['2027-02-29', '2027-13-01', '2027-00-10', '2027-04-31'].map((date): [string, string[]] => [
    deployTokens(`a: { username: a, ${SECRET}, expires: ${date} }`),
    ['a.expires: is not a day of the calendar'],
  ]),
  ...['acme', 'acme/', '/acme/a', 'acme/*', 'id:', 'id:0', 'id:x', 'acme/a b', ''].map(
    (target): [string, string[]] => [
      `${configuration()}\njobTokenAllowlist: { "${target}": [] }`,
      ['the key must be a project: its path, such as acme/payments, or id:42'],
    ],
  ),
  [
    `${configuration()}\njobTokenAllowlist: { acme/a: acme/b }`,
    ['jobTokenAllowlist["acme/a"]: expected a list, found text; write it as a list: [a, b]'],
  ],
];

test.each(cases.map(([yaml, [message = '']]) => [message, yaml]))('%s', (message, yaml) => {
  expect(errorsOf(yaml ?? '')).toEqual([expect.stringContaining(message ?? '')]);
});
