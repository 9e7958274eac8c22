/** H10, H11: exactly one credential, and what its claims say fits into a header or is refused. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { reasonOf, startAttackScenario, type AttackScenario } from '../support/scenario/attack.ts';
import { namesIn, receivedBy, valuesOf } from '../support/received.ts';

const CLOSE = 'Connection: close';

let scenario: AttackScenario;
beforeAll(async () => {
  scenario = await startAttackScenario({
    api: [
      'anonymous: [{ scopes: [read_api], resources: ["/open/**"] }]',
      'identityHeaders: { X-Login: "{claims.user_login}", X-Both: "a {identity} {claims.user_login} b" }',
    ],
  });
});
afterEach(async () => {
  scenario.reset();
  await scenario.expectAlive();
  scenario.reset();
});
afterAll(() => scenario.close());

const OTHER = 'canary-other-token';
const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;

/** `<token>` stands for a good one. */
test.each<[string, readonly string[], number, string]>([
  [
    'two Authorization lines',
    ['Authorization: Bearer <token>', `Authorization: Bearer ${OTHER}`],
    400,
    'credential_conflict',
  ],
  [
    'the good one second',
    [`Authorization: Bearer ${OTHER}`, 'Authorization: Bearer <token>'],
    400,
    'credential_conflict',
  ],
  [
    'the same twice',
    ['Authorization: Bearer <token>', 'Authorization: Bearer <token>'],
    400,
    'credential_conflict',
  ],
  [
    'Bearer next to Basic',
    ['Authorization: Bearer <token>', `authorization: ${basic(`x:${OTHER}`)}`],
    400,
    'credential_conflict',
  ],
  [
    'Bearer next to JOB-TOKEN',
    ['Authorization: Bearer <token>', `JOB-TOKEN: ${OTHER}`],
    400,
    'credential_conflict',
  ],
  [
    'Bearer next to JOB_TOKEN',
    ['Authorization: Bearer <token>', `JOB_TOKEN: ${OTHER}`],
    400,
    'credential_conflict',
  ],
  [
    'Bearer next to Deploy-Token',
    [`Deploy-Token: ${OTHER}`, 'Authorization: Bearer <token>'],
    400,
    'credential_conflict',
  ],
  [
    'Bearer next to X-NuGet-ApiKey',
    [`X-NuGet-ApiKey: ${OTHER}`, 'Authorization: Bearer <token>'],
    400,
    'credential_conflict',
  ],
  ['two JOB-TOKEN', [`JOB-TOKEN: ${OTHER}`, 'JOB-TOKEN: <token>'], 400, 'credential_conflict'],
  ['two in one line', [`Authorization: Bearer <token>, Bearer ${OTHER}`], 401, 'credential_malformed'],
  ['another scheme with a JWT', ['Authorization: Token <token>'], 401, 'credential_malformed'],
  ['Digest with a JWT', ['Authorization: Digest <token>'], 401, 'credential_malformed'],
  ['JWT as a scheme', ['Authorization: JWT <token>'], 401, 'credential_malformed'],
  ['no scheme', ['Authorization: <token>'], 401, 'credential_malformed'],
  ['a tab after the scheme', ['Authorization: Bearer\t<token>'], 401, 'credential_malformed'],
  ['a scheme that only starts so', ['Authorization: Bearers <token>'], 401, 'credential_malformed'],
  ['a JWT in Basic without a colon', [`Authorization: ${basic('canary-user')}`], 401, 'credential_malformed'],
  ['nothing', ['Authorization: Bearer '], 401, 'credential_malformed'],
  ['an empty line', ['Authorization:'], 401, 'credential_malformed'],
  ['only Proxy-Authorization', ['Proxy-Authorization: Bearer <token>'], 401, 'no_credential'],
  ['only a credential source that is not taken here', ['PRIVATE-TOKEN: <token>'], 401, 'credential_invalid'],
])('H10 ambiguous credentials: %s', async (_, lines, status, reason) => {
  const sent = lines.map((line) => line.replace('<token>', scenario.token));
  for (const path of ['/api/a', '/api/open/a']) {
    const [answer] = await scenario.send(
      scenario.requestAs(undefined, `GET ${path} HTTP/1.1`, [...sent, CLOSE]),
    );
    // An unknown scheme is no credential: anonymous access stays open.
    if (reason === 'no_credential' && path === '/api/open/a') expect(answer?.status).toBe(200);
    else {
      expect(answer && [answer.status, reasonOf(answer)]).toEqual([status, reason]);
      expect((await scenario.audited(answer)).event.reason).toBe(reason);
      expect(answer?.body).not.toMatch(/canary|eyJ/);
      expect(answer?.headers.has('www-authenticate')).toBe(status === 401);
    }
    scenario.reset();
  }
  await scenario.expectNothingForwarded();
});

