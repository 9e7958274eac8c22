/** L1, L2: a client's credential ends at the gateway: no byte of it reaches the upstream, a log or a Location. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  reasonOf,
  startAttackScenario,
  UPSTREAM_SECRET,
  type AttackScenario,
} from '../support/scenario/attack.ts';
import { receivedBy, valuesOf } from '../support/received.ts';

const CLOSE = 'Connection: close';
const CANARY = 'canary-4c81f0';

let scenario: AttackScenario;
beforeAll(async () => {
  scenario = await startAttackScenario({
    api: ['anonymous: [{ scopes: [read_api], resources: ["/open/**"] }]'],
    services: `
cookies:
  type: http
  path: /cookies/
  upstream: { url: UPSTREAM/cookies/ }
  keepCookies: true
  anonymous: [{ scopes: [read_api], resources: ["**"] }]
`,
  });
});
afterEach(async () => {
  const bytes = scenario.upstream.bytes();
  scenario.upstream.reset();
  await scenario.expectAlive();
  scenario.upstream.reset();
  expect(bytes).not.toContain(CANARY);
  expect(bytes).not.toContain(scenario.token);
  expect(scenario.gateway.auditText()).not.toContain(CANARY);
  expect(scenario.gateway.auditText()).not.toContain(scenario.token);
});
afterAll(() => scenario.close());

const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;

/** `<token>` is the job's token; every other value is a canary. */
const CREDENTIAL_SOURCES: readonly [string, readonly string[]][] = [
  ['Bearer', ['Authorization: Bearer <token>']],
  ['bearer, spelled otherwise', ['AUTHORIZATION: bEaReR   <token>']],
  ['Basic', ['Authorization: <basic>']],
  [
    'Proxy-Authorization next to it',
    ['Authorization: Bearer <token>', `Proxy-Authorization: ${basic(`u:${CANARY}`)}`],
  ],
  [
    'Proxy_Authorization next to it',
    ['Authorization: Bearer <token>', `Proxy_Authorization: Bearer ${CANARY}`],
  ],
  ['cookies next to it', ['Authorization: Bearer <token>', `Cookie: a=${CANARY}`, `cookie: b=${CANARY}`]],
  [
    'API keys next to it',
    ['Authorization: Bearer <token>', `X-Api-Key: ${CANARY}`, `X-Auth-Token: ${CANARY}`],
  ],
  ['the same in JOB-TOKEN', ['Authorization: Bearer <token>', 'JOB-TOKEN: <token>']],
  [
    'the same in every credential source',
    [
      'Authorization: Bearer <token>',
      'Deploy-Token: <token>',
      'PRIVATE_TOKEN: <token>',
      'X-NuGet-ApiKey: <token>',
    ],
  ],
];

test.each(CREDENTIAL_SOURCES)('L1 client token upstream: %s', async (_, lines) => {
  const encoded = basic(`gatehouse:${scenario.token}`);
  const sent = lines.map((line) => line.replace('<basic>', encoded).replace('<token>', scenario.token));
  const [answer] = await scenario.send(
    scenario.requestAs(undefined, 'GET /api/a HTTP/1.1', [...sent, CLOSE]),
  );
  expect(answer?.status).toBe(200);
  expect(scenario.upstream.bytes()).not.toContain(scenario.token);
  expect(scenario.upstream.bytes()).not.toContain(encoded);
  const request = receivedBy(scenario.upstream);
  expect(valuesOf(request, 'Authorization')).toEqual([`Bearer ${UPSTREAM_SECRET}`]);
  for (const name of [
    'Proxy-Authorization',
    'JOB-TOKEN',
    'Deploy-Token',
    'Private-Token',
    'X-NuGet-ApiKey',
    'Cookie',
    'X-Api-Key',
  ]) {
    expect([name, valuesOf(request, name)]).toEqual([name, []]);
  }
});

test('L1 an anonymous request, and a service that keeps cookies, keep nothing else', async () => {
  const lines = [
    `Proxy-Authorization: Bearer ${CANARY}`,
    `X-Api-Key: ${CANARY}`,
    'Cookie: theme=dark',
    CLOSE,
  ];
  const [open] = await scenario.send(scenario.requestAs(undefined, 'GET /api/open/a HTTP/1.1', lines));
  const [kept] = await scenario.send(scenario.requestAs(scenario.token, 'GET /cookies/a HTTP/1.1', lines));
  expect([open?.status, kept?.status]).toEqual([200, 200]);
  expect(scenario.upstream.requests().map((request) => valuesOf(request, 'Cookie'))).toEqual([
    [],
    ['theme=dark'],
  ]);
  expect(scenario.upstream.requests().map((request) => valuesOf(request, 'Authorization'))).toEqual([
    [`Bearer ${UPSTREAM_SECRET}`],
    [],
  ]);
});

