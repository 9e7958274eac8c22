/** P1, P2, P4, P6, P7: request targets that servers can interpret differently are not forwarded. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { reasonOf, startAttackScenario, type AttackScenario } from '../support/scenario/attack.ts';

let scenario: AttackScenario;
beforeAll(async () => {
  scenario = await startAttackScenario();
});
afterEach(() => scenario.reset());
afterAll(() => scenario.close());

async function expectRefused(target: string | Buffer, reason: string, method = 'GET'): Promise<void> {
  const whole = scenario.request(`${method} TARGET HTTP/1.1`, ['Connection: close']);
  const [before = '', after = ''] = whole.split('TARGET');
  const answers = await scenario.send(Buffer.concat([latin1(before), latin1(target), latin1(after)]));
  expect(answers.map(({ status }) => status)).toEqual([400]);
  const [answer] = answers;
  // Refusals of node's parser have no body; refusals of the gateway contain the reason.
  if (answer?.body !== '') expect(answer && reasonOf(answer)).toBe(reason);
  await scenario.expectNothingForwarded();
}

function latin1(text: string | Buffer): Buffer {
  return typeof text === 'string' ? Buffer.from(text, 'latin1') : text;
}

const DOT_SEGMENTS = [
  '/api/p/../a',
  '/api/p/..',
  '/api/..',
  '/..',
  '/api/./a',
  '/api/p/.',
  '/api/p/%2e%2e/a',
  '/api/p/%2E%2E/a',
  '/api/p/.%2e/a',
  '/api/p/%2e./a',
  '/api/%2e/a',
  '/api/p/..%2fa',
  '/api/p/..%2Fa',
  '/api/p/%2e%2e%2fa',
  '/api/p/..%5ca',
  '/api/p/..%5Ca',
  '/api/p\\..\\a',
  '/api/p/..\\a',
  '/api\\..\\a',
  '/api/p/%252e%252e/a',
  '/api/p/%252e%252e%252fa',
  '/api/p/%25252e%25252e/a',
  '/api/p/..%252fa',
  '/api/p/..;/a',
  '/api/p/.;/a',
  '/api/p/..;jsessionid=1/a',
  '/api/p/..%3b/a',
  '/api/p/%2e%2e;/a',
  '/api/p/..%20/a',
  '/api/p/%20../a',
  '/api/p/..%09/a',
  '/api/p/..%00/a',
  '/api/p/..%0a/a',
];

test.each(DOT_SEGMENTS)('P1 dot segments: %s', (target) => expectRefused(target, 'path_ambiguous'));

test.each(['/api/a;v=1', '/api/a;v=1/b', '/token;v=1', '/other;v=1'])(
  'P1 path parameters without `pathParameters: keep`: %s',
  (target) => expectRefused(target, 'path_ambiguous'),
);

test.each([
  '//a',
  '//api/a',
  '/api//a',
  '/api/p//a',
  '/api/p//',
  '///',
  '/api/%2f',
  '/api/p%2f/a',
  // Empty segments, for servers that cut at `;` or trim.
  '/;/api/a',
  '/api/;/a',
  '/api/p/;v=1/a',
  '/api/p/%3b/a',
  '/api/p/%20/a',
])('P2 slashes: %s', (target) => expectRefused(target, 'path_ambiguous'));

test.each([
  ['/adm#/api/pub', 'path_ambiguous'],
  ['/api/adm#/pub', 'path_ambiguous'],
  ['/api/adm#', 'path_ambiguous'],
  ['/api/adm%23/pub', 'path_ambiguous'],
  ['/api/adm%2523/pub', 'path_ambiguous'],
  ['/api/adm%3f/pub', 'path_ambiguous'],
  ['/api/adm%3Fx=/pub', 'path_ambiguous'],
  ['/api/pub?a#b', 'request_malformed'],
  ['/api/pub?#', 'request_malformed'],
])('P4 fragment: %s', (target, reason) => expectRefused(target, reason));

test.each([
  ['GET', 'http://evil/a'],
  ['GET', 'http://gateway.example.com/api/a'],
  ['GET', 'HTTP://gateway.example.com/api/a'],
  ['GET', 'http://gateway.example.com@evil/api/a'],
  ['GET', 'http://['],
  ['GET', 'http://'],
  ['GET', 'http:/api/a'],
  ['GET', 'ws://gateway.example.com/api/a'],
  ['GET', 'file:///etc/passwd'],
  ['GET', 'api/a'],
  ['GET', '?/api/a'],
  ['GET', '\\api\\a'],
  ['GET', '*'],
  ['OPTIONS', '*'],
  ['OPTIONS', '*/api/a'],
  ['GET', 'gateway.example.com:443'],
  ['GET', '@evil/api/a'],
])('P6 target forms: %s %s', (method, target) => expectRefused(target, 'request_malformed', method));

test.each([
  '/api/a%00',
  '/api/%00a',
  '/api/a%0d%0aX-Auth-Subject:%20admin',
  '/api/a%0D%0A%0D%0AGET%20/b',
  '/api/a%0a',
  '/api/a%0d',
  '/api/a%09',
  '/api/a%1f',
  '/api/a%7f',
  '/api/%c0%af',
  '/api/%c0%ae%c0%ae/a',
  '/api/%e0%80%af',
  '/api/%f0%80%80%af',
  '/api/%ed%a0%80',
  '/api/%ff',
  '/api/%80',
  '/api/%',
  '/api/a%',
  '/api/a%4',
  '/api/a%zz',
  '/api/a%u002f',
  '/api/a%%32%66',
  '/api/a%2',
  '/api/a<b',
  '/api/a"b',
  '/api/a{b}',
  '/api/a|b',
  '/api/a^b',
  '/api/a`b',
  '/api/a[b]',
])('P7 bytes: %s', (target) => expectRefused(target, 'path_ambiguous'));

test.each([0x80, 0x85, 0xa0, 0xad, 0xaf, 0xc0, 0xe9, 0xff].map((byte) => [byte.toString(16), byte] as const))(
  'P7 bytes: 0x%s, raw, in path and query',
  async (_, byte) => {
    const withByte = (path: string): Buffer =>
      Buffer.concat([latin1(path), Buffer.from([byte]), latin1('a')]);
    await expectRefused(withByte('/api/'), 'path_ambiguous');
    await expectRefused(withByte('/api/a?b='), 'request_malformed');
  },
);

test.each([0x00, 0x01, 0x08, 0x09, 0x0b, 0x0c, 0x0d, 0x1b, 0x20, 0x7f].map((byte) => [byte] as const))(
  'P7 bytes: control character %d, raw',
  async (byte) => {
    await expectRefused(`/api/a${String.fromCharCode(byte)}b`, 'path_ambiguous');
    await expectRefused(`/api/a?b${String.fromCharCode(byte)}c`, 'request_malformed');
  },
);

test('P1 without a credential: the path is refused first, and the audit event contains the reason', async () => {
  const [answer] = await scenario.send(
    'GET /api/p/%2e%2e/a HTTP/1.1\r\nHost: gateway.example.com\r\nConnection: close\r\n\r\n',
  );
  expect(answer?.status).toBe(400);
  expect(answer && reasonOf(answer)).toBe('path_ambiguous');
  expect(await scenario.audited(answer)).toMatchObject({
    event: { reason: 'path_ambiguous', outcome: 'failure' },
    gatehouse: { detail: 'a dot segment' },
  });
});