test.each([
  ['CRLF and a header', 'a\r\nX-Auth-Identity: admin\r\n\r\nGET /evil HTTP/1.1'],
  ['line feed', 'a\nb'],
  ['NUL', 'a\u0000b'],
  ['Japanese', '日本'],
  ['emoji', '😀'],
  ['latin1', 'é'],
  ['percent signs', '100%25%0d%0a'],
  ['spaces around', '  a b  '],
  ['separators', 'a,b;c="d"'],
  ['U+2028', 'a\u2028b'],
  ['8 KiB', 'x'.repeat(8192)],
  ['8 KiB that grow threefold', '\u0007'.repeat(1365)],
])('H11 claim in a header: %s arrives whole, percent-encoded, on one line', async (_, text) => {
  const login = text.slice(0, 64);
  const token = scenario.mint({ sub: text, user_login: login });
  const [answer] = await scenario.send(scenario.requestAs(token, 'GET /api/a HTTP/1.1', [CLOSE]));
  expect(answer?.status).toBe(200);
  const request = receivedBy(scenario.upstream);
  const values = [
    valuesOf(request, 'X-Auth-Subject'),
    valuesOf(request, 'X-Login'),
    valuesOf(request, 'X-Both'),
    valuesOf(request, 'X-Auth-Identity'),
  ];
  for (const [value, ...more] of values) {
    expect(more).toEqual([]);
    expect(value).toMatch(/^[\x21-\x7e]+$/);
  }
  expect(values.map(([value = '']) => decodeURIComponent(value))).toEqual([
    text,
    login,
    `a job ${login} b`,
    'job',
  ]);
  expect(namesIn(request)).not.toContain('x-evil');
});

test.each<[string, unknown]>([
  ['empty', ''],
  ['a number', 7],
  ['null', null],
  ['an object', { toString: 'x' }],
  ['a list', ['a']],
  ['half a surrogate pair', 'a\ud800'],
  ['longer than a token may be', '日'.repeat(8192)],
])('H11 subject that is %s: refused', async (_, sub) => {
  const [answer] = await scenario.send(
    scenario.requestAs(scenario.mint({ sub }), 'GET /api/a HTTP/1.1', [CLOSE]),
  );
  expect(answer?.status).toBeGreaterThanOrEqual(400);
  expect(answer?.status).toBeLessThan(500);
  await scenario.expectNothingForwarded();
});

test.each<[string, unknown]>([
  ['missing', undefined],
  ['empty', ''],
  ['an object', { a: 1 }],
  ['a list', ['admin']],
  ['null', null],
])('H11 claim that is %s: no header at all', async (_, user_login) => {
  const lines = ['X-Login: canary-admin', 'X-Both: canary-admin', CLOSE];
  const [answer] = await scenario.send(
    scenario.requestAs(scenario.mint({ user_login }), 'GET /api/a HTTP/1.1', lines),
  );
  expect(answer?.status).toBe(200);
  expect(namesIn(receivedBy(scenario.upstream))).not.toEqual(
    expect.arrayContaining([expect.stringMatching(/^x-(login|both)$/)]),
  );
});
