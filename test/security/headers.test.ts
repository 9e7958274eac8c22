/** H1–H4, H12: only the gateway identifies the caller, for every spelling of a client header. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import {
  reasonOf,
  startAttackScenario,
  UPSTREAM_SECRET,
  type AttackScenario,
} from '../support/scenario/attack.ts';
import { namesIn, receivedBy, valuesOf } from '../support/received.ts';
import { OK } from '../support/recording-upstream.ts';

const SUBJECT = 'project_path:acme/payments:ref_type:branch:ref:main';
const CLOSE = 'Connection: close';

let scenario: AttackScenario;
beforeAll(async () => {
  scenario = await startAttackScenario({
    api: [
      'anonymous: [{ scopes: [read_api], resources: ["/open/**"] }]',
      'identityHeaders: { X-Forwarded-User: "{identity}", X-Project: "{claims.project_path}", X-Team: "{claims.team}" }',
    ],
  });
});
afterEach(async () => {
  scenario.reset();
  await scenario.expectAlive();
  scenario.reset();
});
afterAll(() => scenario.close());

/** What the gateway says of the job; the values that an upstream would believe. */
const TRUTH = {
  'X-Auth-Identity': ['job'],
  'X-Auth-Subject': [SUBJECT],
  'X-Auth-Credential': ['id_token'],
  'X-Auth-Scopes': ['read_api'],
  'X-Forwarded-User': ['job'],
  'X-Project': ['acme/payments'],
  // The token has no such claim.
  'X-Team': [],
  // Names with the same prefix that the gateway does not set.
  'X-Auth-Assertion': [],
  'X-Auth-Admin': [],
} as const;

function trusted(): Record<string, readonly string[]> {
  const request = receivedBy(scenario.upstream);
  return Object.fromEntries(Object.keys(TRUTH).map((name) => [name, valuesOf(request, name)]));
}

const spoofed = (spell: (name: string) => string): string[] =>
  Object.keys(TRUTH).map((name) => `${spell(name)}: canary-admin`);

async function expectForwarded(bytes: string): Promise<void> {
  const answers = await scenario.send(bytes, 150);
  expect(answers.map(({ status }) => status)).toEqual([200]);
  expect(scenario.upstream.bytes()).not.toContain('canary-admin');
}

test('H1 identity spoof: with a valid token every name has its one real value, or none', async () => {
  await expectForwarded(scenario.request('GET /api/a HTTP/1.1', [...spoofed((name) => name), CLOSE]));
  expect(trusted()).toEqual(TRUTH);
});

test('H1 identity spoof: an anonymous request carries no identity header', async () => {
  await expectForwarded(
    scenario.requestAs(undefined, 'GET /api/open/a HTTP/1.1', [...spoofed((name) => name), CLOSE]),
  );
  expect(new Set(Object.values(trusted()).flat())).toEqual(new Set());
});

test('H1 identity spoof: without a credential the spoofed name opens nothing', async () => {
  const [answer] = await scenario.send(
    scenario.requestAs(undefined, 'GET /api/a HTTP/1.1', [...spoofed((name) => name), CLOSE]),
  );
  expect(answer && [answer.status, reasonOf(answer)]).toEqual([401, 'no_credential']);
  await scenario.expectNothingForwarded();
});

test.each<[string, (name: string) => string]>([
  ['underscores', (name) => name.replaceAll('-', '_')],
  ['one underscore', (name) => name.replace('-', '_')],
  ['lower case', (name) => name.toLowerCase()],
  ['mixed case', (name) => name.replace(/-(\w+)-/, (part) => part.toUpperCase())],
  ['capitals and underscores', (name) => name.replaceAll('-', '_').toUpperCase()],
  ['dots, as PHP reads them', (name) => name.replaceAll('-', '.')],
  ['other marks, as lighttpd reads them', (name) => name.replace('-', '!').replace('-', '~')],
])('H2 underscore, case: %s', async (_, spell) => {
  await expectForwarded(scenario.request('GET /api/a HTTP/1.1', [...spoofed(spell), CLOSE]));
  expect(trusted()).toEqual(TRUTH);
});