describe.each(['private_token', 'access_token', 'job_token'])('L2 query: %s', (name) => {
  const spellings = [
    name,
    name.toUpperCase(),
    name.replace('_', '%5f'),
    name.replace('_', '%5F').replace('t', '%74'),
    name.replace('_', '.'),
    name.replace('_', '+'),
    `+${name}`,
    `${name}[]`,
    `${name}%5Ba%5D`,
  ];

  test('next to another credential it is refused', async () => {
    for (const spelling of spellings) {
      for (const query of [`?a=1&${spelling}=${CANARY}`, `?a=1;${spelling}=${CANARY}&b=2`]) {
        const [answer] = await scenario.send(scenario.request(`GET /api/a${query} HTTP/1.1`, [CLOSE]));
        expect(answer && [spelling, answer.status, reasonOf(answer)]).toEqual([
          spelling,
          400,
          'credential_conflict',
        ]);
        expect(answer?.body).not.toContain(CANARY);
      }
    }
    await scenario.expectNothingForwarded();
  });

  test('alone it is not accepted by this service, on anonymous routes either', async () => {
    for (const path of ['/api/a', '/api/open/a']) {
      const [answer] = await scenario.send(
        scenario.requestAs(undefined, `GET ${path}?${name}=${CANARY} HTTP/1.1`, [CLOSE]),
      );
      expect(answer && [answer.status, reasonOf(answer)]).toEqual([401, 'credential_invalid']);
      expect(answer?.body).not.toContain(CANARY);
    }
    await scenario.expectNothingForwarded();
  });

  test('the same token as in the header is used once and removed', async () => {
    for (const spelling of spellings) {
      const [answer] = await scenario.send(
        scenario.request(`GET /api/a?a=1&${spelling}=${scenario.token}&b=%20 HTTP/1.1`, [CLOSE]),
      );
      expect([spelling, answer?.status]).toEqual([spelling, 200]);
      expect(receivedBy(scenario.upstream).requestLine).toBe('GET /a?a=1&b=%20 HTTP/1.1');
      scenario.reset();
    }
  });

  test('in a Referer it is removed', async () => {
    for (const spelling of spellings) {
      for (const [sent, kept] of [
        [`https://ci.example.com/p?a=1&${spelling}=${CANARY}&b=2`, 'https://ci.example.com/p?a=1&b=2'],
        [`/p?${spelling}=${CANARY}`, '/p'],
        [`https://ci.example.com/p#${spelling}=${CANARY}`, 'https://ci.example.com/p'],
        [`https://user:${CANARY}@ci.example.com/p?a=1`, 'https://ci.example.com/p?a=1'],
      ] as const) {
        const [answer] = await scenario.send(
          scenario.request('GET /api/a HTTP/1.1', [`Referer: ${sent}`, CLOSE]),
        );
        expect(answer?.status).toBe(200);
        expect(valuesOf(receivedBy(scenario.upstream), 'Referer')).toEqual([kept]);
        scenario.reset();
      }
    }
  });

  test.each([
    ['Location', 302],
    ['Content-Location', 200],
  ])('in a %s it does not come back', async (header, status) => {
    for (const [sent, got] of [
      [`/next?a=1&${name}=${CANARY}`, '/api/next?a=1'],
      [`next?${name}=${CANARY}&a=1`, 'next?a=1'],
      [`${scenario.upstream.url}/next?${name}=${CANARY}`, '/api/next'],
      [`/next#${name}=${CANARY}`, '/api/next'],
    ] as const) {
      scenario.upstream.respond(`HTTP/1.1 ${status} X\r\n${header}: ${sent}\r\nContent-Length: 0\r\n\r\n`);
      const [answer] = await scenario.send(scenario.request('GET /api/a HTTP/1.1', [CLOSE]));
      expect(answer?.status).toBe(status);
      expect(answer?.headers.get(header.toLowerCase())).toBe(got);
    }
  });

  test('in a refused Location it reaches no client', async () => {
    scenario.upstream.respond(
      `HTTP/1.1 302 X\r\nLocation: https://u:${CANARY}@store.example.com/${CANARY}?${name}=${CANARY}\r\nContent-Length: 0\r\n\r\n`,
    );
    const [answer] = await scenario.send(scenario.request('GET /api/a HTTP/1.1', [CLOSE]));
    expect(answer && [answer.status, reasonOf(answer)]).toEqual([502, 'upstream_invalid']);
    expect(answer?.head).not.toContain(CANARY);
    const event = await scenario.audited(answer);
    expect(event.gatehouse).toMatchObject({
      detail: expect.stringContaining('https://store.example.com') as string,
    });
  });
});