test('H2 duplicates: three of each, before and after the credential', async () => {
  const three = Array.from({ length: 3 }, (_, index) =>
    spoofed((name) => (index === 1 ? name.toLowerCase() : name)),
  ).flat();
  const [first, ...rest] = scenario.request('GET /api/a HTTP/1.1', [...three, CLOSE]).split('\r\n');
  await expectForwarded([first, ...spoofed((name) => name), ...rest].join('\r\n'));
  expect(trusted()).toEqual(TRUTH);
});

test.each([
  'keep-alive, X-Auth-Subject',
  'upgrade, X-Auth-Subject',
  'close, x-auth-subject, X-Auth-Identity, X-Auth-Scopes, X-Forwarded-User, X-Project',
  'close, X_Auth_Subject',
  'close,,X-Auth-Subject,',
  'close, Authorization, Host, Content-Length, X-Request-Id, X-Forwarded-For',
  'close, Connection',
])('H3 hop-by-hop: Connection: %s', async (value) => {
  await expectForwarded(
    scenario.request('POST /api/a HTTP/1.1', [`Connection: ${value}`, 'Content-Length: 2'], 'hi'),
  );
  expect(trusted()).toEqual({ ...TRUTH, 'X-Auth-Scopes': ['write_api'] });
  const request = receivedBy(scenario.upstream);
  expect(valuesOf(request, 'Connection').join()).toMatch(/^(keep-alive)?$/);
  expect(valuesOf(request, 'Authorization')).toEqual([`Bearer ${UPSTREAM_SECRET}`]);
  expect(valuesOf(request, 'Host')).toHaveLength(1);
  expect(valuesOf(request, 'X-Request-Id')).toHaveLength(1);
  expect(valuesOf(request, 'X-Forwarded-For')).toEqual(['127.0.0.1']);
  expect(request.body).toBe('hi');
});

test('H3 hop-by-hop: what Connection names is the hop’s own and ends here, in any spelling', async () => {
  await expectForwarded(
    scenario.request('GET /api/a HTTP/1.1', [
      'X-Hop: canary-hop',
      'X_HOP: canary-hop',
      'Keep-Alive: timeout=5',
      'TE: trailers',
      'Proxy-Connection: keep-alive',
      'Connection: close, x-hop',
      'X-Stays: yes',
    ]),
  );
  const request = receivedBy(scenario.upstream);
  expect(request.head).not.toContain('canary-hop');
  expect(namesIn(request)).not.toEqual(
    expect.arrayContaining([expect.stringMatching(/^(keep-alive|te|proxy-connection|x-hop)$/)]),
  );
  expect(valuesOf(request, 'X-Stays')).toEqual(['yes']);
});

test.each([
  ['GET', ''],
  ['POST', 'hi'],
])('H4 Expect skips no check: %s with 100-continue and spoofed names', async (method, body) => {
  const answers = await scenario.send(
    scenario.request(
      `${method} /api/a HTTP/1.1`,
      [...spoofed((name) => name), 'Expect: 100-continue', `Content-Length: ${body.length}`, CLOSE],
      body,
    ),
  );
  expect(answers.map(({ status }) => status)).toEqual([100, 200]);
  expect(trusted()).toMatchObject({ 'X-Auth-Subject': [SUBJECT], 'X-Auth-Identity': ['job'], 'X-Team': [] });
  expect(scenario.upstream.bytes()).not.toMatch(/canary-admin|^expect:/im);
});

test.each(['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', '__PROTO__', 'valueOf'])(
  'H12 a header that is called %s is a header like any other',
  async (name) => {
    await expectForwarded(scenario.request('GET /api/a HTTP/1.1', [`${name}: x`, `${name}: y`, CLOSE]));
    expect(trusted()).toEqual(TRUTH);
    expect(receivedBy(scenario.upstream).headers.get(name.toLowerCase())).toEqual(['x', 'y']);
  },
);

test.each(['__proto__', 'constructor', 'toString'])(
  'H12 a response header that is called %s',
  async (name) => {
    scenario.upstream.respond(OK.replace('\r\n\r\n', `\r\n${name}: x\r\n\r\n`));
    const [answer] = await scenario.send(scenario.request('GET /api/a HTTP/1.1', [CLOSE]));
    expect([answer?.status, answer?.headers.get(name.toLowerCase())]).toEqual([200, 'x']);
  },
);
